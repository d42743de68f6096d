"""sp1_adopt: what a dead consumer held goes to a successor, once, and what was deleted is counted."""
import collections
import threading

import pytest

from library import dump

IN = "sp:{0}:a"


@pytest.fixture
def ids(r):
    r.xgroup_create(IN, "sp", "0", mkstream=True)
    ids = [r.xadd(IN, {"data": str(i)}) for i in range(600)]
    r.xreadgroup("sp", "dead", {IN: ">"}, count=500)
    return ids


def adopt(r, source="dead", to="new", most=256):
    return r.fcall("sp1_adopt", 1, IN, "sp", source, to, most)


def pending(r, consumer=None):
    extra = {"consumername": consumer} if consumer else {}
    return {p["message_id"]: p["times_delivered"] for p in r.xpending_range(IN, "sp", "-", "+", 10000, **extra)}


def consumers(r):
    return {c["name"]: c["pending"] for c in r.xinfo_consumers(IN, "sp")}


def test_takes_all_in_bounded_steps(r, ids):
    assert adopt(r) == [256, 1, 0]
    assert consumers(r) == {"dead": 244, "new": 256}
    assert adopt(r) == [244, 0, 0]
    assert consumers(r) == {"new": 500}
    assert adopt(r) == [0, 0, 0]


def test_delivery_counts_stay_and_reading_adds_one(r, ids):
    r.xclaim(IN, "sp", "dead", 0, ids[:1], retrycount=5)
    adopt(r)
    counts = pending(r, "new")
    assert counts[ids[0]] == 5 and counts[ids[1]] == 1
    r.xreadgroup("sp", "new", {IN: "0"}, count=2)
    counts = pending(r, "new")
    assert counts[ids[0]] == 6 and counts[ids[1]] == 2 and counts[ids[2]] == 1


@pytest.mark.parametrize("gone", [[0], [1, 2], [499], range(500)])
def test_lost_entries_are_counted(r, ids, gone):
    r.xdel(IN, *(ids[i] for i in gone))
    first, second = adopt(r), adopt(r)
    assert first[0] + second[0] == 500 - len(gone) and first[2] + second[2] == len(gone)
    assert first[1:2] + second[1:2] == [1, 0]
    assert set(pending(r)) == set(ids[:500]) - {ids[i] for i in gone}
    assert "dead" not in consumers(r)


def test_nothing_to_take(r, ids):
    assert adopt(r, "nobody") == [0, 0, 0]
    assert consumers(r) == {"dead": 500}
    r.xgroup_createconsumer(IN, "sp", "idle")
    assert adopt(r, "idle") == [0, 0, 0]
    assert consumers(r) == {"dead": 500}


def test_racing_successors_never_share(server, r, ids):
    taken, errors = collections.Counter(), []

    def race(name):
        try:
            with server.client() as client:
                while True:
                    n, left, lost = adopt(client, to=name, most=7)
                    taken[name] += n
                    if lost or not left:
                        return
        except Exception as e:
            errors.append(e)

    threads = [threading.Thread(target=race, args=(f"new{i}",)) for i in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(30)
    assert not errors and sum(taken.values()) == 500 and len(pending(r)) == 500
    assert consumers(r) == {name: n for name, n in taken.items() if n}


def test_zombie_is_fenced_after_adoption(r, ids):
    adopt(r, most=1)
    with pytest.raises(Exception, match=f"FENCED {ids[0]} new"):
        r.fcall("sp1_settle", 1, IN, "sp", "dead", "del", 1, ids[0], 0, 0, 0, "", "")


@pytest.mark.parametrize("arguments", [[], ["sp"], ["sp", "dead"], ["sp", "dead", "new"], ["sp", "dead", "new", 0],
                                       ["sp", "dead", "new", 257], ["sp", "dead", "new", "x"],
                                       ["sp", "dead", "dead", 1], ["sp", "dead", "new", 1, 1]])
def test_bad_arguments(r, ids, arguments):
    before = dump(r)
    with pytest.raises(Exception, match="^BADARG"):
        r.fcall("sp1_adopt", 1, IN, *arguments)
    assert dump(r) == before


@pytest.mark.parametrize("make, says", [(lambda r: r.set(IN, "x"), "^WRONGTYPE " + IN.replace("{", r"\{")),
                                        (lambda r: r.xadd(IN, {"a": 1}), "^COMMIT NOGROUP "), (lambda r: None, "^COMMIT NOGROUP ")])
def test_topic_that_is_none(r, make, says):
    make(r)
    before = dump(r)
    with pytest.raises(Exception, match=says):
        adopt(r)
    assert dump(r) == before


def test_what_was_given_back_begins_anew(r, ids):
    r.xclaim(IN, "sp", "~released", 0, ids[:2], retrycount=5)
    assert adopt(r, source="~released") == [2, 0, 0]
    assert set(pending(r, "new").values()) == {0}
