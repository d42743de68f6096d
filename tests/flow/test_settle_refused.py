"""What sp1_settle and sp1_settle_oom refuse changes nothing: foreign types, foreign numbers, bad arguments."""
import pytest

from library import Commit, dump

IN, OUT, ALSO, BOOKS, COUNT, JOB = "sp:{0}:a", "sp:{0}:b", "sp:{0}:c", "sp:{0}:books", "sp:{0}:count:x:1", "sp:{0}:job:1"
COUNTS = [(BOOKS, "a:bytes"), (BOOKS, "b:records"), (COUNT, "york"), (COUNT, "leeds")]


@pytest.fixture(params=["sp1_settle", "sp1_settle_oom"])
def send(request, r):
    """Sends a commit, in the one form and in the other; answers the last reply."""
    return lambda c, **k: c.settle(r, **k) if request.param == "sp1_settle" else c.settle_oom(r, **k)


@pytest.fixture
def ids(r):
    ids = [r.xadd(IN, {"data": "x"}) for _ in range(2)]
    for topic in (IN, OUT, ALSO):
        r.xgroup_create(topic, "sp", "0", mkstream=True)
    r.xreadgroup("sp", "me", {IN: ">"})
    return ids


def commit(ids):
    return Commit(IN, ids, "me", outputs={OUT: [{"data": "1"}, {"data": "2"}], ALSO: [{"data": "3"}]},
                  hashes={BOOKS: {"a:bytes": -20, "b:records": 3}, COUNT: (2000000000000, {"york": 1, "leeds": 1})},
                  job=(JOB, "0", 2000000000000, {"offset": 7}), low=5, channel="sp:wake:b")


@pytest.mark.parametrize("key", [IN, OUT, ALSO, BOOKS, COUNT, JOB])
@pytest.mark.parametrize("foreign", ["string", "stream or hash", "zset"])
def test_wrong_type_at_every_key(r, ids, send, key, foreign):
    r.delete(key)
    if foreign == "string":
        r.set(key, "text")
    elif foreign == "zset":
        r.zadd(key, {"x": 1})
    elif key in (IN, OUT, ALSO):
        r.hset(key, "x", "1")
    else:
        r.xadd(key, {"x": "1"})
    before = dump(r)
    assert str(send(commit(ids))) == f"WRONGTYPE {key}"
    assert dump(r) == before


@pytest.mark.parametrize("key, field", COUNTS)
@pytest.mark.parametrize("value", ["text", "", "1.5", "1e3", "0x10", " 1", "9223372036854775807", "-9223372036854775808",
                                   "9007199254740992", "nan", "inf"])
def test_foreign_number_at_every_count(r, ids, send, key, field, value):
    r.hset(key, field, value)
    before = dump(r)
    assert str(send(commit(ids))) == f"COUNT {key} {field}"
    assert dump(r) == before


@pytest.mark.parametrize("key, field", COUNTS)
def test_overflow_at_every_count(r, ids, send, key, field):
    delta = commit(ids).hashes[key]
    delta = (delta[1] if isinstance(delta, tuple) else delta)[field]
    r.hset(key, field, 9007199254740991 if delta > 0 else -9007199254740991)
    before = dump(r)
    assert str(send(commit(ids))) == f"COUNT {key} {field}"
    assert dump(r) == before


def test_arguments_cut_short(r, ids):
    """From the numbers of outputs on the refusal also takes the outputs back; before, nobody knows how many."""
    c = commit(ids)
    before, args = dump(r), c.args()
    for n in range(len(args)):
        alone = n < 5 + len(ids) + len(c.outputs)
        reply = (Commit(IN, ids, "me", hashes=c.hashes) if alone else c).settle(r, keys=c.keys(), args=args[:n])
        assert str(reply).split()[0] == "BADARG", (n, reply)
        assert dump(r) == before, n
    args = c.args_oom()
    for n in range(len(args)):
        assert str(c.settle_oom(r, args[:n])).split()[0] == "BADARG", n
        assert dump(r) == before, n
    assert str(c.settle(r, args=[*c.args(), "more"])) == f"BADARG {len(c.args()) + 1}"
    assert str(c.settle_oom(r, [*c.args_oom(), "more"])) == f"BADARG {len(c.args_oom()) + 1}"
    assert str(Commit(IN, [], "me", c.outputs, c.hashes).settle(r)) == "BADARG 4"
    assert dump(r) == before
    assert c.settle(r) == [-20, 3, 1, 1]


@pytest.mark.parametrize("at, value", [
    (2, "take"), (3, 0), (3, -1), (3, "1.5"), (3, "many"), (3, ""), (9, "-1"), (9, "nan"), (9, 1e9), (10, "soon"),
    (13, "1.5"), (13, ""), (13, "9007199254740992"), (13, "x"), (22, 2), (22, "yes"), (24, "-1"), (28, "low")])
def test_nonsense_in_the_arguments(r, ids, at, value):
    c = commit(ids)
    before, args = dump(r), c.args()
    args[at] = value
    if at == 3:
        c.outputs = {}
    reply = c.settle(r, keys=commit(ids).keys(), args=args)
    assert str(reply).split()[0] == "BADARG", reply
    assert dump(r) == before


@pytest.mark.parametrize("id", ["1", "-", "+", "x", "1-1-1", "", "1-x"])
def test_id_that_is_none(r, ids, send, id):
    before = dump(r)
    assert str(send(commit([*ids, id]))).split()[0] in ("BADARG", "COMMIT")
    assert dump(r) == before


@pytest.mark.parametrize("n", range(6))
def test_too_few_keys(r, ids, n):
    c = commit(ids)
    before = dump(r)
    assert str(c.settle(r, keys=c.keys()[:n] or ["none"])).split()[0] in ("BADARG", "COMMIT")
    after = dump(r)
    for key, at in (OUT, 2), (ALSO, 3):  # an output that is not named cannot be undone
        if n < at:
            after.pop(key), before.pop(key)
    assert after == before


def test_lost_group(r, ids, send):
    r.xgroup_destroy(IN, "sp")
    before = dump(r)
    assert str(send(commit(ids))).startswith("COMMIT NOGROUP No such key")
    assert dump(r) == before


def test_hold_needs_a_job(r, ids, send):
    c = commit(ids)
    c.job, c.mode = None, "hold"
    before = dump(r)
    assert str(send(c)).startswith("BADARG")
    assert dump(r) == before


def test_refusals_are_one_line(r, ids):
    r.xclaim(IN, "sp", "two\r\nlines", 0, ids)
    assert str(commit(ids).settle(r)) == f"FENCED {ids[0]} two  lines"
    r.xclaim(IN, "sp", "me", 0, ids)
    r.hset(JOB, "offset", "1\r\n+OK")
    assert str(commit(ids).settle(r)) == "STALE 1  +OK"
