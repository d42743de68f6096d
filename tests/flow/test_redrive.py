"""sp1_redrive and sp1_drop: a letter and the entry that it becomes change places in one step, and only once."""
import json
import re

import pytest

from library import dump

DEAD, BOOKS, TOPIC = "sp:{0}:dead", "sp:{0}:books", "sp:{0}:tidy"
SRC = "00000000000000aa"
SOURCE = "sp:{0}:source:" + SRC
LETTER = {"stage": "tidy", "reason": "required", "detail": "It is.", "attempts": "1", "at": "1000", "src": SRC, "row": "7",
          "offset": "57", "run": "r1", "cols": '["a"]', "marks": "0 truncated", "data": '[57,"x"]'}


@pytest.fixture(autouse=True)
def world(r):
    r.xgroup_create(TOPIC, "sp", "0", mkstream=True)
    r.hset(BOOKS, mapping={"tidy:in": 3, "tidy:dead": 3, "dead:records": 3, "dead:bytes": 24})
    r.hset(SOURCE, mapping={"rows": 3, "dead": 3})


@pytest.fixture
def ids(r):
    return [r.xadd(DEAD, LETTER) for _ in range(3)]


def redrive(r, ids, source=1, keys=(DEAD, BOOKS, TOPIC, SOURCE), stage="tidy", to="tidy", form="record", high=0):
    pairs = [x for id in ids for x in (id, source)]
    return call(r, "sp1_redrive", keys, [stage, to, form, high, 0, len(ids), *pairs])


def drop(r, ids, keys=(DEAD, BOOKS)):
    return call(r, "sp1_drop", keys, [len(ids), *ids])


def call(r, function, keys, args):
    try:
        return r.fcall(function, len(keys), *keys, *args)
    except Exception as e:
        return str(e)


def books(r):
    return {name: int(value) for name, value in r.hgetall(BOOKS).items() if value != "0"}


def test_a_row_goes_back_as_the_entry_it_was_and_once(r, ids):
    assert redrive(r, ids[:2]) == [2, 0]
    assert [fields for _, fields in r.xrange(TOPIC)] == 2 * [
        {"data": '[57,"x"]', "cols": '["a"]', "marks": "0 truncated", "src": SRC, "row": "7", "at": "1000", "run": "r1", "n": "1"}]
    assert books(r) == {"tidy:in": 5, "tidy:dead": 3, "tidy:redriven": 2, "tidy:records": 2, "tidy:bytes": 16,
                        "dead:records": 1, "dead:bytes": 8, "dead:removed": 2}
    assert r.hgetall(SOURCE) == {"rows": "3", "dead": "1", "open": "2"}
    before = dump(r)
    assert redrive(r, ids[:2]) == [0, 2]
    assert dump(r) == before
    assert redrive(r, ids) == [1, 2]
    assert r.xlen(DEAD) == 0


def test_to_another_stage(r, ids):
    r.xgroup_create("sp:{0}:ship", "sp", "0", mkstream=True)
    assert redrive(r, ids, keys=(DEAD, BOOKS, "sp:{0}:ship", SOURCE), to="ship") == [3, 0]
    assert books(r) == {"tidy:in": 3, "tidy:dead": 3, "tidy:redriven": 3, "ship:in": 3, "ship:records": 3, "ship:bytes": 24,
                        "dead:removed": 3}


def test_a_file_is_queued_again_with_its_job(r):
    data = '{"uri":"file:///a%20b"}'
    id = r.xadd(DEAD, {"stage": "rows", "reason": "no_file", "src": SRC, "row": "1", "at": "5", "job": "1-0", "data": data})
    r.xgroup_create("sp:{0}:rows", "sp", "0", mkstream=True)
    keys = (DEAD, BOOKS, "sp:{0}:rows", SOURCE)
    assert redrive(r, [id], keys=keys, stage="rows", to="rows", form="job") == [1, 0]
    assert r.xrange("sp:{0}:rows")[0][1] == {"uri": "file:///a%20b", "job": "1-0", "at": "5", "n": "1"}
    assert books(r)["rows:bytes"] == len("file:///a%20b") and books(r)["rows:records"] == 1
    assert r.hgetall(SOURCE) == {"rows": "2", "dead": "2"}


@pytest.mark.parametrize("form, data, came", [
    ("entry", {"data": '{"a":1}', "n": "x", "to": "no"}, {"data": '{"a":1}', "n": "x", "to": "no"}),
    ("record", None, {"data": '{"a":1}', "src": SRC, "row": "7", "at": "1000", "to": "no"})])
def test_back_to_the_inbox_as_it_was(r, form, data, came):
    """The door counts it once more when it takes it: its books lose nothing and gain nothing here."""
    text = json.dumps(data) if data else '{"a":1}'
    id = r.xadd(DEAD, {"stage": "inbox", "reason": "no_route", "src": SRC, "row": "7", "at": "1000", "to": "no", "data": text})
    assert redrive(r, [id], keys=(DEAD, BOOKS, "sp:inbox", SOURCE), stage="inbox", to="inbox", form=form) == [1, 0]
    assert [fields for _, fields in r.xrange("sp:inbox")] == [came]
    assert books(r)["inbox:redriven"] == 1
    assert r.hgetall(SOURCE) == {"rows": "2", "dead": "2"}


def test_stops_at_the_mark(r, ids):
    assert redrive(r, ids, high=16) == [2, 0]
    before = dump(r)
    assert redrive(r, ids[2:], high=16) == [0, 0]
    assert dump(r) == before
    r.hset(BOOKS, "tidy:bytes", 0)
    assert redrive(r, ids[2:], high=4) == [1, 0]  # an empty topic takes a letter of any size


def test_large_letters_take_several_calls(r):
    ids = [r.xadd(DEAD, {**LETTER, "data": "x" * 1000000}) for _ in range(6)]
    r.hset(BOOKS, mapping={"dead:records": 6, "dead:bytes": 6000000})
    assert redrive(r, ids) == [4, 0]
    assert redrive(r, ids) == [2, 4]
    assert drop(r, ids) == [0, 6]


@pytest.mark.parametrize("key", [DEAD, BOOKS, TOPIC, SOURCE])
def test_wrong_type(r, ids, key):
    r.delete(key)
    r.set(key, "text")
    before = dump(r)
    assert redrive(r, ids) == f"WRONGTYPE {key}"
    assert dump(r) == before


@pytest.mark.parametrize("key, field", [(BOOKS, "dead:bytes"), (BOOKS, "tidy:bytes"), (SOURCE, "dead")])
def test_foreign_number(r, ids, key, field):
    r.hset(key, field, "text")
    before = dump(r)
    assert redrive(r, ids) == f"COUNT {key} {field}"
    assert dump(r) == before


def test_refusals_change_nothing(r, ids):
    before = dump(r)
    for said, answer in {
        "BADARG 3": redrive(r, ids, form="other"),
        "BADARG 7": redrive(r, ids, stage="ship"),
        "BADARG 8": redrive(r, ids, source=2),
        "BADARG 6": redrive(r, []),
        "BADARG 1": redrive(r, ids, keys=(DEAD, BOOKS)),
        "BADARG 2": drop(r, ["+"]),
        "COMMIT": redrive(r, ids, form="job"),
    }.items():
        assert answer.startswith(said), (said, answer)
    assert dump(r) == before


def test_an_exhausted_topic_takes_nothing(r, ids):
    r.execute_command("XSETID", TOPIC, "18446744073709551615-18446744073709551615")
    before = dump(r)
    assert "exhausted" in redrive(r, ids)
    assert dump(r) == before


def test_a_missing_grant_is_found_before_the_first_write(r, server, ids):
    grants = ["fcall", "xrange", "xadd", "xdel", "hget", "hmget", "hset", "type"]
    before = dump(r)
    for missing in grants[1:]:
        r.execute_command("ACL", "SETUSER", "ops", "reset", "on", ">secret", "~*", "-@all",
                          *(f"+{c}" for c in grants if c != missing))
        with server.client(username="ops", password="secret") as client:
            assert re.search("NOPERM|can't run this command", str(redrive(client, ids))), missing
        assert dump(r) == before, missing
    r.execute_command("ACL", "SETUSER", "ops", "+type")
    with server.client(username="ops", password="secret") as client:
        assert redrive(client, ids) == [3, 0]
    r.execute_command("ACL", "DELUSER", "ops")


def test_drop_counts_by_stage(r, ids):
    assert drop(r, [*ids[:2], "5-5"]) == [2, 1]
    assert books(r) == {"tidy:in": 3, "tidy:dead": 3, "tidy:dropped": 2, "dead:records": 1, "dead:bytes": 8,
                        "dead:removed": 2}
    before = dump(r)
    assert drop(r, ids[:2]) == [0, 2]
    assert dump(r) == before


def expire(r, keep_ms, size):
    return call(r, "sp1_expire", (DEAD, BOOKS), [keep_ms, size])


def test_expire_by_size_takes_the_oldest(r, ids):
    before = dump(r)
    assert expire(r, 0, 0) == [0, 0, 24] == expire(r, 0, 24) == expire(r, 3600000, 0)
    assert {**dump(r), BOOKS: None} == {**before, BOOKS: None} and books(r)["dead:bytes"] == 24
    assert expire(r, 0, 23) == [1, 0, 16]
    assert [id for id, _ in r.xrange(DEAD)] == ids[1:]
    assert (books(r)["tidy:dropped"], books(r)["dead:records"]) == (1, 2)


def test_expire_by_age(r):
    old = [r.xadd(DEAD, LETTER, id=f"{5 + i}-1") for i in range(300)]
    new = r.xadd(DEAD, LETTER)
    r.hset(BOOKS, mapping={"dead:records": 301, "dead:bytes": 301 * 8})
    assert expire(r, 3600000, 0) == [256, 1, 45 * 8]
    assert expire(r, 3600000, 0) == [len(old) - 256, 0, 8]
    assert [id for id, _ in r.xrange(DEAD)] == [new]
    r.delete(DEAD)
    assert expire(r, 1, 1) == [0, 0, 8]  # books that somebody made wrong do no harm
    assert expire(r, -1, 0) == "BADARG 1"
