"""The least rights a stage worker needs: its commits, also refused ones, run under them and nothing else does. When one
grant is missing a commit fails whole, because the functions ask for it before they write."""
import pytest
import redis

from library import Commit, dump

IN, OUT, BOOKS, COUNT, JOB = "sp:{0}:tidy", "sp:{0}:locate", "sp:{0}:books", "sp:{0}:count:x:1", "sp:{0}:job:1"
KEYS = ["sp:{*}:tidy", "sp:{*}:locate", "sp:{*}:dead", "sp:{*}:books", "sp:{*}:count:*", "sp:{*}:source:*", "sp:{*}:job:*"]
COMMIT = ["fcall", "multi", "exec", "xadd", "xpending", "xlen", "hmget", "hset", "hget", "pexpireat", "xack", "xdel"]
UNDO = ["type", "xrevrange"]
DOOR = ["fcall", "multi", "exec", "xadd", "hmget", "hset", "set", "pexpireat"]
OTHERS = ["ping", "publish", "xreadgroup", "xclaim", "xgroup|delconsumer"]
LATER = 9999999999999


@pytest.fixture
def worker(server, r):
    for topic in (IN, OUT):
        r.xgroup_create(topic, "sp", "0", mkstream=True)
    r.execute_command("ACL", "SETUSER", "tidy", "reset", "on", ">secret", "resetchannels", "&sp:wake:*", "-@all",
                      *(f"+{c}" for c in COMMIT + UNDO + OTHERS), *(f"~{k}" for k in KEYS))
    with server.client(username="tidy", password="secret") as client:
        yield client
    r.execute_command("ACL", "DELUSER", "tidy")


@pytest.fixture
def ids(r, worker):
    ids = [r.xadd(IN, {"data": "x"}) for _ in range(4)]
    worker.xreadgroup("sp", "me", {IN: ">"})
    return ids


def commit(ids, me="me", **changed):
    parts = {"outputs": {OUT: [{"data": "1"}, {"data": "2"}]}, "hashes": {BOOKS: {"tidy:bytes": -1}, COUNT: (LATER, {"york": 1})},
             "job": (JOB, "0", LATER, {"offset": 1}), "low": -1, "channel": "sp:wake:tidy"}
    return Commit(IN, ids, me, **{**parts, **changed})


def test_worker_commits_and_is_refused(r, worker, ids):
    assert commit(ids[:1]).settle(worker) == [-1, 1]
    r.xclaim(IN, "sp", "successor", 0, [ids[1]])
    before = dump(r)
    assert str(commit(ids[:1]).settle(worker)) == f"DONE {ids[0]}"
    assert str(commit(ids[1:2]).settle(worker)) == f"FENCED {ids[1]} successor"
    assert str(commit(ids[2:3]).settle(worker)) == "STALE 1"
    assert dump(r) == before


def test_worker_drains_a_full_redis_and_adopts(r, worker, ids):
    r.config_set("maxmemory", 1)
    assert commit(ids[:1]).settle_oom(worker) == [-1, 1]
    assert str(commit(ids[:1]).settle_oom(worker)) == f"DONE {ids[0]}"
    assert worker.fcall("sp1_adopt", 1, IN, "sp", "me", "next", 256) == [3, 0, 0]


@pytest.mark.parametrize("grant", [c for c in COMMIT if c not in ("multi", "exec")] + UNDO + ["publish"])
@pytest.mark.parametrize("path", ["settle", "settle_oom"])
def test_one_grant_missing(r, worker, ids, grant, path):
    """Whole or not at all. Without the grants of the undo the outputs of a refused commit stay, hence they are part of
    the role; without `publish` only the wake-up fails."""
    r.execute_command("ACL", "SETUSER", "tidy", f"-{grant}")
    before = dump(r)
    try:
        answer = getattr(commit(ids[:2]), path)(worker)
    except redis.exceptions.RedisError as e:
        answer = e
    if grant in UNDO + ["publish"]:
        assert answer == [-1, 1] and r.xlen(IN) == 2 and r.xlen(OUT) == 2
    else:
        assert isinstance(answer, Exception), answer
        after = dump(r)
        if grant == "xdel" and path == "settle":
            after[OUT] = before[OUT]
        assert after == before


def test_adoption_is_whole_or_not_at_all(r, worker, ids):
    r.execute_command("ACL", "SETUSER", "tidy", "-xgroup|delconsumer")
    before = dump(r)
    with pytest.raises(redis.exceptions.ResponseError, match="^COMMIT NOPERM XGROUP"):
        worker.fcall("sp1_adopt", 1, IN, "sp", "me", "next", 256)
    assert dump(r) == before


@pytest.fixture
def door(server, r):
    r.xgroup_create(IN, "sp", "0", mkstream=True)
    r.execute_command("ACL", "SETUSER", "door", "reset", "on", ">secret", "-@all",
                      *(f"+{c}" for c in DOOR + UNDO + ["xdel"]), *(f"~{k}" for k in [*KEYS, "sp:{*}:seen:*"]))
    with server.client(username="door", password="secret") as client:
        yield client
    r.execute_command("ACL", "DELUSER", "door")


def admit(client):
    keys = [IN, BOOKS, "sp:{0}:seen:1", "sp:{0}:source:1"]
    with client.pipeline(transaction=True) as p:
        p.xadd(IN, {"uri": "x"}).fcall("sp1_admit", 4, *keys, 1, 1000, 9, 1, "tidy:bytes", 5, 1, "open", 1, 1, "uri", "x", LATER)
        return p.execute(raise_on_error=False)[-1]


def test_door_admits_and_refuses(r, door):
    assert admit(door) == [5]
    assert str(admit(door)) == "SEEN sp:{0}:seen:1"
    r.delete("sp:{0}:seen:1")
    assert str(admit(door)) == "FULL 5" and r.xlen(IN) == 1


@pytest.mark.parametrize("grant", ["hmget", "hset", "set", "type", "pexpireat"])
def test_one_grant_of_the_door_missing(r, door, grant):
    r.execute_command("ACL", "SETUSER", "door", f"-{grant}")
    before = dump(r)
    assert isinstance(admit(door), Exception)
    after = dump(r)
    if grant == "type":  # part of the undo
        after[IN] = before[IN]
    assert after == before


@pytest.mark.parametrize("command", [
    "EVAL return 1 0", "EVAL_RO return 1 0", "SCRIPT LOAD x", "FUNCTION LOAD x", "FUNCTION FLUSH", "FUNCTION LIST", "DEL k",
    "KEYS *", "SCAN 0", "CONFIG GET *", "FLUSHALL", "XTRIM sp:{0}:tidy MAXLEN 0", "XGROUP DESTROY sp:{0}:tidy sp",
    "XGROUP CREATE sp:{0}:tidy x 0", "RESTORE k 0 x", "MIGRATE h 1 k 0 1", "ACL LIST", "SHUTDOWN",
    "REPLICAOF NO ONE", "MODULE LIST", "MONITOR", "GET sp:{0}:books", "XADD sp:inbox * a b", "XADD sp:{0}:ship * a b",
    "HSET sp:pipeline a b", "PUBLISH other x", "HGETALL sp:{0}:books", "SUBSCRIBE sp:wake:tidy"])
def test_nothing_else_is_allowed(r, worker, command):
    before = dump(r)
    with pytest.raises((redis.exceptions.NoPermissionError, redis.exceptions.ResponseError), match="(?i)permission"):
        worker.execute_command(*command.split())
    assert dump(r) == before
