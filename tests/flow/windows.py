"""Windows over made-up sales: the pipeline, its rows, and what a recount of the delivered documents says."""
import collections
import decimal
import json
import random

PIPELINE = """\
pipeline: sales
stages:
  rows: {split: {format: csv}}
  tidy:
    normalise:
      fields:
        at: {from: at}
        country: {from: country}
        city: {from: city}
        agent: {from: agent}
        price: {from: price, parse: number}
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
  odd: {deliver: {linger: 20ms, firehose: {stream: side, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: tidy}
  - {from: tidy, to: ship}
windows:
  hourly:
    on: tidy
    key: [country, city]
    every: 1h
    time: at
    lateness: LATENESS
    values:
      n: count
      total: {sum: price}
      low: {min: price}
      high: {max: price}
      mean: {avg: price}
      newest: {last: agent}
      agents: {distinct: agent}
      best: {top: agent, k: 3}
MORE
"""
FIELDS = ("at", "country", "city", "agent", "price")
HOUR = 3600
FIRST = 1_700_002_800  # an hour begins


def pipeline(more="", lateness="24h"):  # rows come in no order, and nothing says how soon a dispatcher closes
    return PIPELINE.replace("LATENESS", lateness).replace("MORE", "".join(f"    {line}\n" for line in more.splitlines()))


def sales(n, seed=1, hours=3):
    draw = random.Random(seed)
    return [{"at": FIRST + draw.randrange(hours * HOUR), "country": draw.choice(["GB", "FR"]), "city": draw.choice(["a", "b", ""]),
             "agent": f"agent {draw.randrange(40)}", "price": draw.choice(["", f"{draw.randrange(10**6) / 100:.2f}", str(draw.randrange(99))])}
            for _ in range(n)]


def csv(rows):
    return ",".join(FIELDS) + "\n" + "".join(",".join(str(r[f]) for f in FIELDS) + "\n" for r in rows)


def window_key(start):
    return f"sp:{{0}}:window:hourly:{start}"


def recount(documents):
    """Of each (start, group) what its row and its sketches have to say."""
    rows = collections.defaultdict(list)
    for d in documents:
        at = int(d["at"])
        group = json.dumps([d.get("country"), d.get("city")], separators=(",", ":"))
        rows[at - at % HOUR, group].append(d)
    found = {}
    for at, docs in rows.items():
        prices = [decimal.Decimal(str(d["price"])) for d in docs if d.get("price") is not None]
        last = max(docs, key=lambda d: (int(d["at"]), d["sp_id"]))
        found[at] = {"n": len(docs), "total": sum(prices) if prices else None, "low": min(prices, default=None), "high": max(prices, default=None),
                     "mean": [sum(prices), len(prices)], "newest": [int(last["at"]) * 1000, last["sp_id"], last["agent"]],
                     "agents": len({d["agent"] for d in docs}), "best": collections.Counter(d["agent"] for d in docs)}
    return found


def in_redis(r):
    """The same of what stands in Redis, all of it read as a person would."""
    found = {}
    for start in r.zrange("sp:{0}:window:hourly:panes", 0, -1):
        for group, row in r.hgetall(window_key(start)).items():
            row = json.loads(row, parse_float=decimal.Decimal)
            best = r.zrange(f"{window_key(start)}:best:{group}", 0, -1, withscores=True)
            found[int(start), group] = {**row, "agents": r.pfcount(f"{window_key(start)}:agents:{group}"),
                                        "best": {name: int(n) for name, n in best}}
    return found
