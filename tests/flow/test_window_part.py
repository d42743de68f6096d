"""Rows of a window, moved by commits: whatever their order, the result is the same."""
import itertools
import json
import random

import pytest

from library import Commit, dump

IN, BOOKS = "sp:{0}:a", "sp:{0}:books"
STATE, PANES = "sp:{0}:window:hourly", "sp:{0}:window:hourly:panes"
HOUR, LATER = 3_600_000, 4_000_000_000_000
VALUES = [("n", "count", 0), ("total", "sum", 2), ("low", "min", 0), ("high", "max", 0), ("mean", "avg", 1),
          ("oldest", "first", 0), ("newest", "last", 0), ("agents", "distinct", 0), ("best", "top", 0)]


@pytest.fixture(params=["sp1_settle", "sp1_settle_oom"])
def send(request, r):
    r.xgroup_create(IN, "sp", "0", mkstream=True)

    def commit(*parts):
        id = r.xadd(IN, {"data": "x"})
        r.xreadgroup("sp", "me", {IN: ">"})
        c = Commit(IN, [id], "me", parts=parts)
        return c.settle(r) if request.param == "sp1_settle" else c.settle_oom(r)
    return commit


def pane_key(start):
    return f"{STATE}:{start}"


def row(n=1, total="1.50", low="1", high="1", mean=("1.5", 1), oldest=(10, "s-1-0", '"x"'), newest=(10, "s-1-0", '"x"'),
        agents=(), best=()):
    best = list(best)
    return [n, total, low, high, *mean, *oldest, *newest, len(agents), *agents, len(best), *(x for b in best for x in b)]


def part(panes, every=HOUR, most=100, newest=0, late=0, values=VALUES):
    """`panes`: {start: {group: row}} or {start: (expire, {...})}"""
    args = [every, most, newest, late, len(values), *(x for v in values for x in v)]
    for start, groups in panes.items():
        expire, groups = groups if isinstance(groups, tuple) else (0, groups)
        args += [start, expire, len(groups)]
        for group, values_of_it in groups.items():
            args += [group, *values_of_it]
    return ("window", [STATE, PANES, *(pane_key(start) for start in panes)], args)


def counts(groups):
    """A part that only counts."""
    return part({0: {g: [n] for g, n in groups.items()}}, values=[("n", "count", 0)])


def read(r, start, group):
    return json.loads(r.hget(pane_key(start), group))


def test_rows_are_json_objects(r, send):
    assert send(part({7200: (LATER, {"GB": row(agents=["ann", "bob"], best=[("ann", 2)])}), 3600: {"FR": row(n=7)}}, newest=99, late=3)) == []
    assert r.hget(pane_key(7200), "GB") == \
        '{"n":1,"total":1.50,"low":1,"high":1,"mean":[1.5,1],"oldest":[10,"s-1-0","x"],"newest":[10,"s-1-0","x"]}'
    assert read(r, 3600, "FR")["n"] == 7
    assert r.zrange(PANES, 0, -1, withscores=True) == [("3600", 3600), ("7200", 7200)]
    assert r.hmget(STATE, "newest", "late") == ["99", "3"]
    assert r.pfcount(pane_key(7200) + ":agents:GB") == 2 and r.zscore(pane_key(7200) + ":best:GB", "ann") == 2
    for key in (pane_key(7200), pane_key(7200) + ":agents:GB", pane_key(7200) + ":best:GB"):
        assert r.pexpiretime(key) == LATER
    assert r.pttl(pane_key(3600)) == -1


def test_values_merge(r, send):
    send(part({0: {"GB": row()}}, newest=99, late=1))
    send(part({0: {"GB": row(n=2, total="-4.05", low="-2.5", high="0.5", mean=("0.1", 2), oldest=(9, "s-2-0", "1"),
                             newest=(9, "s-2-0", "1"))}}, newest=98, late=1))
    assert read(r, 0, "GB") == {"n": 3, "total": -2.55, "low": -2.5, "high": 1, "mean": [1.6, 3], "oldest": [9, "s-2-0", 1],
                                "newest": [10, "s-1-0", "x"]}
    assert r.hmget(STATE, "newest", "late") == ["99", "2"]


def test_absent_values_leave_what_is_there(r, send):
    nothing = row(total="", low="", high="", mean=("", 0), oldest=("", "", ""), newest=("", "", ""))
    send(part({0: {"GB": nothing}}))
    assert read(r, 0, "GB") == {"n": 1, "total": None, "low": None, "high": None, "mean": [0, 0], "oldest": None, "newest": None}
    send(part({0: {"GB": row()}}))
    one = read(r, 0, "GB")
    send(part({0: {"GB": nothing}}))
    assert read(r, 0, "GB") == {**one, "n": 3}


def test_the_order_of_commits_does_not_matter(r, send):
    draw = random.Random(1)
    rows = [row(n=i, total=f"{draw.randint(-999, 999)}.{i:02}", low=draw.choice(["1", "1.0", "-3", "1e3"]), high=draw.choice(["5", "5.0", "4"]),
                mean=(f"{i}.{i % 10}", 1), oldest=(draw.randint(1, 3), f"s-{i}-0", json.dumps('"],}' + str(i))),
                newest=(draw.randint(1, 3), f"s-{i}-0", json.dumps("\\" * i)), agents=[str(draw.randint(0, 9))],
                best=[(str(draw.randint(0, 3)), i)]) for i in range(1, 7)]
    seen = set()
    for order in itertools.islice(itertools.permutations(rows), 0, 720, 60):
        for one in order:
            assert send(part({0: {"GB": one}})) == []
        seen.add((r.hget(pane_key(0), "GB"), r.pfcount(pane_key(0) + ":agents:GB"),
                  tuple(r.zrange(pane_key(0) + ":best:GB", 0, -1, withscores=True))))
        r.delete(pane_key(0), pane_key(0) + ":agents:GB", pane_key(0) + ":best:GB")
    assert len(seen) == 1, seen


@pytest.mark.parametrize("deltas, decimals, want", [
    (["0.1", "0.2"], 1, "0.3"), (["-0.05", "0.05"], 2, "0.00"), (["12", "-3"], 0, "9"), (["-1.5"], 3, "-1.500"),
    (["90071992547409.91"], 2, "90071992547409.91"), (["90071992547409.91", "0.01"], 2, '"overflow"'),
    (["90071992547409.91", "0.01", "-5"], 2, '"overflow"'), (["1.234"], 2, '"overflow"'), (["", "3"], 0, "3")])
def test_sums_are_exact_decimals(r, send, deltas, decimals, want):
    for delta in deltas:
        send(part({0: {"GB": [delta]}}, values=[("t", "sum", decimals)]))
    assert r.hget(pane_key(0), "GB") == '{"t":%s}' % want


def test_groups_beyond_the_bound_are_the_other_one(r, send):
    def send_counts(**groups):
        args = counts(groups)
        args[2][1] = 3
        assert send(args) == []
    send_counts(a=1, b=1, c=1, d=4)
    send_counts(e=5, a=1, f=6)
    assert {g: json.loads(v)["n"] for g, v in r.hgetall(pane_key(0)).items()} == {"a": 2, "b": 1, "c": 1, "~other": 15}


def test_a_closed_pane_is_moved_no_more(r, send):
    send(counts({"GB": 1}))
    r.hset(STATE, "closed", HOUR)
    before = dump(r)
    assert str(send(counts({"GB": 1}))) == f"CLOSED {STATE} {HOUR}"
    assert r.hgetall(pane_key(0)) == {"GB": '{"n":1}'} and r.hgetall(STATE)["late"] == "0"
    assert {k: v for k, v in dump(r).items() if k != IN} == {k: v for k, v in before.items() if k != IN}
    assert send(part({3600: {"GB": [1]}}, values=[("n", "count", 0)], late=1)) == []
    assert r.hget(STATE, "late") == "1"


def test_another_definition_begins_anew(r, send):
    r.hset(pane_key(0), mapping={"GB": '{"n":5,"gone":"x","t":[1,2]}', "FR": "not ours", "DE": '{"n":12,"t":1.5'})
    send(part({0: {g: ["3.5", 1] for g in ("GB", "FR", "DE")}}, values=[("t", "sum", 1), ("n", "count", 0)]))
    assert [r.hget(pane_key(0), g) for g in ("GB", "FR", "DE")] == ['{"t":3.5,"n":6}', '{"t":3.5,"n":1}', '{"t":5.0,"n":13}']


@pytest.mark.parametrize("key", [STATE, PANES, pane_key(0), pane_key(0) + ":agents:GB", pane_key(0) + ":best:GB"])
def test_foreign_type(r, send, key):
    r.xadd(key, {"x": "1"})
    assert str(send(part({0: {"GB": row(agents=["a"], best=[("a", 1)])}}))) == f"WRONGTYPE {key}"
    assert [k for k in r.keys() if k not in (IN, key)] == []


@pytest.mark.parametrize("parts", [
    ("window", [], []), ("window", [STATE], [HOUR, 1, 0, 0, 0]), ("window", [STATE, PANES], [HOUR, 1, 0, 0, 1, "n", "median", 0]),
    ("window", [STATE, PANES], [HOUR, 1, 0, "x", 0]), part({0: {"GB": ["x"]}}, values=[("n", "count", 0)]),
    part({0: {"GB": [1, 2]}}, values=[("n", "count", 0)]), part({0: {"GB": ["x", "s-1-0", "1"]}}, values=[("n", "last", 0)])])
def test_nonsense(r, send, parts):
    assert str(send(parts)).split()[0] == "BADARG"
    assert r.keys() == [IN]


def test_arguments_cut_short(r):
    r.xgroup_create(IN, "sp", "0", mkstream=True)
    id = r.xadd(IN, {"data": "x"})
    r.xreadgroup("sp", "me", {IN: ">"})
    c = Commit(IN, [id], "me", parts=[part({0: {"GB": row(agents=["a"], best=[("a", 1)])}})])
    args = c.args()
    for n in range(7, len(args)):
        assert str(c.settle(r, args=args[:n])).split()[0] == "BADARG", n
        assert sorted(r.keys()) == [IN], n
