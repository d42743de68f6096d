"""Parts of a commit: checked before anything is written, written with everything else."""
import pytest

from library import Commit, dump

IN, OUT, BOOKS, JOB, NOTES = "sp:{0}:a", "sp:{0}:b", "sp:{0}:books", "sp:{0}:job:1", "sp:{0}:sent:a"
MARKS = ["sp:{0}:once:a:3600", "sp:{0}:once:a:7200", "sp:{0}:once:a:10800"]
NOW, WITHIN, EXPIRE = 7_200_123, 3_600_000, 9_999_999_999_999


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


def once(marks, now=NOW, within=WITHIN):
    return ("once", MARKS, [now, within, EXPIRE, len(marks), *(x for mark in marks.items() for x in mark)])


def commit(ids, parts, **changed):
    return Commit(IN, ids, "me", **{"outputs": {OUT: [{"data": "1"}]}, "hashes": {BOOKS: {"a:records": -len(ids)}},
                                    "parts": parts, **changed})


@pytest.mark.parametrize("more", [{}, {"job": (JOB, "0", 0, {"offset": 7})}, {"notes": (NOTES, "a:ambiguous", "me-1")},
                                  {"job": (JOB, "0", 0, {"offset": 7}), "notes": (NOTES, "a:ambiguous", "me-1")}])
def test_marks_are_set_with_the_commit(r, ids, send, more):
    assert send(commit(ids[:1], [once({"ann": "s-1-0", "bob": "s-2-0"})], **more)) == [-1]
    assert r.hgetall(MARKS[1]) == {"ann": f"{NOW} s-1-0", "bob": f"{NOW} s-2-0"}
    assert r.execute_command("PEXPIRETIME", MARKS[1]) == EXPIRE and not r.exists(MARKS[0], MARKS[2])
    assert r.xlen(OUT) == 1 and r.xpending(IN, "sp")["pending"] == 3


def test_who_was_there_before_is_named_and_nothing_changes(r, ids, send):
    send(commit(ids[:1], [once({"ann": "s-1-0"})]))
    before = dump(r)
    assert str(send(commit(ids[1:2], [once({"bob": "s-2-0", "ann": "s-3-0"})]))) == "TWICE ann"
    assert dump(r) == before


@pytest.mark.parametrize("place", range(3))
def test_a_mark_counts_in_any_of_the_hashes_as_long_as_it_holds(r, ids, send, place):
    r.hset(MARKS[place], "ann", f"{NOW - WITHIN + 1} s-1-0")
    assert str(send(commit(ids[:1], [once({"ann": "s-2-0"})]))) == "TWICE ann"
    assert send(commit(ids[:1], [once({"ann": "s-2-0"}, now=NOW + 1)])) == [-1]
    assert r.hget(MARKS[1], "ann") == f"{NOW + 1} s-2-0"


def test_the_same_record_passes_again(r, ids, send):
    send(commit(ids[:1], [once({"ann": "s-1-0"})]))
    assert send(commit(ids[1:2], [once({"ann": "s-1-0"}, now=NOW + 5)])) == [-2]
    assert r.hgetall(MARKS[1]) == {"ann": f"{NOW} s-1-0"}  # the first one counts


def test_several_parts_of_many_marks(r, ids, send):
    many = [{f"{part}-{i}": f"s-{i}-{part}" for i in range(2500)} for part in range(2)]
    send(commit(ids[:1], [once(marks) for marks in many]))
    assert r.hgetall(MARKS[1]) == {key: f"{NOW} {id}" for marks in many for key, id in marks.items()}
    before = dump(r)
    assert str(send(commit(ids[1:2], [once({**{f"new-{i}": "x" for i in range(1200)}, "1-2499": "x"})]))) == "TWICE 1-2499"
    assert dump(r) == before


@pytest.mark.parametrize("place", range(3))
def test_foreign_type(r, ids, send, place):
    r.set(MARKS[place], "1")
    before = dump(r)
    assert str(send(commit(ids[:1], [once({"ann": "s-1-0"})]))) == f"WRONGTYPE {MARKS[place]}"
    assert dump(r) == before


def test_foreign_mark(r, ids, send):
    r.hset(MARKS[0], "ann", "s-1-0")
    before = dump(r)
    assert str(send(commit(ids[:1], [once({"ann": "s-1-0"})]))) == f"COUNT {MARKS[1]} ann"
    assert dump(r) == before


@pytest.mark.parametrize("parts", [[("twice", MARKS, [1, 1, 1, 0])], [once({"ann": "x"}, "soon")],
                                   [once({"ann": "x"}, NOW, -1)], [("once", MARKS, [1, 1, 1])],
                                   [("once", MARKS, [1, 1, 1, 1, "x"])], [("once", MARKS, [1, 1, 1, 1, "x", "y", "z"])],
                                   [("once", MARKS[:1], [1, 1, 1, 1, "x", "y"])]])
def test_nonsense(r, ids, send, parts):
    before = dump(r)
    assert str(send(commit(ids[:1], parts))).split()[0] == "BADARG"
    assert dump(r) == before


def test_arguments_cut_short(r, ids):
    c = commit(ids[:1], [once({"ann": "s-1-0"}), once({"bob": "s-2-0"})])
    before, args = dump(r), c.args()
    for n in range(7, len(args)):
        assert str(c.settle(r, args=args[:n])).split()[0] == "BADARG", n
        assert dump(r) == before, n


def test_zombie_sets_no_mark(r, ids, send):
    r.xclaim(IN, "sp", "successor", 0, [ids[0]])
    before = dump(r)
    assert str(send(commit(ids[:1], [once({"ann": "s-1-0"})]))).startswith("FENCED")
    assert dump(r) == before
