"""Parts of a commit: checked before anything is written, written with everything else."""
import pytest

from library import Commit, dump

IN, OUT, BOOKS, JOB, NOTES = "sp:{0}:a", "sp:{0}:b", "sp:{0}:books", "sp:{0}:job:1", "sp:{0}:sent:a"
ANN, BOB = "sp:{0}:once:a:ann", "sp:{0}:once:a:bob"


@pytest.fixture(params=["sp1_settle", "sp1_settle_oom"])
def send(request, r):
    return lambda c, **k: c.settle(r, **k) if request.param == "sp1_settle" else c.settle_oom(r, **k)


@pytest.fixture
def ids(r):
    ids = [r.xadd(IN, {"data": "x"}) for _ in range(4)]
    for topic in (IN, OUT):
        r.xgroup_create(topic, "sp", "0", mkstream=True)
    r.xreadgroup("sp", "me", {IN: ">"})
    return ids


def once(marks, ttl=60000):
    return ("once", list(marks), [ttl, *marks.values()])


def commit(ids, parts, **changed):
    return Commit(IN, ids, "me", **{"outputs": {OUT: [{"data": "1"}]}, "hashes": {BOOKS: {"a:records": -len(ids)}},
                                    "parts": parts, **changed})


@pytest.mark.parametrize("more", [{}, {"job": (JOB, "0", 0, {"offset": 7})}, {"notes": (NOTES, "a:ambiguous", "me-1")},
                                  {"job": (JOB, "0", 0, {"offset": 7}), "notes": (NOTES, "a:ambiguous", "me-1")}])
def test_marks_are_set_with_the_commit(r, ids, send, more):
    assert send(commit(ids[:1], [once({ANN: "s-1-0", BOB: "s-2-0"})], **more)) == [-1]
    assert r.mget(ANN, BOB) == ["s-1-0", "s-2-0"] and 0 < r.pttl(ANN) <= 60000
    assert r.xlen(OUT) == 1 and r.xpending(IN, "sp")["pending"] == 3


def test_who_was_there_before_is_named_and_nothing_changes(r, ids, send):
    send(commit(ids[:1], [once({ANN: "s-1-0"})]))
    before = dump(r)
    assert str(send(commit(ids[1:2], [once({BOB: "s-2-0", ANN: "s-3-0"})]))) == f"TWICE {ANN}"
    assert str(send(commit(ids[1:2], [("once", [BOB, BOB], [60000, "s-2-0", "s-3-0"])]))) == f"TWICE {BOB}"
    assert dump(r) == before


def test_the_same_record_passes_again(r, ids, send):
    send(commit(ids[:1], [once({ANN: "s-1-0"})]))
    r.pexpire(ANN, 5000)
    assert send(commit(ids[1:2], [once({ANN: "s-1-0"})])) == [-2]
    assert r.pttl(ANN) <= 5000  # the first one counts


def test_several_parts(r, ids, send):
    send(commit(ids[:1], [once({ANN: "s-1-0"}, 5000), once({BOB: "s-2-0"}, 90000)]))
    assert r.pttl(ANN) <= 5000 < r.pttl(BOB)


def test_foreign_type(r, ids, send):
    r.hset(ANN, "x", "1")
    before = dump(r)
    assert str(send(commit(ids[:1], [once({ANN: "s-1-0"})]))) == f"WRONGTYPE {ANN}"
    assert dump(r) == before


@pytest.mark.parametrize("parts", [[("twice", [ANN], [1, "x"])], [once({ANN: "x"}, 0)], [once({ANN: "x"}, "soon")],
                                   [("once", [ANN], [60000])], [("once", [ANN], [60000, "x", "y"])]])
def test_nonsense(r, ids, send, parts):
    before = dump(r)
    assert str(send(commit(ids[:1], parts))).split()[0] == "BADARG"
    assert dump(r) == before


def test_arguments_cut_short(r, ids):
    c = commit(ids[:1], [once({ANN: "s-1-0"}), once({BOB: "s-2-0"})])
    before, args = dump(r), c.args()
    for n in range(7, len(args)):
        assert str(c.settle(r, args=args[:n])).split()[0] == "BADARG", n
        assert dump(r) == before, n


def test_zombie_sets_no_mark(r, ids, send):
    r.xclaim(IN, "sp", "successor", 0, [ids[0]])
    before = dump(r)
    assert str(send(commit(ids[:1], [once({ANN: "s-1-0"})]))).startswith("FENCED")
    assert dump(r) == before
