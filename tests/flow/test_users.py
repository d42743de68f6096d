"""deploy/users.acl: the whole pipeline runs with one user a role and nothing more than its rights."""
import hashlib
import json
import pathlib
import secrets
import subprocess

import pytest
import redis

from library import Commit
from lookup_local import LookupLocal
from pipeline import PLAIN, Pipeline, Worker
from redis_server import RedisServer
from standpipe_run import DEADLINE_S, STANDPIPE, wait_for

USERS = pathlib.Path(__file__).resolve().parents[2] / "deploy/users.acl"
ROLES = ("dispatch", "split", "normalise", "enrich", "deliver", "apply", "door", "console", "operator", "health")
TIDY = "{keep: 1s, dedupe: {key: sp_id, within: 1h}, normalise: {fields: {id: {from: id, required: true}, kind: {from: kind}}}}"
LOCATE = """\
  locate:
    enrich: {http: {url: "LOOKUP/{kind}", allow_cidr: [127.0.0.0/8]}, key: kind, set: {place: /results/0/key}, rate: {limit: 100/s}}
  ship:"""
TEXT = PLAIN.replace("{normalise: {}}", TIDY).replace("  ship:", LOCATE).replace(
    "- {from: tidy, to: ship}", "- {from: tidy, to: locate}\n  - {from: locate, to: ship}") + """\
counts:
  by_kind: {on: tidy, key: kind}
tables:
  kinds: {on: tidy, key: kind, set: id, max: 5}
  shipped: {on: ship, key: kind, set: id}
windows:
  daily: {on: tidy, key: kind, every: 1d, values: {n: count, ids: {distinct: id}, top: {top: id}}}
  now: {on: tidy, key: kind, every: 1s, lateness: 100ms, to: ship, values: {n: count, ids: {distinct: id}, top: {top: id}}}
"""
ROWS = 46_000
IN, OUT, BOOKS = "sp:{0}:tidy", "sp:{0}:ship", "sp:{0}:books"


class GuardedServer(RedisServer):
    """The test looks in as a user of its own: the shipped file turns `default` off."""

    def client(self, **who):
        return super().client(**{"username": "harness", "password": "harness", **who})


class Guarded(Pipeline):
    def __init__(self, folder, **options):
        super().__init__(folder, **options)
        self.passwords = {role: secrets.token_hex(16) for role in ROLES}
        for role, password in self.passwords.items():
            (folder / f"{role}.password").write_text(password + "\n")
        lines = USERS.read_text().splitlines()
        assert [line.split()[1] for line in lines] == ["default", *ROLES]
        users = folder / "users.acl"
        users.write_text("".join(self._with_password(line) + "\n" for line in lines)
                         + "user harness on >harness ~* &* +@all\n")
        self.redis = GuardedServer(folder / "redis", aclfile=str(users))

    def _with_password(self, line):
        name = line.split()[1]
        if name == "default":
            return line
        return line.replace(" on ", f" on #{hashlib.sha256(self.passwords[name].encode()).hexdigest()} ", 1)

    def who(self, role):
        return ["--redis-user", role, "--redis-password-file", str(self.folder / f"{role}.password")]

    def start(self, *names):
        for name in names:
            self.workers[name] = Worker(self, name, *self.who(name.partition("-")[0])).start()
        return self

    def command_as(self, role, *words):
        return subprocess.run([STANDPIPE, *map(str, words), "--redis", f"unix://{self.redis.socket}", *self.who(role)],
                              capture_output=True, text=True, timeout=DEADLINE_S, env=self.environment)

    def client_as(self, role):
        return self.redis.client(username=role, password=self.passwords[role])

    def denied(self):
        return [(e["username"], e["object"], e["reason"]) for e in self.r.acl_log()]


@pytest.fixture(scope="module")
def p(tmp_path_factory):
    """Applied, and everything has run once."""
    with Guarded(tmp_path_factory.mktemp("users"), lease="1s") as p, LookupLocal("--invent", "--key", "kind") as lookup:
        file = p.folder / "pipeline.yaml"
        file.write_text(TEXT.replace("LOOKUP", lookup.url))
        done = p.command_as("apply", "apply", file)
        assert done.returncode == 0, done.stderr
        yield p


def test_the_whole_pipeline_runs_under_it(p):
    p.start("dispatch", "split-1", "normalise-1", "normalise-2", "enrich-1", "deliver-1")
    content = "id,kind\n" + "".join(f"{'' if i % 100 == 3 else i},k{i % 7}\n" for i in range(ROWS))
    sent = p.command_as("door", "send", "--wait", p.write("a.csv", content))
    assert sent.returncode == 0, sent.stderr + p.logs()
    assert sent.stdout == f"done: {ROWS:,} rows, {ROWS - 460:,} delivered, 460 dead, 0 filtered\n"
    assert p.client_as("door").xadd("sp:inbox", {"to": "tidy", "data": '{"id":"1"}'})
    p.rest()
    assert len({d["sp_id"] for d in p.documents() if "window" not in d}) == ROWS - 460 + 1
    assert any(d.get("window") == "now" for d in p.documents())
    assert sum(p.counts("by_kind")["total"].values()) == ROWS - 460 + 1
    days = p.r.zrange("sp:{0}:window:daily:panes", 0, -1)
    assert sum(json.loads(row)["n"] for day in days for row in p.r.hvals(f"sp:{{0}}:window:daily:{day}")) == ROWS - 460 + 1
    for words, said in ((["top", "--once", "--json"], '"dispatcher":true'), (["dead", "--json"], '"count":460'),
                        (["audit", "--json"], '"true":true')):
        done = p.command_as("console", *words)
        assert done.returncode == 0 and said in done.stdout, (done.stdout, done.stderr)
    done = p.command_as("operator", "dead", "redrive", "--yes", "--json")
    assert done.returncode == 0 and '"redriven":460,' in done.stdout, (done.stdout, done.stderr)
    p.rest()
    done = p.command_as("operator", "dead", "drop", "--limit", "1", "--yes", "--json")
    assert done.returncode == 0 and '"dropped":1,' in done.stdout, (done.stdout, done.stderr)
    assert len(p.dead()) == 459
    assert p.denied() == []


def test_an_operator_loads_tables_and_anybody_may_read_them(p):
    p.r.acl_log_reset()
    file = p.write("land.csv", "code,name\nGB,Britain\n")
    assert p.command_as("operator", "table", "load", "land", file, "--key", "code").returncode == 0
    assert p.command_as("console", "table", "show", "land", "GB").stdout.startswith("GB  ")
    assert [line.split(" rows")[0] for line in p.command_as("console", "table").stdout.splitlines()] \
        == ["land: 1", "kinds: 5", "shipped: 7"]
    assert p.command_as("console", "table", "drop", "land", "--yes").returncode != 0
    p.r.acl_log_reset()
    assert p.command_as("operator", "table", "drop", "land", "--yes").returncode == 0
    assert p.denied() == []


def test_look_ups_share_what_they_need_and_an_operator_drops_it(p):
    p.r.acl_log_reset()
    new, old, about, lease = (f"sp:cache:{{locate:0}}:{what}" for what in ("new", "old", "about", "lease:york"))
    enrich = p.client_as("enrich")
    assert enrich.fcall("sp1_gate", 1, "sp:gate:geo", "me", 1, 40, 1000, 4, 10, 1, 1, 1, 0, 0, 0, 0) == [1, 0, "closed"]
    for _ in range(4):  # so that the generations turn
        assert enrich.execute_command("SET", lease, "t", "NX", "GET", "PX", 1000) is None
        assert enrich.fcall("sp1_lease", 1, lease, "t", 1000) == [1]
        assert enrich.fcall("sp1_cache_put", 4, new, old, about, lease, "t", "", 2, 1000, 1000, 1, f"york{_}", "+1 x", 1, "york0") == [1]
    assert enrich.fcall("sp1_cache_tell", 1, about, 1000, "local", 1) == ""
    assert p.client_as("operator").fcall("sp1_cache_drop", 4, new, old, about, lease, "york3") == 1
    assert p.client_as("operator").fcall("sp1_cache_drop", 3, new, old, about) == 1
    assert p.denied() == []


def test_an_operator_redrives_and_drops(p):
    p.rest()
    p.r.acl_log_reset()
    letters = p.r.xlen("sp:{0}:dead")
    for action in ("redrive", "drop"):
        before = p.books()
        done = p.command_as("operator", "dead", action, "--reason", "required", "--yes")
        assert done.returncode == 0, done.stderr
        field = "tidy:" + {"redrive": "redriven", "drop": "dropped"}[action]
        assert p.books()[field] - before.get(field, 0) == letters
        p.rest()
    assert p.r.xlen("sp:{0}:dead") == 0
    assert '"true":true' in p.command_as("operator", "audit", "--json").stdout
    assert p.denied() == []


def test_a_worker_that_was_presumed_dead_is_refused_and_its_outputs_vanish(p):
    """What a zombie sends, as each role's user."""
    p.r.acl_log_reset()
    for role, topic, outputs in (("split", "sp:{0}:rows", ["sp:{0}:tidy", "sp:{0}:dead"]),
                                 ("normalise", "sp:{0}:tidy", ["sp:{0}:locate", "sp:{0}:dead"]),
                                 ("enrich", "sp:{0}:locate", ["sp:{0}:ship", "sp:{0}:dead"]),
                                 ("deliver", "sp:{0}:ship", ["sp:{0}:dead"])):
        for worker in p.workers.values():
            worker.stop()
        id = p.r.xadd(topic, {"data": "{}"})
        user = p.client_as(role)
        user.xreadgroup("sp", "zombie", {topic: ">"})
        p.r.xclaim(topic, "sp", "successor", 0, [id])
        before = {key: p.r.xlen(key) for key in outputs}
        commit = Commit(topic, [id], "zombie", {key: [{"data": "{}"}] * 3 for key in outputs}, {BOOKS: {"tidy:out": 1}})
        assert str(commit.settle(user)) == f"FENCED {id} successor"
        assert {key: p.r.xlen(key) for key in outputs} == before
        assert p.r.fcall("sp1_leave", 1, topic, "sp", BOOKS, 1, id) == 1
    assert p.denied() == []


def test_a_paused_worker_is_replaced_and_its_commit_refused(p):
    p.r.acl_log_reset()
    p.start("dispatch", "split-1", "normalise-1", "enrich-1", "deliver-1")
    content = "id,kind\n" + "".join(f"{i},k{i % 7}\n" for i in range(ROWS))
    while not holds(p, "normalise-1"):  # it may be through with a file before anybody looks
        p.send(p.write("b.csv", content))
        wait_for("it to hold something, or rest", lambda: holds(p, "normalise-1") or p.is_at_rest())
    p.worker("normalise-1").pause()
    p.start("normalise-2")
    try:
        p.rest()
    finally:
        p.worker("normalise-1").go_on()
    p.rest()
    assert '"true":true' in p.command_as("console", "audit", "--json").stdout
    assert p.denied() == []


def holds(p, name):
    return any(c["pending"] for c in p.r.xinfo_consumers(IN, "sp") if c["name"].startswith(name + ":"))


WORKERS = ("dispatch", "split", "normalise", "deliver")
EVERYBODY = """EVAL return 1 0|EVAL_RO return 1 0|SCRIPT LOAD x|FUNCTION FLUSH|FUNCTION DELETE standpipe_1|CONFIG SET maxmemory 1
XTRIM sp:inbox MAXLEN 0|FLUSHALL|FLUSHDB|KEYS *|SHUTDOWN|REPLICAOF NO ONE|ACL LIST|ACL SETUSER x|MONITOR|DEBUG SLEEP 0
RESTORE k 0 x|MIGRATE h 1 k 0 1|MODULE LIST|SAVE|XGROUP DESTROY sp:{0}:tidy sp|DEL sp:{0}:tidy|DEL sp:pipeline|SET other x
RENAME sp:{0}:books x|XADD other * a b|HSET other a b|SWAPDB 0 1|CLIENT KILL ID 1|CLUSTER RESET|COPY sp:mark x
PUBLISH other x""".replace("\n", "|").split("|")
DENIED = [
    *((role, command) for role in ROLES for command in EVERYBODY),
    *((role, "FUNCTION LOAD x") for role in ROLES if role not in ("dispatch", "apply")),
    *((role, "XTRIM sp:{0}:tidy MAXLEN 0") for role in ROLES if role != "dispatch"),
    *((role, "SET sp:mark x") for role in ROLES if role != "apply"),
    *((role, "SET sp:pipeline x") for role in ROLES if role != "apply"),
    *((role, "CONFIG GET *") for role in ROLES if role not in ("dispatch", "console", "operator")),
    *((role, "XADD sp:inbox * uri x") for role in ROLES if role not in ("door", "operator")),
    *((role, "XREADGROUP GROUP sp x STREAMS sp:inbox >") for role in ROLES if role != "dispatch"),
    *((role, f"XREADGROUP GROUP sp x STREAMS sp:{{0}}:{topic} >") for role in ROLES
      for topic, reader in (("rows", "split"), ("tidy", "normalise"), ("locate", "enrich"), ("ship", "deliver")) if role != reader),
    *((role, "XADD sp:{0}:rows * a b") for role in ROLES if role not in ("dispatch", "split", "operator")),
    ("split", "XADD sp:{0}:ship * a b"), ("deliver", "XADD sp:{0}:tidy * a b"), ("deliver", "XDEL sp:{0}:tidy 0-1"),
    *((role, "HSET sp:{0}:job:1 a b") for role in ("normalise", "enrich", "deliver", "apply", "door", "console", "health")),
    *((role, "HSET sp:{0}:books a 1") for role in ("apply", "door", "console", "health")),
    *(("operator", command) for command in ("XACK sp:{0}:tidy sp 0-1", "XGROUP CREATE sp:{0}:tidy x 0", "HSET sp:worker:x a b",
                                            "XCLAIM sp:{0}:tidy sp x 0 0-1", "PUBLISH sp:wake:tidy x")),
    *((role, "SET sp:{0}:seen:1 x") for role in ROLES if role != "dispatch"),
    *((role, "SCAN 0") for role in ROLES if role not in ("console", "operator")),
    *((role, "HSET sp:gate:x a b") for role in ROLES if role != "enrich"),
    *((role, "HSET sp:cache:{x:y}:new a b") for role in ROLES if role not in ("enrich", "operator")),
    *((role, "SET sp:cache:{x:y}:lease:z x") for role in ROLES if role != "enrich"),
    *((role, "HGETALL sp:{0}:books") for role in ("normalise", "enrich", "deliver", "apply", "door", "health")),
    *((role, "HSET sp:worker:x a b") for role in ("apply", "door", "console", "health")),
    ("door", "XDEL sp:inbox 0-1"), ("door", "XRANGE sp:{0}:tidy - +"), ("health", "GET sp:pipeline"), ("health", "INFO"),
    ("apply", "XRANGE sp:{0}:tidy - +"), ("console", "XADD sp:{0}:tidy * a b"), ("console", "XACK sp:{0}:tidy sp 0-1"),
]


def test_nothing_else_is_allowed(p):
    wrong = []
    for role, command in DENIED:
        said = p.r.execute_command("ACL", "DRYRUN", role, *command.split())
        if "permission" not in str(said) and "no permissions" not in str(said):
            wrong.append((role, command, said))
    assert wrong == []


@pytest.mark.parametrize("role, command", [
    ("normalise", "FUNCTION LOAD x"), ("deliver", "XADD sp:{0}:tidy * a b"), ("door", "XRANGE sp:{0}:tidy - +"),
    ("console", "HSET sp:{0}:books a 1"), ("health", "GET sp:pipeline")])
def test_a_denial_is_an_error_for_who_is_logged_in(p, role, command):
    with p.client_as(role) as user, pytest.raises(redis.exceptions.NoPermissionError):
        user.execute_command(*command.split())


def test_an_operator_replays_files_and_what_is_kept(p):
    """The last one with `p`: its topic keeps what is done, so that the pipeline is never at rest again."""
    p.r.acl_log_reset()
    file = p.folder / "pipeline.yaml"
    file.write_text(file.read_text().replace("keep: 1s", "keep: 1h"))
    assert p.command_as("apply", "apply", file).returncode == 0
    data = p.write("c.csv", "id,kind\n" + "".join(f"{i},k\n" for i in range(500)))
    sent = p.command_as("operator", "replay", "--wait", "--run", "files", data)
    assert sent.returncode == 0 and "500 delivered" in sent.stdout, (sent.stdout, sent.stderr)
    before = p.books()["ship:out"]
    done = p.command_as("operator", "replay", "--topic", "tidy", "--run", "kept", "--json")
    assert done.returncode == 0 and '"records":500' in done.stdout, (done.stdout, done.stderr)
    wait_for("the copies", lambda: p.books()["ship:out"] == before + 500)
    assert '"true":true' in p.command_as("console", "audit", "--json").stdout
    assert p.denied() == []


def test_nobody_logs_in_before_a_password_is_set(tmp_path):
    server = RedisServer(tmp_path)
    with server, server.client() as r:
        for line in USERS.read_text().splitlines()[1:]:
            r.execute_command("ACL", "SETUSER", *line.split()[1:])
        for role in ROLES:
            for password in ("", role, "x"):
                with pytest.raises(redis.exceptions.ResponseError, match="WRONGPASS"), \
                        server.client(username=role, password=password) as user:
                    user.ping()
