"""sp1_close: panes close by the watermark, and results go out once, whoever closes."""
import json
import random
import time

import pytest

from library import Commit, dump
from test_window_part import row, send  # noqa: F401  a fixture

NAME = "hourly"
STATE, PANES, BOOKS, TOPIC = "sp:{0}:window:hourly", "sp:{0}:window:hourly:panes", "sp:{0}:books", "sp:{0}:ship"
HOUR = 3_600_000
FIRST = 1_700_002_800  # an hour begins, 2023-11-14T23:00:00Z
VALUES = [("n", "count", 0, 0), ("total", "sum", 2, 0), ("low", "min", 0, 0), ("high", "max", 0, 0), ("mean", "avg", 1, 0),
          ("oldest", "first", 0, 0), ("newest", "last", 0, 0), ("agents", "distinct", 0, 0), ("best", "top", 0, 2)]


def pane_key(start):
    return f"{STATE}:{start}"


def part(panes, newest=0):
    """Counts and sums of groups: {start: {group: row}}."""
    args = [HOUR, 1000, newest, 0, len(VALUES), *(x for v in VALUES for x in v[:3])]
    for start, groups in panes.items():
        args += [start, 0, len(groups)]
        for group, values in groups.items():
            args += [group, *values]
    return ("window", [STATE, PANES, *map(pane_key, panes)], args)


def close(r, over=HOUR, lateness=0, idle=0, keep=60_000, high=0, clock=0, keys=("country",), to=True):
    names = [json.dumps(k) for k in keys]
    args = [NAME, HOUR, over, lateness, idle, keep, high, clock, len(names), *names, len(VALUES), *(x for v in VALUES for x in v)]
    k = [STATE, PANES, BOOKS, *([TOPIC] if to else [])]
    try:
        return r.fcall("sp1_close", len(k), *k, *args)
    except Exception as e:
        return str(e)


def close_all(r, **options):
    """Answers the closed time and how many results went out."""
    results = 0
    while True:
        answer = close(r, **options)
        assert isinstance(answer, list), answer
        results += answer[1]
        if not answer[2]:
            return answer[0], results


def results(r):
    return [json.loads(line) for _, e in r.xrange(TOPIC) for line in e["data"].splitlines()]


def test_nothing_closes_before_its_time(r, send):
    send(part({FIRST: {"GB": row()}}, newest=(FIRST + 3599) * 1000))
    assert close_all(r) == ((FIRST) * 1000, 0)
    assert r.xlen(TOPIC) == 0


def test_results_of_a_closed_pane(r, send):
    send(part({FIRST: {"GB": row(n=3, agents=["ann", "bob"], best=[("ann", 2), ("bob", 1), ("cy", 2)]), "~none": row(), "~other": row()}},
              newest=(FIRST + 3600) * 1000))
    assert close_all(r) == ((FIRST + 3600) * 1000, 3)
    by_country = {d["country"]: d for d in results(r)}
    assert set(by_country) == {"GB", None, "~other"}
    document = by_country["GB"]
    src, number, offset = document.pop("sp_id").split("-")
    assert document == {"window": "hourly", "start": "2023-11-14T23:00:00Z", "end": "2023-11-15T00:00:00Z", "country": "GB", "n": 3, "total": 1.5,
                        "low": 1, "high": 1, "mean": 1.5, "oldest": "x", "newest": "x", "agents": 2,
                        "best": [{"key": "cy", "count": 2}, {"key": "ann", "count": 2}]}
    (entry,) = (e for _, e in r.xrange(TOPIC))
    assert (entry["n"], entry["src"], entry["row"]) == ("3", src, "1") and abs(int(entry["at"]) / 1000 - time.time()) < 60
    assert {d["sp_id"] for d in results(r)} == {f"{src}-{i}-0" for i in (1, 2, 3)}
    assert r.hgetall(BOOKS) == {"a:removed": "1", "ship:bytes": str(len(entry["data"])), "ship:records": "3", "ship:in": "3"} or \
        r.hgetall(BOOKS) == {"ship:bytes": str(len(entry["data"])), "ship:records": "3", "ship:in": "3"}
    source = r.hgetall(f"sp:{{0}}:source:{src}")
    assert (source["uri"], source["rows"], source["open"]) == (f"window:hourly/{FIRST + 3600}", "3", "3")
    for key in (pane_key(FIRST), pane_key(FIRST) + ":agents:GB", pane_key(FIRST) + ":best:GB"):
        assert 0 < r.pttl(key) <= 60_000, key
    assert r.hmget(STATE, "emitted", "closing", "sent") == ["3", None, None]


def test_once_whoever_closes_and_however_often(r, send):
    send(part({FIRST: {f"g{i}": row() for i in range(900)}}, newest=(FIRST + 3600) * 1000))
    assert close_all(r)[1] == 900
    assert close_all(r) == ((FIRST + 3600) * 1000, 0)
    assert sorted(d["country"] for d in results(r)) == sorted(f"g{i}" for i in range(900))
    assert r.exists(STATE + ":todo") == 0


def test_many_groups_take_several_calls_and_entries_stay_small(r, send):
    send(part({FIRST: {f"group {i}": row() for i in range(999)}, FIRST + 3600: {f"group {i}": row() for i in range(999)}},
              newest=(FIRST + 7200) * 1000))
    calls = 0
    while close(r, over=40 * HOUR)[2]:
        calls += 1
    assert calls >= 20 and all(len(e["data"]) <= 65536 for _, e in r.xrange(TOPIC))
    assert len(results(r)) == 2 * 999


def test_hopping_windows_are_the_sum_of_their_panes(r, send):
    draw = random.Random(1)
    panes = {FIRST + 3600 * h: draw.randrange(1, 9) for h in (0, 1, 5)}
    for start, n in panes.items():
        send(part({start: {"GB": row(n=n, total=f"{n}.25", low=str(n), high=str(n), mean=(str(n), 1), oldest=(start, "s-1-0", f'"{start}"'),
                                     newest=(start, "s-1-0", f'"{start}"'), agents=[f"a{n}", "same"], best=[("same", n), (f"a{n}", 1)])}},
                  newest=(start + 3600) * 1000))
        close_all(r, over=3 * HOUR)
    send(part({FIRST + 3600 * 20: {"FR": row()}}, newest=(FIRST + 3600 * 20) * 1000))
    close_all(r, over=3 * HOUR)
    seen = {d["end"][11:13]: d for d in results(r)}
    assert list(seen) == ["00", "01", "02", "03", "05", "06", "07"]
    first, second, last = panes
    both = seen["01"]
    assert both["n"] == panes[first] + panes[second] and both["total"] == both["n"] + 0.5
    assert both["low"] == min(panes[first], panes[second]) and both["high"] == max(panes[first], panes[second])
    assert both["oldest"] == str(first) and both["newest"] == str(second) and both["best"][0] == {"key": "same", "count": both["n"]}
    assert both["agents"] == len({"same", f"a{panes[first]}", f"a{panes[second]}"}) and both["start"][11:13] == "22"
    assert seen["02"]["n"] == both["n"] and seen["03"]["n"] == panes[second] and seen["07"]["n"] == panes[last]


def test_several_members_of_a_key(r, send):
    send(part({FIRST: {'["GB","a,\\"]b"]': row(), '["GB",null]': row(), "~other": row()}}, newest=(FIRST + 3600) * 1000))
    close_all(r, keys=("country", "the city"))
    assert sorted((d["country"], str(d["the city"])) for d in results(r)) == [("GB", "None"), ("GB", 'a,"]b'), ("~other", "~other")]


def test_lateness(r, send):
    send(part({FIRST: {"GB": row()}}, newest=(FIRST + 3600 + 599) * 1000))
    assert close_all(r, lateness=600_000)[1] == 0
    send(part({FIRST + 3600: {"GB": row()}}, newest=(FIRST + 3600 + 600) * 1000))
    assert close_all(r, lateness=600_000) == ((FIRST + 3600) * 1000, 1)
    assert str(send(part({FIRST: {"GB": row()}}))) == f"CLOSED {STATE} {(FIRST + 3600) * 1000}"


def test_by_the_clock(r, send):
    hour = int(time.time()) // 3600 * 3600
    send(part({hour - 3600: {"GB": row()}, hour: {"GB": row()}}))
    assert close_all(r, clock=1)[0] in (hour * 1000, (hour + 3600) * 1000)
    assert results(r)[0]["n"] == 1


def test_a_stream_that_stands_still_has_come_to_its_end(r, send):
    send(part({FIRST: {"GB": row()}}, newest=(FIRST + 5) * 1000))
    r.hset(BOOKS, mapping={"rows:records": 1, "dead:records": 5})
    r.hincrby(STATE, "moved", -5000)
    assert close_all(r, idle=5000)[1] == 0  # some are on their way
    r.hset(BOOKS, "rows:records", 0)
    assert close_all(r, idle=60_000)[1] == 0
    assert close_all(r, idle=5000) == ((FIRST + 3600) * 1000, 1)


def test_results_wait_while_the_topic_is_full(r, send):
    send(part({FIRST: {"GB": row()}}, newest=(FIRST + 3600) * 1000))
    r.hset(BOOKS, "ship:bytes", 100)
    assert close(r, high=100) == "FULL 100"
    r.hset(BOOKS, "ship:bytes", 99)
    assert close_all(r, high=100)[1] == 1


def test_rows_stay_until_the_last_of_them_was_told(r, send):
    """Or a topic that is full for longer than `keep` costs results."""
    send(part({FIRST: {f"group {i}": row() for i in range(999)}}, newest=(FIRST + 3600) * 1000))
    while not close(r)[1]:
        pass
    assert 0 < len(results(r)) < 999 and r.pttl(pane_key(FIRST)) == -1
    close_all(r)
    assert len(results(r)) == 999 and 0 < r.pttl(pane_key(FIRST)) <= 60_000


def test_the_same_groups_have_the_same_ids(r, send):
    """Whoever removes copies by sp_id removes no other group's result, when a Redis that forgot tells again."""
    groups = {f"g{i}": row(n=i + 1) for i in range(300)}
    told = []
    for order in (groups, dict(reversed(groups.items()))):
        r.flushdb()
        r.xgroup_create("sp:{0}:a", "sp", "0", mkstream=True)
        send(part({FIRST: order}, newest=(FIRST + 3600) * 1000))
        close_all(r)
        told.append({d["sp_id"]: d["n"] for d in results(r)})
    assert told[0] == told[1] and len(told[0]) == 300


def test_without_a_topic_panes_only_close(r, send):
    send(part({FIRST: {"GB": row()}}, newest=(FIRST + 3600) * 1000))
    assert close_all(r, to=False) == ((FIRST + 3600) * 1000, 0)
    assert close_all(r) == ((FIRST + 3600) * 1000, 0)  # what was closed before there was one stays where it is
    r.delete(pane_key(FIRST))
    close_all(r)
    assert r.zcard(PANES) == 0


def test_an_exhausted_topic_takes_nothing_and_nothing_is_lost(r, send):
    send(part({FIRST: {"GB": row()}}, newest=(FIRST + 3600) * 1000))
    r.xadd(TOPIC, {"data": "1"}, id="18446744073709551615-18446744073709551615")
    assert close(r) == f"EXHAUSTED {TOPIC}" and r.xlen(TOPIC) == 1
    r.delete(TOPIC)
    assert close_all(r)[1] == 1


def test_a_topic_counts_only_results_as_entries(r, send):
    """Or audit takes the difference for entries that somebody took out."""
    r.xgroup_create(TOPIC, "sp", "0", mkstream=True)
    send(part({FIRST: {"GB": row()}}, newest=(FIRST + 3600) * 1000))
    close_all(r)
    assert r.xinfo_stream(TOPIC)["entries-added"] == r.xlen(TOPIC) == 1


@pytest.mark.parametrize("key", [STATE, PANES, BOOKS, TOPIC, pane_key(FIRST), STATE + ":todo", pane_key(FIRST) + ":best:GB"])
def test_foreign_type(r, send, key):
    send(part({FIRST: {"GB": row(best=[("ann", 1)])}}, newest=(FIRST + 3600) * 1000))
    r.delete(key)
    r.set(key, "text")
    said = [close(r) for _ in range(2)][-1]  # the first only gathers groups
    assert str(said).startswith("WRONGTYPE"), said
    assert r.get(key) == "text" and (key == TOPIC or r.xlen(TOPIC) == 0)
    r.delete(key)
    if key not in (STATE, PANES, pane_key(FIRST)):
        assert close_all(r)[1] == 1


def test_arguments_cut_short(r, send):
    before = dump(r)
    args = [NAME, HOUR, HOUR, 0, 0, 1, 0, 0, 1, '"a"', 1, "n", "count", 0, 0]
    for n in range(len(args)):
        with pytest.raises(Exception, match="^BADARG"):
            r.fcall("sp1_close", 4, STATE, PANES, BOOKS, TOPIC, *args[:n])
    for bad in ({1: 0}, {2: 5}, {8: -1}):
        with pytest.raises(Exception, match="^BADARG"):
            r.fcall("sp1_close", 4, STATE, PANES, BOOKS, TOPIC, *[bad.get(i, x) for i, x in enumerate(args)])
    assert dump(r) == before


def test_results_can_be_read_before_they_go_out(r, send):
    send(part({FIRST: {"GB": row(n=3, agents=["ann"], best=[("ann", 2)]), "FR": row()}}))
    args = [NAME, FIRST * 1000, FIRST * 1000 + HOUR, 1, '"country"', len(VALUES), *(x for v in VALUES for x in v)]
    told = r.fcall("sp1_results", 1, pane_key(FIRST), *args, "GB", "nobody", "FR")
    assert [json.loads(t)["country"] for t in told] == ["GB", "FR"]
    assert json.loads(told[0])["start"] == "2023-11-14T23:00:00Z" and json.loads(told[0])["n"] == 3
    with pytest.raises(Exception, match="BADARG"):
        r.fcall("sp1_results", 1, pane_key(FIRST), *args[:-1])
