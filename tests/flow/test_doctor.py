"""`standpipe doctor` finds each wrong setting, right and key, says how to mend it, and which promise is in force."""
import json
import pathlib
import re
import subprocess
import time

import pytest
from pipeline import PLAIN, Pipeline
from redis_proxy import Proxy
from redis_server import RedisServer
from standpipe_run import DEADLINE_S, STANDPIPE, Run, wait_for
from test_users import ROLES, USERS

CONF = pathlib.Path(__file__).resolve().parents[2] / "deploy/redis.conf"
GOOD = {line.split()[0]: line.split()[1].strip('"') for line in CONF.read_text().splitlines()
        if line and line[0] != "#" and line.split()[0] not in ("bind", "port", "unixsocket", "unixsocketperm")}

BEYOND = {"vm.overcommit_memory", "package", "user"}  # the configuration: the machine's, and the user `default`


def doctor(p, *words):
    done = p.command("doctor", "--json", *words)
    assert done.returncode in (0, 1), done.stderr
    told = json.loads(done.stdout)
    assert done.returncode == (told["bad"] > 0)
    assert told["bad"] == sum(f["grade"] == "bad" for f in told["findings"])
    return told


def find(told, subject):
    return [(f["grade"], f["remedy"]) for f in told["findings"] if f["subject"] == subject]


@pytest.fixture(scope="module")
def p(tmp_path_factory):
    """As deploy/redis.conf has it, with every worker."""
    with Pipeline(tmp_path_factory.mktemp("doctor"), **GOOD) as p:
        p.apply(PLAIN)
        p.start()
        p.send(p.write("a.csv", "id\n1\n"))
        p.rest()
        yield p


def test_the_shipped_settings_are_durable(p):
    told = doctor(p)
    assert [f for f in told["findings"] if f["grade"] == "bad"] == []
    assert {f["subject"] for f in told["findings"] if f["grade"] == "warn"} <= BEYOND
    assert told["level"] == "durable"
    assert {"appendonly", "version", "clock", "library", "mark", "keys", "workers"} <= \
        {f["subject"] for f in told["findings"] if f["grade"] == "ok"}
    lines = p.command("doctor").stdout.splitlines()
    assert lines[-1].startswith("level of promise: durable: what was accepted survives")
    assert any(line.startswith("ok    appendfsync 'always'") for line in lines)


@pytest.mark.parametrize("name, wrong, grade, level", [
    ("appendonly", "no", "bad", "none"),
    ("appendfsync", "everysec", "warn", "everysec"),
    ("appendfsync", "no", "bad", "none"),
    ("no-appendfsync-on-rewrite", "yes", "bad", "none"),
    ("aof-load-truncated", "yes", "warn", "durable"),
    ("save", "3600 1", "warn", "durable"),
    ("auto-aof-rewrite-min-size", "64mb", "warn", "durable"),
    ("maxmemory", "0", "warn", "durable"),
    ("maxmemory-policy", "allkeys-lru", "bad", "none"),
    ("proto-max-bulk-len", "512mb", "warn", "durable"),
    ("busy-reply-threshold", "0", "warn", "durable"),
    ("lazyfree-lazy-expire", "no", "warn", "durable"),
])
def test_a_wrong_setting_is_found_and_the_remedy_works(p, name, wrong, grade, level):
    good = p.r.config_get(name)[name]
    p.r.config_set(name, wrong)
    try:
        told = doctor(p)
        [(found, remedy)] = find(told, name)
        assert (found, told["level"]) == (grade, level)
        words = remedy.split()
        assert words[:4] == ["redis-cli", "CONFIG", "SET", name]
        p.r.config_set(name, words[4].strip("'"))
        told = doctor(p)
        assert find(told, name) == [("ok", "")]
        assert told["level"] == "durable"
    finally:
        p.r.config_set(name, good)


def test_run_starts_a_redis_that_is_well(tmp_path):
    with Run(tmp_path) as run:
        told = json.loads(run.command("doctor", "--json").stdout)
        assert told["level"] == "durable"
        assert {f["subject"] for f in told["findings"] if f["grade"] != "ok"} <= BEYOND


def test_a_kill_may_lose_seconds_in_words(p):
    p.r.config_set("appendfsync", "everysec")
    try:
        last = p.command("doctor").stdout.splitlines()[-1]
        assert last == ("level of promise: everysec: a kill of Redis may lose the last second or two of what was "
                        "accepted")
    finally:
        p.r.config_set("appendfsync", "always")


def test_replicas_need_a_least_number(p, tmp_path):
    with RedisServer(tmp_path / "replica", replicaof="127.0.0.1 1") as replica, replica.client() as copy:
        assert find(doctor_of(p, replica), "role") == [("bad", "redis-cli ROLE")]
        assert doctor_of(p, replica)["level"] == "none"
        assert copy.ping()
    master = b'*3\r\n$6\r\nmaster\r\n:1\r\n*1\r\n*3\r\n$9\r\n127.0.0.1\r\n$4\r\n6380\r\n$1\r\n1'
    told = through_proxy(p, tmp_path, ROLE=master)
    assert told["level"] == "failover"
    assert find(told, "min-replicas-to-write") == [
        ("warn", "redis-cli CONFIG SET min-replicas-to-write 1 min-replicas-max-lag 2")]
    p.r.config_set("min-replicas-to-write", 1)
    try:
        assert through_proxy(p, tmp_path, ROLE=master)["level"] == "durable"
    finally:
        p.r.config_set("min-replicas-to-write", 0)


def doctor_of(p, server):
    return doctor_at(p, f"unix://{server.socket}")


def doctor_at(p, url):
    done = subprocess.run([STANDPIPE, "doctor", "--json", "--redis", url], capture_output=True, text=True, timeout=DEADLINE_S,
                          env=p.environment)
    return json.loads(done.stdout)


def through_proxy(p, folder, **answers):
    folder.mkdir(exist_ok=True)
    (folder / "proxy.sock").unlink(missing_ok=True)
    with Proxy(folder, p.redis) as proxy:
        for command, answer in answers.items():
            proxy.faults[command.encode()].append(answer)
        return doctor_at(p, proxy.url)


@pytest.mark.parametrize("seconds, grade", [(0, "ok"), (-5, "warn"), (5, "warn"), (3600, "bad")])
def test_a_clock_that_is_wrong(p, tmp_path, seconds, grade):
    now = str(int(time.time()) + seconds).encode()
    told = through_proxy(p, tmp_path, TIME=b"*2\r\n$%d\r\n%s\r\n$6\r\n%06d" % (len(now), now, time.time() % 1 * 1e6))
    assert [f[0] for f in find(told, "clock")] == [grade]


def test_an_old_redis_is_refused(p, tmp_path):
    info = b"# Server\r\nredis_version:6.2.7\r\n"
    told = through_proxy(p, tmp_path, INFO=b"$%d\r\n%s" % (len(info), info))
    assert find(told, "version") == [("bad", "apt-get install redis-server")]


def test_a_denied_question_is_a_warning_and_the_level_unknown(p):
    p.r.execute_command("ACL", "SETUSER", "blind", "on", ">blind", "+ping", "+get", "~sp:*")
    secret = p.folder / "blind"
    secret.write_text("blind\n")
    try:
        told = doctor(p, "--redis-user", "blind", "--redis-password-file", secret)
        assert told["level"] == "unknown" and told["bad"] == 0
        assert [f[0] for f in find(told, "appendfsync")] == ["warn"]
    finally:
        p.r.execute_command("ACL", "DELUSER", "blind")


@pytest.fixture(scope="module")
def users(p):
    """Those of deploy/users.acl."""
    for line in USERS.read_text().splitlines()[1:]:
        p.r.execute_command("ACL", "SETUSER", *line.split()[1:])
    yield p
    p.r.execute_command("ACL", "DELUSER", *ROLES)


def test_the_shipped_users_may_do_all_that_they_need(users):
    told = doctor(users)
    assert {f["subject"]: f["grade"] for f in told["findings"] if f["subject"].startswith("user ")} == \
        {f"user {role}": "ok" for role in ROLES}


def test_the_rights_of_every_function_are_asked_for():
    root = CONF.parents[1]
    functions = set(re.findall(r"'(sp1_\w+)'", "".join(path.read_text() for path in (root / "lua").glob("*.lua"))))
    assert len(functions) > 8
    assert functions == set(re.findall(r"FCALL(?:_RO)? (sp1_\w+)", (root / "tools/doctor_roles.c").read_text()))


@pytest.mark.parametrize("role, change, said", [
    ("split", "-xdel", "XDEL sp:{0}:rows"), ("normalise", "-publish", "PUBLISH sp:wake:x"), ("deliver", "-psubscribe", "PSUBSCRIBE"),
    ("dispatch", "-function|load", "FUNCTION"), ("apply", "-set", "SET sp:pipeline"), ("door", "-xadd", "XADD sp:inbox"),
    ("console", "-xlen", "XLEN sp:inbox"), ("normalise", "resetkeys", "XDEL"), ("health", "-ping", "PING")])
def test_a_missing_right_is_named(users, role, change, said):
    users.r.execute_command("ACL", "SETUSER", role, change)
    try:
        told = doctor(users)
        [finding] = [f for f in told["findings"] if f["subject"] == f"user {role}"]
        assert finding["grade"] == "bad" and said in finding["text"]
        assert told["bad"] == 1
    finally:
        line = next(line for line in USERS.read_text().splitlines() if line.split()[1] == role)
        users.r.execute_command("ACL", "SETUSER", role, "reset", *line.split()[2:])


def test_a_missing_library_and_foreign_code(p):
    text = p.r.execute_command("FUNCTION", "DUMP", NEVER_DECODE=True)
    p.worker("dispatch").pause()  # it would load it again
    try:
        p.r.function_flush()
        assert find(doctor(p), "library") == [("bad", "standpipe apply FILE")]
        p.r.function_load("#!lua name=standpipe_1\nredis.register_function('sp1_settle', function() return 1 end)")
        assert find(doctor(p), "library") == [("bad", "standpipe apply FILE")]
    finally:
        p.r.function_flush()
        p.r.execute_command("FUNCTION", "RESTORE", text)
        p.worker("dispatch").go_on()
    assert find(doctor(p), "library") == [("ok", "")]


@pytest.mark.parametrize("key", ["sp:{0}:dead", "sp:{0}:later"])
def test_a_key_of_the_wrong_type(p, key):
    assert not p.r.exists(key)
    p.r.set(key, "x")
    try:
        assert find(doctor(p), key) == [("bad", f"redis-cli RENAME '{key}' foreign")]
    finally:
        p.r.delete(key)


def test_a_missing_mark(p):
    mark = p.r.get("sp:mark")
    for worker in p.workers.values():
        worker.stop()
    p.r.delete("sp:mark")
    assert find(doctor(p), "mark") == [("bad", "standpipe apply FILE")]
    p.r.set("sp:mark", mark)
    p.start()
    wait_for("all workers", lambda: find(doctor(p), "workers") == [("ok", "")])


def test_groups_consumers_and_workers_that_are_not_there(p):
    topic = "sp:{0}:tidy"
    for worker in p.workers.values():
        worker.stop()
    p.r.xgroup_create(topic, "mine", "0")
    id = p.r.xadd(topic, {"data": "{}"})
    p.r.xreadgroup("sp", "gone-1:0123abcd", {topic: ">"})
    told = doctor(p)
    assert told["bad"] == 0
    assert find(told, topic) == [("warn", "redis-cli XGROUP DESTROY 'sp:{0}:tidy' mine"), ("warn", "standpipe top")]
    assert find(told, "inbox") == [("warn", "standpipe dispatch")]
    assert [find(told, stage) for stage in ("rows", "tidy", "ship")] == \
        [[("warn", f"standpipe {kind}")] for kind in ("split", "normalise", "deliver")]
    p.r.xack(topic, "sp", id)
    p.r.xdel(topic, id)
    p.r.xgroup_destroy(topic, "mine")
    p.r.xgroup_destroy(topic, "sp")
    assert find(doctor(p), topic) == [("warn", "start its worker, which makes the group")]
    p.start()
    wait_for("all is well again", lambda: find(doctor(p), topic) == [] and find(doctor(p), "workers") == [("ok", "")])


def test_without_a_pipeline_the_rest_is_checked(tmp_path):
    with Pipeline(tmp_path) as p:
        told = doctor(p)
        assert find(told, "pipeline") == [("warn", "standpipe apply FILE")]
        assert told["level"] == "none" and find(told, "appendonly")[0][0] == "bad"


def test_the_dispatcher_names_the_level(p):
    wait_for("the line", lambda: "promise=durable" in p.worker("dispatch").log.read_text())
