"""sp1_park and sp1_due: an entry is put aside until it is due, by the clock of Redis, and comes back to whoever asks."""
import time

import pytest

from library import dump

IN, LATER = "sp:{0}:a", "sp:{0}:later"


@pytest.fixture
def ids(r):
    r.xgroup_create(IN, "sp", "0", mkstream=True)
    ids = [r.xadd(IN, {"data": str(i)}) for i in range(300)]
    r.xreadgroup("sp", "me", {IN: ">"}, count=300)
    return ids


def park(r, id, delay=0, me="me", stage="a"):
    return r.fcall("sp1_park", 2, IN, LATER, "sp", me, id, stage, delay)


def due(r, me="next", stage="a", most=256):
    return r.fcall("sp1_due", 2, IN, LATER, "sp", me, stage, most)


def holders(r):
    return {p["message_id"]: p["consumer"] for p in r.xpending_range(IN, "sp", "-", "+", 10000)}


def test_parked_stays_away_until_it_is_due(r, ids):
    at = park(r, ids[0], 300)
    assert abs(at - 300 - time.time() * 1000) < 200
    assert holders(r)[ids[0]] == "~later" and r.zrange(LATER, 0, -1) == [f"a {ids[0]}"]
    assert due(r) == [0, 0, 0]
    deadline = time.monotonic() + 5
    while due(r) == [0, 0, 0]:
        assert time.monotonic() < deadline
    assert holders(r)[ids[0]] == "next" and not r.exists(LATER)
    assert time.time() * 1000 >= at - 1
    assert r.xrange(IN, ids[0], ids[0])[0][1] == {"data": "0"}


def test_count_of_deliveries_begins_anew(r, ids):
    r.xclaim(IN, "sp", "me", 0, ids[:1], retrycount=7)
    park(r, ids[0])
    due(r)
    assert r.xpending_range(IN, "sp", ids[0], ids[0], 1)[0]["times_delivered"] == 0


def test_due_takes_in_bounded_steps_and_only_of_its_stage(r, ids):
    for id in ids:
        park(r, id)
    park_other = [f"b {i}-1" for i in range(1000, 1600)]
    r.zadd(LATER, {member: 1 for member in park_other})  # another stage, with nobody at work, stands before ours
    assert due(r, most=200) == [200, 1, 0]
    assert due(r, most=200) == [100, 0, 0]
    assert due(r) == [0, 0, 0]
    assert r.zcard(LATER) == 600
    assert set(holders(r).values()) == {"next"}


def test_only_what_is_parked_is_taken(r, ids):
    for id in ids[:3]:
        park(r, id)
    r.xclaim(IN, "sp", "thief", 0, ids[:1])
    r.xdel(IN, ids[1])
    r.zadd(LATER, {"a nonsense": 1})
    assert due(r) == [1, 0, 1]
    assert holders(r)[ids[0]] == "thief" and holders(r)[ids[2]] == "next" and ids[1] not in holders(r)
    assert not r.exists(LATER)


@pytest.mark.parametrize("change, says", [
    (lambda r, id: r.xclaim(IN, "sp", "other", 0, [id]), "^FENCED .* other$"),
    (lambda r, id: r.xack(IN, "sp", id), "^DONE "),
    (lambda r, id: r.set(LATER, "x"), "^WRONGTYPE sp:.0.:later$"),
    (lambda r, id: r.delete(IN), "^COMMIT NOGROUP ")])
def test_refused_parking_changes_nothing(r, ids, change, says):
    change(r, ids[0])
    before = dump(r)
    with pytest.raises(Exception, match=says):
        park(r, ids[0])
    assert dump(r) == before


@pytest.mark.parametrize("call, says", [
    (lambda r: park(r, "x"), "BADARG 3"), (lambda r: park(r, "1-1", stage="a b"), "BADARG 4"),
    (lambda r: park(r, "1-1", -1), "BADARG 5"), (lambda r: due(r, most=0), "BADARG 4"),
    (lambda r: due(r, most=257), "BADARG 4"), (lambda r: r.fcall("sp1_due", 1, IN, "sp"), "BADARG 2")])
def test_bad_arguments(r, ids, call, says):
    with pytest.raises(Exception, match=says):
        call(r)


def test_a_full_redis_parks_and_gives_back(r, ids):
    r.config_set("maxmemory", 1)
    assert park(r, ids[0]) > 0
    assert due(r) == [1, 0, 0]
