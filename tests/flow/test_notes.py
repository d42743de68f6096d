"""sp1_note and what sp1_settle does with notes: what was sent and not settled is booked once, by whoever settles it."""
import pytest
import redis

from library import Commit, dump

IN, NOTES, BOOKS = "sp:{0}:ship", "sp:{0}:sent:ship", "sp:{0}:books"


@pytest.fixture(name="ids")
def taken(r):
    """Ten entries in the hands of `a`."""
    r.xgroup_create(IN, "sp", "0", mkstream=True)
    ids = [r.xadd(IN, {"data": "x"}) for _ in range(10)]
    r.xreadgroup("sp", "a", {IN: ">"})
    return ids


def note(r, me, reading, sent):
    return r.fcall("sp1_note", 2, IN, NOTES, "sp", me, reading, len(sent), *(x for pair in sent.items() for x in pair))


def settle(r, me, reading, ids, own=0):
    moved = {"ship:bytes": -len(ids), **({"ship:ambiguous": own} if own else {})}
    return Commit(IN, ids, me, hashes={BOOKS: moved}, notes=(NOTES, "ship:ambiguous", reading)).settle(r)


def ambiguous(r):
    return int(r.hget(BOOKS, "ship:ambiguous") or 0)


def test_own_notes_are_not_ambiguous_and_go(r, ids):
    assert note(r, "a", "a1-0", dict.fromkeys(ids, 7)) == [1] * 10
    assert settle(r, "a", "a1-0", ids) == [-10]
    assert ambiguous(r) == 0 and not r.exists(NOTES)


def test_a_repeat_counts_nothing_twice(r, ids):
    for sent in (7, 7, 9):
        note(r, "a", "a1-0", {ids[0]: sent})
    r.xclaim(IN, "sp", "b", 0, [ids[0]])
    assert settle(r, "b", "b1-0", [ids[0]]) == [-1, 9]


def test_what_others_sent_is_booked_with_what_is_our_own(r, ids):
    """Three deliverers: two died with calls in flight, and one of its own answers left the third with a doubt."""
    for me, sent in (("a", 7), ("b", 5), ("c", 8)):
        r.xclaim(IN, "sp", me, 0, ids[:2])
        assert note(r, me, f"{me}1-0", {ids[0]: sent, ids[1]: sent}) == [1, 1]
    assert settle(r, "c", "c1-0", ids[:2], own=3) == [-2, 3, 3 + 2 * (7 + 5)]
    assert ambiguous(r) == 27 and not r.exists(NOTES)


def test_another_reading_of_the_same_worker_is_another(r, ids):
    note(r, "a", "a1-0", {ids[0]: 7})
    note(r, "a", "a1-1", {ids[0]: 7})
    settle(r, "a", "a1-1", ids[:1])
    assert ambiguous(r) == 7


def test_who_never_sent_books_all(r, ids):
    note(r, "a", "a1-0", {ids[0]: 7})
    r.xclaim(IN, "sp", "b", 0, ids[:1])
    settle(r, "b", "b1-0", ids[:1])
    assert ambiguous(r) == 7


def test_what_is_not_mine_is_neither_noted_nor_to_be_sent(r, ids):
    r.xclaim(IN, "sp", "b", 0, [ids[3], ids[9]])
    r.xack(IN, "sp", ids[5])
    mixed = [ids[4], *ids[:4], *ids[5:]]  # and out of order
    assert note(r, "a", "a1-0", dict.fromkeys(mixed, 7)) == [int(id not in (ids[3], ids[5], ids[9])) for id in mixed]
    assert sorted(r.hkeys(NOTES)) == sorted(set(ids) - {ids[3], ids[5], ids[9]})


def test_a_commit_that_is_refused_leaves_notes_and_books(r, ids):
    note(r, "a", "a1-0", dict.fromkeys(ids, 7))
    r.xclaim(IN, "sp", "b", 0, [ids[3]])
    before = dump(r)
    assert str(settle(r, "a", "a1-0", ids)) == f"FENCED {ids[3]} b"
    assert dump(r) == before


def test_the_late_send_of_a_loser_is_in_the_books_of_the_winner(r, ids):
    """It had the answer to its note, and stopped for a while before the call: whenever that comes, it is counted."""
    note(r, "a", "a1-0", {ids[0]: 7})
    r.xclaim(IN, "sp", "b", 0, ids[:1])
    note(r, "b", "b1-0", {ids[0]: 7})
    settle(r, "b", "b1-0", ids[:1])
    assert str(settle(r, "a", "a1-0", ids[:1])) == f"DONE {ids[0]}"
    assert note(r, "a", "a1-0", {ids[0]: 14}) == [0]  # and it sends it no more
    assert ambiguous(r) == 7 and not r.exists(NOTES)


def test_a_full_redis_takes_notes(r, ids):
    r.config_set("maxmemory", "1")
    assert note(r, "a", "a1-0", dict.fromkeys(ids, 7)) == [1] * 10
    commit = Commit(IN, ids, "a", hashes={BOOKS: {"ship:bytes": -10}}, notes=(NOTES, "ship:ambiguous", "x"))
    assert commit.settle_oom(r) == [-10, 70]
    assert not r.exists(NOTES)
    r.config_set("maxmemory", "0")


@pytest.mark.parametrize("args, answer", [
    (["sp", "a", "x", 0], "BADARG 4"), (["sp", "a", "x", 2, "1-1", 1], "BADARG 7"), (["sp", "a", "x", 1, "1", 1], "BADARG 5"),
    (["sp", "a", "x", 1, "1-1", "y"], "BADARG 6"), (["sp", "a", "x", 1, "1-1", 1, 1], "BADARG 7")])
def test_what_makes_no_sense_is_refused(r, ids, args, answer):
    with pytest.raises(redis.exceptions.ResponseError, match=answer):
        r.fcall("sp1_note", 2, IN, NOTES, *args)
    r.set("sp:x", "1")
    with pytest.raises(redis.exceptions.ResponseError, match="WRONGTYPE sp:x"):
        r.fcall("sp1_note", 2, IN, "sp:x", "sp", "a", "x", 1, ids[0], 1)
    assert not r.exists(NOTES)
