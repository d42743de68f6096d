"""Outputs that took nothing, or not all, in the EXEC that the function ends: a stream whose last id is the highest there is
(XADD fails for ever), a grant that was taken away between the queueing and the EXEC. The input must stay, and what others
added must stay, too: undoing by number would take theirs."""
import pytest

from library import Commit, dump
from test_admit import args as admit_args, KEYS as ADMIT_KEYS

IN, OUT, ALSO, BOOKS = "sp:{0}:a", "sp:{0}:b", "sp:{0}:c", "sp:{0}:books"
MAX = 2 ** 64 - 1
LAST, NEXT_TO_LAST = f"{MAX}-{MAX}", f"{MAX}-{MAX - 1}"


@pytest.fixture
def ids(r):
    ids = [r.xadd(IN, {"data": "x"}) for _ in range(2)]
    for topic in (IN, OUT, ALSO):
        r.xgroup_create(topic, "sp", "0", mkstream=True)
    r.xreadgroup("sp", "me", {IN: ">"})
    return ids


def commit(ids, me="me"):
    return Commit(IN, ids, me, outputs={ALSO: [{"data": "3"}], OUT: [{"data": "1"}, {"data": "2"}]}, hashes={BOOKS: {"a:bytes": -2}})


@pytest.mark.parametrize("state", ["last entry there", "last entry deleted", "last id set"])
def test_exhausted_topic_refuses_the_commit_whole(r, ids, state):
    r.xadd(OUT, {"data": "of others"}, id="1-1")
    if state == "last id set":
        r.execute_command("XSETID", OUT, LAST)
    else:
        r.xadd(OUT, {"data": "of others"}, id=LAST)
    if state == "last entry deleted":
        r.xdel(OUT, LAST)
    before = dump(r)
    assert str(commit(ids).settle(r)) == f"EXHAUSTED {OUT}"
    assert dump(r) == before
    assert str(commit(ids).settle_oom(r)).startswith(f"COMMIT XADD {OUT}: ERR The stream has exhausted")
    assert dump(r) == before


def test_topic_that_exhausts_within_the_commit_loses_nothing_of_others(r, ids):
    r.xadd(OUT, {"data": "of others"}, id=NEXT_TO_LAST)
    replies = commit(ids).send(r)
    assert str(replies[-1]) == f"EXHAUSTED {OUT}"
    assert [replies[1], r.xlen(ALSO)] == [LAST, 0]
    r.xdel(OUT, replies[1])  # the client knows the id, the function cannot
    assert r.xrange(OUT) == [(NEXT_TO_LAST, {"data": "of others"})]
    assert r.xpending(IN, "sp")["pending"] == 2 and BOOKS not in dump(r)


@pytest.mark.parametrize("why", ["FENCED", "DONE", "BADARG"])
def test_refusal_for_another_reason_keeps_what_others_added(r, ids, why):
    r.xadd(OUT, {"data": "of others"}, id=LAST)
    before = dump(r)
    c = commit(ids, me="successor" if why == "FENCED" else "me")
    if why == "DONE":
        c.ids = ["1-1"]
    c.settle(r, args=[*c.args(), "more"] if why == "BADARG" else None)
    assert dump(r) == before


def test_grant_taken_away_before_the_exec(server, r, ids):
    r.xadd(OUT, {"data": "of others"})
    r.xadd(ALSO, {"data": "of others"})
    before = dump(r)
    r.execute_command("ACL", "SETUSER", "late", "reset", "on", ">secret", "allkeys", "+@all")
    c = commit(ids)
    with server.client(username="late", password="secret") as client, client.pipeline(transaction=True) as p:
        connection = client.connection_pool.get_connection("_")
        send = lambda *words: (connection.send_command(*words), connection.read_response())[1]
        send("MULTI")
        for topic, entries in c.outputs.items():
            for entry in entries:
                send("XADD", topic, "*", *(x for pair in entry.items() for x in pair))
        send("FCALL", "sp1_settle", len(c.keys()), *c.keys(), *c.args())
        r.execute_command("ACL", "SETUSER", "late", "-xadd")
        replies = send("EXEC")
        client.connection_pool.release(connection)
    r.execute_command("ACL", "DELUSER", "late")
    assert "NOPERM" in str(replies[0]) or "permission" in str(replies[0])
    assert str(replies[-1]) == "COMMIT NOPERM XADD"
    assert dump(r) == before


def test_admit_to_an_exhausted_topic(r):
    topic = ADMIT_KEYS[0]
    r.xadd(topic, {"data": "of others"}, id=LAST)
    before = dump(r)
    with r.pipeline(transaction=True) as p:
        p.xadd(topic, {"uri": "file:///a"})
        p.fcall("sp1_admit", len(ADMIT_KEYS), *ADMIT_KEYS, *admit_args())
        assert str(p.execute(raise_on_error=False)[-1]) == f"EXHAUSTED {topic}"
    assert dump(r) == before
