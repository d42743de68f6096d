"""sp1_replay: a span goes again, once, whatever answer is lost, and the books and sources know it."""
import pytest
import redis

from library import dump

FROM, TO, BOOKS, SOURCES, MARK = "sp:{0}:tidy", "sp:{0}:ship", "sp:{0}:books", "sp:{0}:source:", "sp:{0}:replay:r1"


def put(r, n, size=10, topic=FROM):
    return [r.xadd(topic, {"src": "s1", "row": 2 * i + 1, "n": 2, "at": 5, "try": 3, "run": "old", "data": "x" * size})
            for i in range(n)]


def replay(r, first="-", last="+", most=256, run="r1", high=0, to=TO, topic=FROM):
    return r.fcall("sp1_replay", 5, topic, to, BOOKS, SOURCES, "sp:{0}:replay:" + run, first, last, most, run, high)


def test_the_copies_are_the_entries_under_a_new_name(r):
    ids = put(r, 3)
    assert replay(r) == [3, 6, ids[-1], 0]
    want = [{"run": "r1", "src": "s1", "row": str(2 * i + 1), "n": "2", "at": "5", "data": "x" * 10} for i in range(3)]
    assert [fields for _, fields in r.xrange(TO)] == want
    assert r.xlen(FROM) == 3
    assert r.hgetall(BOOKS) == {"ship:bytes": "30", "ship:records": "6", "ship:in": "6"}
    assert r.hgetall(SOURCES + "s1") == {"rows": "6", "open": "6"}
    assert 29 * 86400 < r.ttl(SOURCES + "s1") and 6 * 86400 < r.ttl(MARK)


def test_the_same_call_goes_on_until_nothing_is_left(r):
    ids = put(r, 7)
    answers = [replay(r, ids[1], ids[5], most=2) for _ in range(4)]
    assert answers == [[2, 4, ids[2], 1], [2, 4, ids[4], 1], [1, 2, ids[5], 0], [0, 0, ids[5], 0]]
    assert [fields["row"] for _, fields in r.xrange(TO)] == ["3", "5", "7", "9", "11"]
    mark = r.hgetall(MARK)
    assert (mark["entries"], mark["records"], mark["cursor"]) == ("5", "10", ids[5])


def test_into_its_own_topic_it_ends(r):
    put(r, 5)
    assert [replay(r, to=FROM, most=2)[0] for _ in range(4)] == [2, 2, 1, 0]
    assert r.xlen(FROM) == 10


def test_a_call_copies_at_most_a_quarter_of_a_mebibyte(r):
    put(r, 9, 65000)
    assert [replay(r)[0] for _ in range(3)] == [5, 4, 0]


def test_other_spans_need_other_names(r):
    ids = put(r, 4)
    replay(r, most=1)
    before = dump(r)
    for other in ({"first": ids[1]}, {"last": ids[2]}, {"to": FROM}):
        with pytest.raises(redis.exceptions.ResponseError, match="^TAKEN " + MARK.replace("{", "[{]")):
            replay(r, **other)
    assert dump(r) == before
    assert replay(r, ids[1], run="r2")[0] == 3


def test_a_full_topic_refuses(r):
    put(r, 4, 100)
    assert replay(r, most=1, high=100)[0] == 1
    with pytest.raises(redis.exceptions.ResponseError, match="^FULL 100"):
        replay(r, most=1, high=100)
    r.hset(BOOKS, "ship:bytes", 99)
    assert replay(r, most=1, high=100)[0] == 1


def test_what_the_books_do_not_know_they_do_not_learn_of_here(r):
    r.xadd(FROM, {"data": '{"a":1}'})
    assert replay(r)[:2] == [1, 0]
    assert r.hgetall(BOOKS) == {"ship:bytes": "0", "ship:records": "0", "ship:in": "0"}
    assert [fields for _, fields in r.xrange(TO)] == [{"run": "r1", "data": '{"a":1}'}]


def test_a_job_becomes_a_new_job(r):
    r.xadd(FROM, {"uri": "file:///a", "job": "1-1", "n": "1", "at": "5"})
    replay(r)
    assert [fields for _, fields in r.xrange(TO)] == [{"run": "r1", "uri": "file:///a", "n": "1", "at": "5"}]
    assert r.hget(BOOKS, "ship:bytes") == "9"


def test_nothing_there_is_no_error(r):
    assert replay(r) == [0, 0, "", 0] and not r.keys()


@pytest.mark.parametrize("changed, said", [
    ({"most": 0}, "BADARG 3"), ({"most": 257}, "BADARG 3"), ({"run": ""}, "BADARG 4"), ({"high": "x"}, "BADARG 5"),
    ({"first": "x"}, "Invalid stream ID"), ({"topic": BOOKS}, "WRONGTYPE"), ({"to": BOOKS}, "WRONGTYPE"),
])
def test_what_is_wrong_changes_nothing(r, changed, said):
    put(r, 2)
    r.hset(BOOKS, "x", 1)
    before = dump(r)
    with pytest.raises(redis.exceptions.ResponseError, match=said):
        replay(r, **changed)
    assert dump(r) == before


def test_an_exhausted_topic_takes_nothing(r):
    put(r, 2)
    r.xadd(TO, {"a": "b"}, id="18446744073709551615-18446744073709551614")
    before = dump(r).get(BOOKS)
    with pytest.raises(redis.exceptions.ResponseError, match="^COMMIT XADD"):
        replay(r)
    assert r.xlen(TO) == 1 and BOOKS not in dump(r) and not r.exists(MARK) and before is None


def test_a_full_redis_refuses(r):
    put(r, 2)
    r.config_set("maxmemory", 1)
    with pytest.raises(redis.exceptions.ResponseError, match="OOM"):
        replay(r)
    r.config_set("maxmemory", 0)
    assert not r.exists(TO)


def test_a_record_that_was_tried_again_in_a_kept_topic_goes_once(r):
    ids = put(r, 2)
    copies = [r.xadd(FROM, {"src": "s1", "row": 1, "n": 1, "try": 1, "copy": 1, "data": "x"}) for _ in range(600)]
    ids += put(r, 1)
    answers = [replay(r) for _ in range(4)]
    assert [answer[:2] for answer in answers] == [[2, 4], [0, 0], [1, 2], [0, 0]] and [a[3] for a in answers] == [1, 1, 0, 0]
    assert r.xlen(TO) == 3 and all("copy" not in fields for _, fields in r.xrange(TO))
    assert replay(r, copies[0], copies[9], run="r2")[::3] == [0, 0]  # the first entry of it is not in that span
