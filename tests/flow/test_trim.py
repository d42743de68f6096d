"""sp1_trim: old entries go, but never one that a group still needs."""
import pytest
import redis

from library import dump

TOPIC = "sp:{0}:a"


def fill(r, ids):
    for id in ids:
        r.xadd(TOPIC, {"data": "x"}, id=id)


def read(r, group, n, ack):
    """The group reads n entries and acknowledges those of `ack` (places)."""
    got = r.xreadgroup(group, "me", {TOPIC: ">"}, count=n)[0][1]
    for place in ack:
        r.xack(TOPIC, group, got[place][0])


def trim(r, keep="", size=""):
    return r.fcall("sp1_trim", 1, TOPIC, keep, size)


def left(r):
    return [id for id, _ in r.xrange(TOPIC)]


IDS = [f"{ms}-{n}" for ms in range(1, 11) for n in (0, 1)]


@pytest.fixture
def topic(r):
    fill(r, IDS)
    for group in ("a", "b"):
        r.xgroup_create(TOPIC, group, "0")
    return r


def test_the_oldest_pending_entry_is_the_limit(topic):
    read(topic, "a", 20, [i for i in range(20) if i != 7])
    read(topic, "b", 20, range(20))
    assert trim(topic, 0) == [7, 0] and left(topic) == IDS[7:]
    topic.xack(TOPIC, "a", IDS[7])
    assert trim(topic, 0) == [13, 0] and left(topic) == []


def test_what_a_group_has_not_read_stays(topic):
    read(topic, "a", 20, range(20))
    assert trim(topic, 0) == [0, 0]
    read(topic, "b", 4, range(4))
    assert trim(topic, 0) == [4, 0] and left(topic) == IDS[4:]


def test_a_topic_without_groups_is_left_alone(r):
    fill(r, IDS)
    assert trim(r, 0) == [0, 0] and r.xlen(TOPIC) == 20
    r.delete(TOPIC)
    assert trim(r, 0) == [0, 0] and not r.exists(TOPIC)


def test_young_entries_stay(r):
    r.xgroup_create(TOPIC, "a", "0", mkstream=True)
    s, us = r.time()
    now = s * 1000 + us // 1000
    ids = [f"{now - ms}-0" for ms in (7200000, 3700000, 3500000, 0)]
    fill(r, ids)
    read(r, "a", 10, range(4))
    assert trim(r, 3600000) == [2, 0] and left(r) == ids[2:]
    assert trim(r, 3600000) == [0, 0]
    assert trim(r, 10 ** 15) == [0, 0]


def test_sequence_numbers_beyond_two_to_the_53(r):
    ids = ["5-9007199254740993", "5-18446744073709551614"]
    fill(r, ids)
    r.xgroup_create(TOPIC, "a", "0")
    read(r, "a", 1, [0])
    assert trim(r, 0)[0] == 0 and left(r) == ids
    read(r, "a", 1, [])
    assert trim(r, 0)[0] == 1 and left(r) == ids[1:]


def test_memory_comes_under_its_bound(r):
    r.xgroup_create(TOPIC, "a", "0", mkstream=True)
    for _ in range(200):
        r.xadd(TOPIC, {"data": "x" * 10000})
    read(r, "a", 150, range(150))
    removed, more = trim(r, "", 1000000)
    assert more == 0 and 90 <= removed <= 115
    assert 850000 < r.memory_usage(TOPIC) < 1100000
    assert trim(r, "", 10)[0] > 30 and r.xlen(TOPIC) == 50


def test_much_goes_in_steps(r):
    fill(r, [f"{i}-0" for i in range(1, 3501)])
    r.xgroup_create(TOPIC, "a", "0")
    read(r, "a", 3500, range(3500))
    answers = []
    while not answers or answers[-1][1]:
        answers.append(trim(r, 0))
    assert [n <= 1100 for n, _ in answers] == [True] * len(answers) and sum(n for n, _ in answers) == 3500
    assert len(answers) >= 4


@pytest.mark.parametrize("keep, size, said", [("x", "", "BADARG 1"), ("", "x", "BADARG 2")])
def test_what_is_wrong_changes_nothing(topic, keep, size, said):
    read(topic, "a", 20, range(20))
    read(topic, "b", 20, range(20))
    before = dump(topic)
    with pytest.raises(redis.exceptions.ResponseError, match=said):
        trim(topic, keep, size)
    assert dump(topic) == before
