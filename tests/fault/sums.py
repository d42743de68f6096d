"""A pipeline that sums up what it delivers: windows with every kind of value, by event time and by the clock, hopping and reduced;
de-duplication, and a table that its records write. Behind it a recount from what came to the destination."""
import collections
import datetime
import decimal
import json
import random

import checker
from rig import Rig
from standpipe_run import wait_for

HOUR = 3600
FIRST = 1_700_002_800  # an hour begins
FLEET = ("dispatch-1", "dispatch-2", "split-1", "normalise-1", "normalise-2", "deliver-1", "deliver-2")
STREAMS = {"ship": "out", "odd": "late", "totals": "sums"}
FIELDS = ("sku", "at", "country", "city", "agent", "price")
LATENESS = HOUR // 2
PIPELINE = """\
pipeline: sums
stages:
  rows: {split: {format: csv}}
  tidy:
    high: 2MiB
    normalise: {fields: {sku: {required: true}, at: {}, country: {}, city: {}, agent: {}, price: {parse: number}}}
    dedupe: {key: sku, within: 1d}
  meter: {normalise: {fields: {at: {}, country: {}, price: {parse: number}}}}
  ship: {high: 2MiB, deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1, record_bytes: 16KiB, call_bytes: 64KiB}}}
  odd: {deliver: {linger: 20ms, firehose: {stream: late, region: eu-west-1}}}
  totals: {deliver: {linger: 20ms, firehose: {stream: sums, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: tidy}
  - {from: tidy, to: [ship, meter]}
windows:
  hourly:
    {on: tidy, key: [country, city], every: 1h, time: at, lateness: 30m, idle: 0s, late: odd, to: totals,
     values: {n: count, total: {sum: price}, low: {min: price}, high: {max: price}, mean: {avg: price}, oldest: {first: agent},
              newest: {last: agent}, agents: {distinct: agent}, best: {top: agent, k: 3}}}
  long:
    {on: tidy, key: country, every: 1h, over: 3h, time: at, lateness: 30m, idle: 0s, late: odd, to: totals,
     values: {n: count, total: {sum: price}, newest: {last: agent}, agents: {distinct: agent}, best: {top: agent, k: 3}}}
  ticks: {on: tidy, every: 1s, lateness: 0s, to: totals, values: {n: count}}
  ended:
    {on: meter, key: country, every: 1h, time: at, lateness: 30m, idle: 0s, reduce: true, late: odd, to: totals,
     values: {n: count, total: {sum: price}, low: {min: price}}}
tables:
  agents: {on: tidy, key: [agent], set: [country, city], time: at}
"""
EVENT = {"hourly": (("country", "city"), 1), "long": (("country",), 3), "ended": (("country",), 1)}  # keys, panes


def iso(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def values_of(documents):
    """What a window has to say of a group, whichever of it it says."""
    prices = [decimal.Decimal(str(d["price"])) for d in documents if d.get("price") is not None]
    by_time = sorted(documents, key=lambda d: (int(d["at"]), d["sp_id"]))
    often = collections.Counter(d["agent"] for d in documents)
    best = sorted(((n, agent) for agent, n in often.items()), reverse=True)[:3]
    return {"n": len(documents), "total": sum(prices) if prices else None, "low": min(prices, default=None), "high": max(prices, default=None),
            "mean": round(sum(prices) / len(prices), 2) if prices else None, "oldest": by_time[0]["agent"], "newest": by_time[-1]["agent"],
            "agents": len(often), "best": [{"key": agent, "count": n} for n, agent in best]}


def recount(documents, keys, panes):
    """(start, texts of the key) to its values: a document counts in each window that its pane belongs to."""
    groups = collections.defaultdict(list)
    for d in documents:
        start = int(d["at"]) // HOUR * HOUR
        for back in range(panes):
            groups[(iso(start - back * HOUR), *(d[k] for k in keys))].append(d)
    return {group: values_of(found) for group, found in groups.items()}


class Sums(Rig):
    def __init__(self, folder, seed, fleet=FLEET, **settings):
        super().__init__(folder, fleet=fleet, firehose_options=("--streams", ",".join(STREAMS.values())), **settings)
        self.text, self.draw, self.fed, self.lines = PIPELINE, random.Random(seed), 0, {}

    # Rows.

    def row(self, sku, at):
        draw = self.draw
        price = draw.choice(["", f"{draw.randrange(10**6) / 100:.2f}", str(draw.randrange(99))])
        return f"{sku},{at},{draw.choice(['GB', 'FR'])},c{draw.randrange(5)},a{draw.randrange(40)},{price}"

    def feed_lines(self, lines):
        path = self.write(f"rows-{len(self.lines)}.csv", "\n".join([",".join(FIELDS), *lines, ""]))
        job = self.send(path)
        self.lines[job] = lines
        self.fed += len(lines)
        return path, job

    def feed(self, n):
        """Three hours of events, in no order, which begin an hour behind those of the file before; a fifth of the keys came
        before or come again, and some rows have none."""
        first = FIRST + len(self.lines) * HOUR
        skus = [f"s{self.draw.randrange(self.fed + n) if self.draw.random() < 0.2 else self.fed + i}" for i in range(n)]
        self.files.append(n)
        self.feed_lines([self.row("" if i % 500 == 7 else sku, first + self.draw.randrange(3 * HOUR)) for i, sku in enumerate(skus)])

    def end(self, wait=120):
        """Everything has gone through; then one event that closes what is open, then some that come too late."""
        self.rest(wait)
        last = FIRST + (len(self.lines) + 3) * HOUR
        self.closer, _ = self.feed_lines([self.row("closer", last + 48 * HOUR)])
        wait_for("all windows to be closed", lambda: self.is_told_of(last), wait)
        self.rest(wait)
        _, self.too_late = self.feed_lines([self.row(f"late-{i}", FIRST + i) for i in range(50)])
        self.rest(wait)
        wait_for("the clock to close its window", lambda: self.tick_sum() >= self.of_ticks(), wait)
        self.rest(wait)

    def state(self, window):
        found = self.r.hgetall("sp:{0}:window:" + window)
        return {name: int(value) for name, value in found.items()}

    def is_told_of(self, last):
        states = [self.state(w) for w in EVENT]
        return all(s.get("closed", 0) >= last * 1000 and not s.get("closing") for s in states) and not any(
            self.r.zrangebyscore(f"sp:{{0}}:window:{w}:panes", s.get("ended", 0) / 1000 - (panes - 1) * HOUR, last)
            for s, (w, (_, panes)) in zip(states, EVENT.items()))

    def tick_sum(self):
        return sum(d["n"] for d in self.results("ticks"))

    def of_ticks(self):
        return len(self.passed()) - self.state("ticks").get("late", 0)

    # What came.

    def once_each(self, stream):
        return list({(d["sp_id"], d.get("sp_late")): d for d in self.decimals(stream)}.values())

    def decimals(self, stream):
        for path in sorted((self.firehose.folder / stream).rglob("*")):
            if path.is_file() and path.name != ".meter":
                for line in path.read_bytes().splitlines():
                    yield json.loads(line, parse_float=decimal.Decimal)

    def passed(self):
        return self.once_each("out")

    def results(self, window):
        return [d for d in self.once_each("sums") if d["window"] == window]

    def late(self, window):
        return [d for d in self.once_each("late") if d["sp_late"] == window]

    # The end.

    def verdict(self):
        self.note_peaks()
        passed = self.passed()
        wrong = [*self.wrong_rows(passed), *self.wrong_table(passed), *self.wrong_ticks(), *self.wrong_accounts()]
        results = 0
        for window, (keys, panes) in EVENT.items():
            found = self.results(window)
            results += len(found)
            wrong += self.wrong_window(window, found, passed, keys, panes)
        copies = self.copies()
        ambiguous = {stage: self.books().get(f"{stage}:ambiguous", 0) for stage in STREAMS}
        wrong += [f"{stage}: {n} copies came, {ambiguous[stage]} were ambiguous" for stage, n in copies.items() if n > ambiguous[stage]]
        wrong += [*self.audit(), *self.too_large(), *self.reports()]
        wrong += [f"{name} ended by itself" for name, w in self.workers.items() if not w.is_alive()]
        return {"rows": self.fed, "passed": len(passed), "results": results, "ticks": len(self.results("ticks")),
                "late": {w: len(self.late(w)) for w in EVENT}, "copies": sum(copies.values()), "ambiguous": sum(ambiguous.values()),
                "counts_equal": not wrong}, wrong

    def copies(self):
        return {stage: sum(1 for _ in self.decimals(stream)) - len(self.once_each(stream)) for stage, stream in STREAMS.items()}

    def wrong_rows(self, passed):
        """Each key passed once, and each that was fed."""
        skus = collections.Counter(d["sku"] for d in passed)
        fed = {line.partition(",")[0] for lines in self.lines.values() for line in lines} - {""}
        if twice := [sku for sku, n in skus.items() if n > 1]:
            yield f"{len(twice)} keys passed twice, like {twice[:3]}"
        if skus.keys() != fed:
            yield f"of {len(fed)} keys {len(fed - skus.keys())} did not pass, {len(skus.keys() - fed)} are nobody's"
        duplicates = sum(int(s.get("filtered:duplicate", 0)) for s in self.sources().values())
        with_key = sum(not line.startswith(",") for lines in self.lines.values() for line in lines)
        if duplicates != with_key - len(fed):
            yield f"{duplicates} were filtered as duplicates, not {with_key - len(fed)}"

    def wrong_window(self, window, found, passed, keys, panes):
        late = {d["sp_id"] for d in self.late(window)}
        open_from = self.state(window)["closed"] // 1000
        want = {g: v for g, v in recount([d for d in passed if d["sp_id"] not in late], keys, panes).items()
                if g[0] <= iso(open_from - panes * HOUR)}
        got = {(d["start"], *(d[k] for k in keys)): d for d in found}
        if len(got) != len(found):
            yield f"{window}: {len(found) - len(got)} results went out under two ids"
        if got.keys() != want.keys():
            yield f"{window}: {len(want.keys() - got.keys())} results are missing, {len(got.keys() - want.keys())} are too many"
        for group in sorted(got.keys() & want.keys()):
            told = {name: got[group][name] for name in want[group] if name in got[group]}
            if other := [f"{name} is {v}, not {want[group][name]}" for name, v in told.items() if not is_same(name, v, want[group][name])]:
                yield f"{window}: {group}: {', '.join(other)}"
        state = self.state(window)
        if (state.get("late", 0), state.get("emitted", 0)) != (len(late), len(found)):
            yield f"{window}: says {state.get('late', 0)} late, {state.get('emitted', 0)} results, not {len(late)} and {len(found)}"
        if early := [d for d in self.late(window) if (int(d["at"]) // HOUR + 1) * HOUR + LATENESS > state["newest"] // 1000]:
            yield f"{window}: {len(early)} were late for a pane that could not have closed, like {early[0]}"
        src = self.job(self.too_late)["src"]
        if sum(id.startswith(src) for id in late) != len(self.lines[self.too_late]):
            yield f"{window}: not all that came behind the end is late"

    def wrong_ticks(self):
        found = self.results("ticks")
        if len({d["start"] for d in found}) != len(found):
            yield "ticks: a second was told of twice"
        if (n := self.tick_sum()) != self.of_ticks():
            yield f"ticks: {n} in results, not {self.of_ticks()}; late are {self.state('ticks')['late']}"

    def wrong_table(self, passed):
        want = {}
        for d in passed:
            row = int(d["at"]), json.dumps({"country": d["country"], "city": d["city"]}, separators=(",", ":"))
            want[d["agent"]] = max(row, want.get(d["agent"], row))
        got = self.r.hgetall("sp:{0}:table:agents")
        if got != {agent: value for agent, (_, value) in want.items()}:
            yield f"the table differs in {sum(got.get(k) != v for k, (_, v) in want.items())} of {len(want)} rows"

    def wrong_accounts(self):
        ids = {stage: {(d["sp_id"], d.get("sp_late")) for d in self.once_each(stream)} for stage, stream in STREAMS.items()}
        yield from checker.rest(self)
        yield from checker.accounts(self)
        yield from checker.recounts(self, ids)

    # Replays.

    def again(self, path, run):
        """The file once more, under this name."""
        self.jobs.append(self.r.xadd("sp:inbox", {"uri": f"file://{path}", "run": run}))
        self.rest()

    def stands(self):
        """What a replay must not move."""
        keys = [k for w in EVENT for k in (f"sp:{{0}}:window:{w}", f"sp:{{0}}:window:{w}:panes")] + ["sp:{0}:table:agents"]
        panes = [k for w in EVENT for k in self.r.scan_iter(f"sp:{{0}}:window:{w}:1*")]
        return {k: self.r.dump(k) for k in [*keys, *panes]}

    def replays(self):
        """A replay moves nothing, unless it is named to."""
        first = self.inputs / "rows-0.csv"
        of_first = sum(d["sp_id"].startswith(self.job(next(iter(self.lines)))["src"]) for d in self.passed())
        before = self.stands()
        self.again(first, "again")
        self.again(self.closer, "again")
        if self.stands() != before:
            yield "a replay moved a window or the table"
        late = self.state("hourly")["late"]
        self.again(first, "+again")
        if self.state("hourly")["late"] != late + of_first:
            yield f"a replay that counts made {self.state('hourly')['late'] - late} late, not {of_first}"
        self.again(self.closer, "+again")
        ((_, pane),) = self.r.zrange("sp:{0}:window:hourly:panes", -1, -1, withscores=True)
        rows = [json.loads(row)["n"] for row in self.r.hvals(f"sp:{{0}}:window:hourly:{int(pane)}")]
        if rows != [2]:
            yield f"a replay that counts made the open pane {rows}, not [2]"


def is_same(name, got, want):
    return abs(got - want) <= decimal.Decimal("0.01") if name == "mean" and None not in (got, want) else got == want
