"""Every answer of Redis is understood: a worker waits and then finishes its work exactly once, or it exits 78 with a sentence.
The texts are those of Redis 7.0; what is easy to bring about is brought about in a real one, the rest a proxy says."""
import os
import re
import signal
import subprocess
import time

import pytest
import redis
from library import load_library
from redis_proxy import Proxy
from redis_server import RedisServer
from standpipe_run import DEADLINE_S, STANDPIPE, wait_for

PIPELINE = """\
pipeline: answers
stages:
  rows: {split: {format: csv}}
  tidy: {normalise: {fields: {kind: {from: [kind]}}}}
  ship: {deliver: {firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: tidy}
  - {from: tidy, to: ship}
counts:
  kinds: {on: tidy, key: kind}
"""
TIDY, SHIP, BOOKS, KINDS = "sp:{0}:tidy", "sp:{0}:ship", "sp:{0}:books", "sp:{0}:count:kinds:total"
DENIED = 78


class World:
    """A Redis, a proxy before it, and one `standpipe normalise` behind the proxy."""

    def __init__(self, folder, tcp=False, **settings):
        self.folder, self.tcp, self.put = folder, tcp, 0
        self.server = RedisServer(folder / "redis", **settings)
        self.process = None

    def __enter__(self):
        self.server.start()
        self.r = self.server.client()
        self.proxy = Proxy(self.folder, self.server, self.tcp).__enter__()
        load_library(self.r)
        (self.folder / "pipeline.yaml").write_text(PIPELINE)
        done = subprocess.run([STANDPIPE, "apply", self.folder / "pipeline.yaml", "--redis", f"unix://{self.server.socket}"],
                              capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        for topic in (TIDY, SHIP):
            self.r.xgroup_create(topic, "sp", "0", mkstream=True)
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)
        self.proxy.__exit__()
        self.r.close()
        self.server.kill()

    @property
    def log(self):
        return (self.folder / "worker.log").read_text(errors="replace")

    def start(self, *options, url=None):
        with (self.folder / "worker.log").open("ab") as log:
            self.process = subprocess.Popen([STANDPIPE, "normalise", "--redis", url or self.proxy.url, "--name", "normalise-1",
                                             "--lease", "2s", *options], stdout=log, stderr=log,
                                            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        return self

    def started(self):
        """It reads, and is done with what there is."""
        self.start()
        return self.work()

    def add(self, n=3):
        for _ in range(n):
            self.r.xadd(TIDY, {"data": '{"kind":"a"}\n{"kind":"b"}'})
        self.put += n
        return self

    def work(self, n=3, seconds=DEADLINE_S):
        """Puts entries in and waits until all that ever came in is through, exactly once."""
        self.add(n)
        return self.finished(seconds)

    def is_finished(self):
        assert self.process.poll() is None, self.log[-2000:]
        return self.r.xlen(TIDY) == 0 and self.r.hget(BOOKS, "tidy:out") == str(2 * self.put)

    def finished(self, seconds=DEADLINE_S):
        try:
            wait_for("the work to be finished", self.is_finished, seconds)
        except AssertionError as e:
            raise AssertionError(f"{e}; {self.r.hgetall(BOOKS)}\n{self.log[-3000:]}") from None
        self.exact()
        return self

    def exact(self):
        lines = [line for _, entry in self.r.xrange(SHIP) for line in entry["data"].split("\n")]
        ids = [re.search(r'"sp_id":"([^"]+)"', line)[1] for line in lines]
        assert len(ids) == len(set(ids)) == 2 * self.put
        books = {name: int(value) for name, value in self.r.hgetall(BOOKS).items()}
        assert {k: books.get(k, 0) for k in ("tidy:in", "tidy:out", "tidy:records", "tidy:bytes", "ship:in", "ship:records")} == {
            "tidy:in": 2 * self.put, "tidy:out": 2 * self.put, "tidy:records": 0, "tidy:bytes": 0,
            "ship:in": 2 * self.put, "ship:records": 2 * self.put}
        assert books["ship:bytes"] == sum(len(entry["data"]) for _, entry in self.r.xrange(SHIP))
        assert self.r.hgetall(KINDS) == {"a": str(self.put), "b": str(self.put)}
        assert self.r.xpending(TIDY, "sp")["pending"] == 0

    def denied(self, seconds=DEADLINE_S):
        """Exit 78, one sentence about it, and no storm of attempts."""
        assert self.process.wait(seconds) == DENIED, self.log[-2000:]
        errors = [line for line in self.log.splitlines() if "level=error" in line]
        assert len(errors) == 1, self.log[-3000:]
        assert self.proxy.connections < 10
        return errors[0]


@pytest.fixture
def world(tmp_path):
    with World(tmp_path) as world:
        yield world


OOM = b"-OOM command not allowed when used memory > 'maxmemory'."
PASSING = [b"-MISCONF Errors writing to the AOF file: No space left on device", b"-NOREPLICAS Not enough good replicas to write.",
           b"-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.",
           b"-LOADING Redis is loading the dataset in memory",
           b"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
           b"-CLUSTERDOWN The cluster is down", b"-TRYAGAIN Multiple keys request during rehashing of slot",
           b"-READONLY You can't write against a read only replica.", b"-MOVED 13907 10.0.0.3:6379",
           b"-ERR max number of clients reached", b"-ERR Protocol error: invalid bulk length"]
BROKEN = ["cut", "half", "lose"]


@pytest.mark.parametrize("command", [b"EXEC", b"XADD", b"FCALL"])
def test_commit_waits_and_finishes(world, command):
    world.started()
    for fault in [OOM, *PASSING]:
        abort = command == b"EXEC" and fault[1:4] not in (b"MOV", b"LOA", b"ERR")
        world.proxy.faults[command] += [b"-EXECABORT Transaction discarded because of: " + fault[1:] if abort else fault] * 2
        world.work()
        assert not world.proxy.faults[command], fault


@pytest.mark.parametrize("command", [b"MULTI", b"XADD", b"FCALL", b"EXEC"])
@pytest.mark.parametrize("fault", BROKEN)
def test_connection_lost_around_the_commit(world, command, fault):
    world.started()
    for _ in range(3):
        world.proxy.faults[command].append(fault)
        world.work(n=5)
        assert not world.proxy.faults[command]


def test_answer_of_exec_lost_again_and_again(world):
    world.started()
    world.proxy.faults[b"EXEC"] += ["lose"] * 5
    world.work(n=40)


@pytest.mark.parametrize("reply", [*PASSING, OOM, b"-NOGROUP No such key 'sp:{0}:tidy' or consumer group 'sp'",
                                   b"-UNBLOCKED the stream key no longer exists", b"*-1", b"$-1", b"*0", b"+OK", b":1",
                                   b"*1\r\n*2\r\n$11\r\nsp:{0}:tidy\r\n*0", *BROKEN], ids=str)
def test_reading_goes_on(world, reply):
    world.started()
    world.proxy.faults[b"XREADGROUP"] += [reply] * 2
    world.work()
    assert not world.proxy.faults[b"XREADGROUP"]


@pytest.mark.parametrize("command", [b"PING", b"FUNCTION", b"MGET", b"XGROUP", b"HMGET"])
@pytest.mark.parametrize("reply", [PASSING[0], PASSING[3], OOM, "cut", "lose"], ids=str)
def test_start_waits_and_finishes(world, command, reply):
    world.proxy.faults[command] += [reply] * (1 if reply == OOM and command == b"XGROUP" else 2)  # that one does not matter
    world.started()
    assert not world.proxy.faults[command]


@pytest.mark.parametrize("command", [b"PING", b"FUNCTION", b"MGET", b"XGROUP", b"XREADGROUP", b"MULTI", b"XADD", b"FCALL", b"EXEC"])
@pytest.mark.parametrize("text", ["NOPERM this user has no permissions to run it", "NOAUTH Authentication required."])
def test_denied(world, command, text):
    world.proxy.faults[command] += [b"-" + text.encode()] * 100
    world.add().start()
    assert text in world.denied()


# Brought about in a real Redis.

def test_full_redis_drains(world):
    world.started().add(20)
    world.r.config_set("maxmemory", 1)
    world.finished()


def test_worker_that_starts_in_a_full_redis_drains_it(world):
    world.add(5)
    world.r.config_set("maxmemory", 1)
    world.start().finished()


def test_replica_for_a_while(world):
    world.started()
    world.r.replicaof("127.0.0.1", 1)
    wait_for("the worker to notice", lambda: "READONLY" in world.log or "wrong server" in world.log or "reading failed" in world.log)
    world.r.replicaof("NO", "ONE")
    world.work()


def test_busy_script(world):
    world.started().add()
    world.r.config_set("busy-reply-threshold", 50)
    blocked, other = world.server.client(), world.server.client()
    connection = blocked.connection_pool.get_connection("_")
    world.process.send_signal(signal.SIGSTOP)
    connection.send_command("EVAL", "while true do end", 0)
    wait_for("redis to be busy", lambda: says(other, "BUSY"))
    world.process.send_signal(signal.SIGCONT)
    wait_for("the worker to be told", lambda: "BUSY" in world.log or "reading failed" in world.log)
    other.execute_command("SCRIPT", "KILL")
    wait_for("redis to answer", lambda: not says(other, "BUSY"))
    blocked.close()
    world.work()


def test_too_few_replicas(world):
    world.started()
    world.process.send_signal(signal.SIGSTOP)
    world.add()
    world.r.config_set("min-replicas-to-write", 1)
    world.process.send_signal(signal.SIGCONT)
    wait_for("the worker to be told", lambda: "NOREPLICAS" in world.log)
    world.r.config_set("min-replicas-to-write", 0)
    world.finished()


def test_no_room_for_another_client(world):
    world.started()
    world.r.config_set("maxclients", 1)  # that is us
    world.r.client_kill_filter(_type="normal", skipme=True)
    wait_for("the worker to be told", lambda: "max number of clients reached" in world.log)
    world.r.config_set("maxclients", 1000)
    world.work()


def says(client, word):
    try:
        client.set("x", "y")
    except redis.exceptions.ResponseError as e:
        return word in str(e)


def test_misconf_by_a_failing_save(world):
    world.started()
    world.process.send_signal(signal.SIGSTOP)
    world.add()
    (world.server.folder / "dump.rdb").mkdir()
    world.r.config_set("save", "3600 1000000")
    world.r.execute_command("BGSAVE")
    wait_for("writes to be refused", lambda: says(world.r, "MISCONF"))
    world.process.send_signal(signal.SIGCONT)
    wait_for("the worker to be told", lambda: "MISCONF" in world.log)
    world.r.config_set("save", "")
    world.finished()


def test_library_deleted_and_loaded_again(world):
    world.started()
    world.r.execute_command("FUNCTION", "DELETE", "standpipe_1")
    world.add()
    wait_for("the worker to notice", lambda: "library" in world.log)
    load_library(world.r)
    world.finished()


def test_group_destroyed(world):
    """What was read and what waits is still there: it is read again."""
    world.started()
    world.r.xgroup_destroy(TIDY, "sp")
    world.work()


def test_topic_deleted(world):
    world.started()
    world.r.delete(TIDY)
    wait_for("the group to be there again", lambda: world.r.exists(TIDY))
    world.work()


def test_foreign_type_in_the_way(world):
    """The stage halts and says so; when the key is put right the work is finished."""
    world.started()
    world.r.rename(BOOKS, "kept")
    world.r.set(BOOKS, "text")
    world.add()
    wait_for("the worker to say so", lambda: "WRONGTYPE" in world.log)
    assert world.r.xlen(TIDY) == 3
    world.r.rename("kept", BOOKS)
    world.finished()


def test_exhausted_output(world):
    world.started()
    kept = world.r.dump(SHIP)
    last = f"{2 ** 64 - 1}-{2 ** 64 - 1}"
    world.r.execute_command("XSETID", SHIP, last)
    world.add()
    wait_for("the worker to say so", lambda: "EXHAUSTED" in world.log)
    assert world.r.xlen(TIDY) == 3
    world.r.restore(SHIP, 0, kept, replace=True)
    world.finished()


@pytest.mark.parametrize("grant", ["multi", "exec", "xadd", "fcall", "xack", "hset", "xreadgroup", "mget"])
def test_grant_missing_in_the_acl(world, grant):
    world.r.execute_command("ACL", "SETUSER", "tidy", "on", ">secret", "allkeys", "allchannels", "+@all", f"-{grant}")
    (world.folder / "password").write_text("secret\n")
    world.add().start("--redis-user", "tidy", "--redis-password-file", world.folder / "password")
    assert "NOPERM" in world.denied() or "can't run this command" in world.log
    entries = [entry["data"] for _, entry in world.r.xrange(SHIP)]
    assert len(entries) == len(set(entries))


@pytest.mark.parametrize("tcp", [False, True])
def test_user_and_password_file(tmp_path, tcp):
    with World(tmp_path, tcp=tcp) as world:
        world.r.execute_command("ACL", "SETUSER", "tidy", "on", ">s3cret word", "allkeys", "allchannels", "+@all")
        world.r.execute_command("ACL", "SETUSER", "default", "on", "nopass", "+@all")
        world.r.config_set("requirepass", "other")
        (tmp_path / "password").write_text("s3cret word\n")
        world.start("--redis-user", "tidy", "--redis-password-file", tmp_path / "password").work()
        assert "s3cret" not in world.log


def test_wrong_password(world):
    world.r.execute_command("ACL", "SETUSER", "tidy", "on", ">secret", "+@all")
    (world.folder / "password").write_text("wrong\n")
    world.start("--redis-user", "tidy", "--redis-password-file", world.folder / "password")
    assert "WRONGPASS" in world.denied()


def test_restarted_redis(tmp_path):
    with World(tmp_path, appendonly="yes", appendfsync="always") as world:
        world.started().add(10)
        world.server.kill()
        world.server.start()
        world.finished()


def test_silent_server_is_noticed(world):
    """It accepts and never answers: a dead link, a stopped process."""
    world.started()
    world.proxy.is_silent = True
    world.add()
    began = time.monotonic()
    wait_for("the worker to notice", lambda: "no answer in" in world.log, 25)
    assert time.monotonic() - began < 8
    world.proxy.is_silent = False
    world.finished()
