"""F49: what commits move beside books and counts, while workers and Redis are killed: each key passes once, and a table ends up
as the newest of its records say."""
import collections
import json
import random

import checker
from kills import schedule
from pipeline import Pipeline
from rig import DURABLE, FLEET, gap

PIPELINE = """\
pipeline: marks
stages:
  rows: {split: {format: csv}}
  tidy:
    high: 2MiB
    normalise: {fields: {key: {required: true}, state: {}, at: {}}}
    dedupe: {key: key, within: 1h}
  ship: {high: 2MiB, deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
  last: {high: 2MiB, normalise: {fields: {key: {}, state: {}, at: {}}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: [tidy, last]}
  - {from: tidy, to: ship}
tables:
  states: {on: last, key: key, set: state, time: at, reduce: true}
"""
FILES = 8


def make_rows(draw, n):
    """Every key some four times, over all files."""
    return [(f"k{draw.randrange(n // 4)}", f"s{draw.randrange(1000)}", 1_700_000_000 + draw.randrange(500)) for _ in range(n)]


def newest(rows):
    table = {}
    for key, state, at in rows:
        table[key] = max(table.get(key, (0, "")), (at, json.dumps({"state": state}, separators=(",", ":"))))
    return {key: value for key, (_, value) in table.items()}


def verdict(p, rows):
    keys = {key for key, _, _ in rows}
    seen = collections.Counter((d["key"], d["sp_id"]) for d in p.documents())
    came = collections.Counter(key for key, _ in seen)
    copies, ambiguous = sum(seen.values()) - len(seen), p.books().get("ship:ambiguous", 0)
    filtered = sum(int(s.get("filtered:duplicate", 0)) for s in p.sources().values())
    table = p.r.hgetall("sp:{0}:table:states")
    figures = {"rows": len(rows), "keys": len(keys), "lost": len(keys - came.keys()),
               "passed_twice": sum(n > 1 for n in came.values()), "filtered": filtered, "copies": copies, "ambiguous": ambiguous,
               "table_equal": table == newest(rows)}
    wrong = [*checker.rest(p), *checker.accounts(p)]
    if figures["lost"] or figures["passed_twice"] or filtered != len(rows) - len(keys) or copies > ambiguous:
        wrong.append(f"not every key came once: {figures}")
    if not figures["table_equal"]:
        wrong.append(f"{len(table.items() ^ newest(rows).items())} rows of the table are wrong")
    audit = p.command("audit")
    if audit.returncode != 0:
        wrong.append(f"standpipe audit says {audit.returncode}: {audit.stdout}{audit.stderr}")
    return figures, wrong + [f"{name} ended by itself" for name, w in p.workers.items() if not w.is_alive()]


def kills(ctx):
    """kill -9 of a random worker, or of Redis, every 20 to 80 ms."""
    kills, n = (60, 60_000) if ctx.short else (1000, 600_000)
    ctx.folder.mkdir(parents=True, exist_ok=True)
    with Pipeline(ctx.folder, **DURABLE) as p:
        p.apply(PIPELINE)
        p.start(*FLEET)
        rows = make_rows(random.Random(ctx.seed), n)
        steps = schedule(ctx.folder, ctx.seed, kills, (*FLEET, "redis"), (0, 0.02), (0.02, 0.08))
        for i, (delay, name, pause) in enumerate(steps):
            if i % (kills // FILES) == 0 and len(p.jobs) < FILES:
                some = rows[len(p.jobs)::FILES]
                p.send(p.write(f"{len(p.jobs)}.csv", "key,state,at\n" + "".join(f"{k},{s},{at}\n" for k, s, at in some)))
            gap(delay)
            p.kill(name)
            gap(pause)
            p.revive(name)
        p.rest(180)
        figures, wrong = verdict(p, rows)
    return {"kills": kills, **figures}, wrong


ROWS = [("F49", "duplicates and tables, workers and redis killed", kills)]
