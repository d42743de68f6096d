"""sp1_admit: the door takes an entry once, and not above its mark."""
import time

import pytest

from library import dump, moves

TOPIC, BOOKS, SEEN, SOURCE = KEYS = "sp:{0}:split", "sp:{0}:books", "sp:{0}:seen:1-0", "sp:{0}:source:00ff"


def args(m=1, size=400, ttl=60000, high=1000, expire=0):
    return [m, ttl, high, *moves({"split:bytes": size, "split:records": m, "split:in": m}), *moves({"open": m}),
            *moves({"uri": "file:///a.csv", "size": 7}), expire]


def admit(r, arguments=None, m=1, keys=KEYS):
    """Everything EXEC answers; the last one decides."""
    with r.pipeline(transaction=True) as p:
        for i in range(m):
            p.xadd(TOPIC, {"uri": f"file:///{i}"})
        p.fcall("sp1_admit", len(keys), *keys, *(args(m) if arguments is None else arguments))
        return p.execute(raise_on_error=False)


@pytest.fixture(autouse=True)
def topic(r):
    r.xgroup_create(TOPIC, "sp", "0", mkstream=True)


def test_admits_once(r):
    *ids, values = admit(r, m=2)
    assert values == [400, 2, 2]
    assert [e[0] for e in r.xrange(TOPIC)] == ids
    assert r.hgetall(SOURCE) == {"open": "2", "uri": "file:///a.csv", "size": "7"}
    assert 0 < r.pttl(SEEN) <= 60000 and r.pttl(SOURCE) == -1
    before = dump(r)
    assert str(admit(r, m=2)[-1]) == f"SEEN {SEEN}"
    assert {**dump(r), SEEN: None} == {**before, SEEN: None}


def test_full(r):
    assert admit(r)[-1] == [400, 1, 1]
    r.delete(SEEN)
    assert admit(r)[-1] == [800, 2, 2]
    r.delete(SEEN)
    before = dump(r)
    assert str(admit(r)[-1]) == "FULL 800"
    assert dump(r) == before
    assert admit(r, args(high=0))[-1] == [1200, 3, 3]  # no mark


def test_empty_topic_takes_an_entry_above_the_mark(r):
    assert admit(r, args(size=5000))[-1] == [5000, 1, 1]


def test_books_only(r):
    """Nothing to add, but counts to move: once, too, and a refusal takes no stranger's entry."""
    r.xadd(TOPIC, {"uri": "a stranger's"})
    assert admit(r, args(0), m=0)[-1] == [400, 0, 0]
    before = dump(r)
    assert str(admit(r, args(0), m=0)[-1]) == f"SEEN {SEEN}"
    assert {**dump(r), SEEN: None} == {**before, SEEN: None} and r.xlen(TOPIC) == 1


def test_source_expires(r):
    at = int(time.time() * 1000) + 60000
    admit(r, args(expire=at))
    assert r.execute_command("PEXPIRETIME", SOURCE) == at


@pytest.mark.parametrize("key", KEYS)
def test_wrong_type(r, key):
    r.delete(key)
    r.zadd(key, {"x": 1})
    before = dump(r)
    assert str(admit(r)[-1]) == f"WRONGTYPE {key}"
    assert dump(r) == before


@pytest.mark.parametrize("key, field", [(BOOKS, "split:bytes"), (BOOKS, "split:records"), (BOOKS, "split:in"),
                                        (SOURCE, "open")])
@pytest.mark.parametrize("value", ["text", "9007199254740991", "1.5"])
def test_foreign_number(r, key, field, value):
    r.hset(key, field, value)
    before = dump(r)
    assert str(admit(r)[-1]) == f"COUNT {key} {field}"
    assert dump(r) == before


def test_arguments_cut_short(r):
    before, whole = dump(r), args()
    for n in range(len(whole)):
        reply = admit(r, whole[:n], m=1 if n else 0)
        assert str(reply[-1]).startswith("BADARG"), (n, reply)
        assert dump(r) == before, n
    for wrong in (whole[:1] + [0] + whole[2:], whole + [1]):
        reply = admit(r, wrong)
        assert str(reply[-1]).startswith("BADARG"), reply
        assert dump(r) == before
    for n in range(1, 4):
        assert str(admit(r, keys=KEYS[:n])[-1]) == "BADARG 1"
        assert dump(r) == before
    assert admit(r)[-1] == [400, 1, 1]
