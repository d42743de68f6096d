"""What `standpipe run` promises: it starts whole, stops clean, goes on where it was, and nobody dies for long."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest
from standpipe_run import STANDPIPE, Run, is_alive, wait_for

CHILDREN = {"redis-server", "firehose-local", "run-dispatch-1", "run-split-1", "run-normalise-1", "run-deliver-1"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with Run(tmp_path_factory.mktemp("run")) as run:
        yield run


def test_starts_every_part_and_says_so_in_one_line(tmp_path):
    with Run(tmp_path) as run:
        assert re.fullmatch(r"standpipe ready: redis unix://\S+/redis\.sock; firehose http://127\.0\.0\.1:\d+; "
                            r"objects \S+/objects; stop with Ctrl-C\n", run.ready)
        children = run.children()
        assert set(children) == CHILDREN
        assert run.env["STANDPIPE_REDIS"] == f"unix://{run.data}/redis.sock"
        assert run.data.stat().st_mode & 0o777 == 0o700
        assert run.interrupt() == ("", 0)
        assert [name for name, pid in children.items() if is_alive(pid)] == []
        assert not pathlib.Path(run.env["SOCKET"]).exists()


def test_workers_option_starts_that_many_of_each_kind(tmp_path):
    with Run(tmp_path, "--workers", "2") as run:
        assert {"run-split-1", "run-split-2", "run-deliver-2"} < set(run.children())
        assert "run-dispatch-2" not in run.children()


def test_a_second_run_on_the_same_directory_is_refused(run):
    second = subprocess.run([STANDPIPE, "run", run.pipeline, "--dir", run.data], capture_output=True, text=True,
                            timeout=20)
    assert second.returncode == 1
    assert f"process {run.process.pid}" in second.stderr and str(run.data) in second.stderr
    assert second.stdout == ""
    assert run.r.ping() and set(run.children()) == CHILDREN


@pytest.mark.parametrize("victim", sorted(CHILDREN))
def test_a_killed_part_is_started_again(run, victim):
    pid = run.children()[victim]
    os.kill(pid, signal.SIGKILL)
    fresh = wait_for(f"{victim} to come back", lambda: run.children().get(victim) not in (None, pid)
                     and run.children()[victim])
    if victim.startswith("run-"):
        wait_for("its heartbeat", lambda: run.r.hget(f"sp:worker:{victim}", "pid") == str(fresh))
    elif victim == "redis-server":
        wait_for("an answer on the same socket", run.r.ping)
    else:
        port = int(run.env["FIREHOSE"].rpartition(":")[2])
        wait_for("an answer on the same port", lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)


def test_a_killed_run_takes_its_children_with_it(tmp_path):
    with Run(tmp_path) as run:
        children = run.children()
        run.process.kill()
        run.process.wait()
        wait_for("all children to die", lambda: not [pid for pid in children.values() if is_alive(pid)])
    with Run(tmp_path) as again:
        assert set(again.children()) == CHILDREN


def books_of(run):
    """Without what the dispatcher saw last: it goes on looking."""
    return {name: value for name, value in run.r.hgetall("sp:{0}:books").items() if not name.endswith(":added")}


def test_run_again_goes_on_where_it_stopped(tmp_path):
    file = tmp_path / "in.csv"
    file.write_text("id,name\n" + "".join(f"{i},n{i}\n" for i in range(100)))
    with Run(tmp_path) as run:
        assert run.command("send", file, "--wait").returncode == 0
        books = books_of(run)
        assert run.interrupt() == ("", 0)
    with Run(tmp_path) as run:
        assert books_of(run) == books
        assert run.command("send", file, "--wait").stdout == "done: 100 rows, 100 delivered, 0 dead, 0 filtered\n"


def test_a_torn_end_of_the_log_is_cut_before_redis_reads_it(tmp_path):
    file = tmp_path / "in.csv"
    file.write_text("id,name\n" + "".join(f"{i},n{i}\n" for i in range(100)))
    with Run(tmp_path) as run:
        assert run.command("send", file, "--wait").returncode == 0
        books = books_of(run)
        assert run.interrupt() == ("", 0)
    torn = b"*1\r\n$5\r\nMULTI\r\n*4\r\n$7\r\nHINCRBY\r\n$12\r\nsp:{0}:books\r\n$8\r\nrows:out\r\n$1\r\n7\r\n*4\r\n$7\r\nHIN"
    with next((run.data / "redis/appendonlydir").glob("*.incr.aof")).open("ab") as log:
        log.write(torn)
    with Run(tmp_path) as run:
        assert f"redis-start: cut {len(torn)} bytes, half a transaction, from the end of" in run.log()
        assert run.r.config_get("aof-load-truncated") == {"aof-load-truncated": "no"}
        os.kill(run.children()["redis-server"], signal.SIGKILL)
        assert wait_for("redis to come back", lambda: books_of(run)) == books


def delivered_ids(run):
    return [json.loads(line)["id"] for path in pathlib.Path(run.env["OBJECTS"]).rglob("*")
            if path.is_file() and not path.name.startswith(".") for line in path.open()]


def test_a_stop_in_the_middle_of_a_file_loses_and_doubles_nothing(tmp_path):
    rows = 300_000
    file = tmp_path / "in.csv"
    file.write_text("id,name\n" + "".join(f"{i},name number {i}\n" for i in range(rows)))
    with Run(tmp_path) as run:
        job = "sp:{0}:job:" + run.command("send", file).stdout.split()[0]
        wait_for("some rows to be read", lambda: int(run.r.hget(job, "row") or 0) > 1000)
        assert run.interrupt() == ("", 0)
    assert len(delivered_ids(run)) < rows  # else it proves nothing
    with Run(tmp_path) as run:
        source = wait_for("the job to know its source", lambda: run.r.hget(job, "src"))
        wait_for("all rows to be through", lambda: run.r.hget(job, "state") == "done"
                 and run.r.hget("sp:{0}:source:" + source, "open") == "0")
        books = run.r.hgetall("sp:{0}:source:" + source)
        assert (books["rows"], books["delivered"]) == (str(rows), str(rows))
        assert run.interrupt() == ("", 0)  # firehose-local writes what it still holds
    ids = delivered_ids(run)
    assert (len(ids), len(set(ids))) == (rows, rows)


@pytest.mark.parametrize("words, status, said", [
    (["run"], 2, "one pipeline file"),
    (["run", "/no/such/file.yaml"], 2, "/no/such/file.yaml"),
    (["run", "{bad}"], 78, "unknown"),
    (["run", "{good}", "--fsync", "sometimes"], 2, "--fsync"),
    (["run", "{good}", "--workers", "0"], 2, "--workers"),
])
def test_mistakes_start_nothing(tmp_path, words, status, said):
    good = Run(tmp_path).pipeline
    bad = tmp_path / "bad.yaml"
    bad.write_text(good.read_text().replace("required:", "requierd:"))
    words = [word.format(good=good, bad=bad) for word in words]
    done = subprocess.run([STANDPIPE, *words, "--dir", tmp_path / "data"], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert not (tmp_path / "data/redis.sock").exists()
