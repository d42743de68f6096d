"""The demo's job with `kill -9` of one process in the middle: final figures stay as they are without it, but for
records that Firehose was sent twice because an answer was lost; those are counted as ambiguous."""
import collections
import csv
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.request

import pytest
import redis

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("STANDPIPE_BUILD", ROOT / "build"))
FILES = [pathlib.Path(f"/usr/share/ieee-data/{name}.csv") for name in ("oui", "oui36", "mam", "iab")]
VICTIMS = ["dispatch", "split", "normalise", "deliver", "redis-server", "firehose-local"]

pytestmark = [pytest.mark.slow,
              pytest.mark.skipif(not FILES[0].exists(), reason="Debian's ieee-data is not installed")]


def wait_for(what, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except (redis.exceptions.ConnectionError, redis.exceptions.BusyLoadingError):
            pass  # it was killed, or reads its file
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.01)


class Run:
    """`standpipe run` on the demo's pipeline, in a folder of its own."""

    def __init__(self, folder):
        self.folder, self.objects = folder, folder / "data/objects"
        self.log = (folder / "run.log").open("wb")
        self.process = subprocess.Popen(
            [BUILD / "workers/standpipe", "run", ROOT / "deploy/examples/ieee.yaml", "--dir", folder / "data",
             "--buffer-interval", "1s"], stdout=self.log, stderr=self.log)
        self.r = redis.Redis(unix_socket_path=str(folder / "data/redis.sock"), decode_responses=True)
        wait_for("run to be ready", self.is_ready)
        self.jobs = []

    def is_ready(self):
        assert self.process.poll() is None, (self.folder / "run.log").read_text()
        return (self.folder / "data/env").exists()

    def children(self):
        """Name (a worker's kind, a program) to pid."""
        found = {}
        path = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for pid in path.read_text().split():
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            program = words[0].decode().split(" ")[0].rpartition("/")[2]
            # redis-server rewrites its title: "redis-server unixsocket:/..."
            found[words[1].decode() if program == "standpipe" else program] = int(pid)
        return found

    def slow_down(self, latency_ms):
        """Let Firehose think about each call, so that there is a middle."""
        env = dict(line.split("=", 1) for line in (self.folder / "data/env").read_text().splitlines())
        request = urllib.request.Request(env["FIREHOSE"] + "/_local/faults", method="POST",
                                         data=json.dumps({"latency_ms": latency_ms}).encode())
        urllib.request.urlopen(request, timeout=10).close()

    def enqueue(self, files):
        self.jobs += [self.r.xadd("sp:inbox", {"uri": f"file://{file}"}) for file in files]

    def books(self):
        """The sums of all files, and whether all are through."""
        total, is_through = collections.Counter(), True
        for job in self.jobs:
            state = self.r.hgetall("sp:{0}:job:" + job)
            assert state.get("state") != "failed", state
            source = self.r.hgetall("sp:{0}:source:" + state["src"]) if "src" in state else {}
            total.update({name: int(source.get(name, 0)) for name in ("rows", "delivered", "dead", "filtered")})
            is_through &= state.get("state") == "done" and source.get("open") == "0"
        return total, is_through

    def figures(self):
        """What the demo shows, once all files are through and written."""
        wait_for("all files to be through", lambda: self.books()[1], 120)
        total, _ = self.books()
        ambiguous = int(self.r.hget("sp:{0}:books", "ship:ambiguous") or 0)
        counts = self.r.hgetall("sp:{0}:count:by_country:total")
        self.stop()
        ids = collections.Counter()
        for path in self.objects.rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                with path.open() as file:
                    ids.update(json.loads(line)["sp_id"] for line in file)
        return {"books": dict(total), "counts": counts, "ids": set(ids)}, ids.total() - len(ids), ambiguous

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.r.close()
        self.log.close()


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path)
    yield run
    run.stop()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    run = Run(tmp_path_factory.mktemp("undisturbed"))
    try:
        run.enqueue(FILES)
        figures, copies, ambiguous = run.figures()
    finally:
        run.stop()
    assert (copies, ambiguous) == (0, 0)
    return figures


def rows_of_files():
    total = 0
    for path in FILES:
        with path.open(newline="", encoding="utf-8") as file:
            total += sum(1 for _ in csv.reader(file)) - 1
    return total


def test_every_row_comes_out_once(undisturbed):
    books = undisturbed["books"]
    assert books["rows"] == rows_of_files()
    assert books["delivered"] + books["dead"] + books["filtered"] == books["rows"]
    assert len(undisturbed["ids"]) == books["delivered"]
    assert sum(int(x) for x in undisturbed["counts"].values()) == books["delivered"]


@pytest.mark.parametrize("moment", ["rows", "delivered"])
@pytest.mark.parametrize("victim", VICTIMS)
def test_kill_changes_no_figure(run, undisturbed, victim, moment):
    run.slow_down(100)
    pid = run.children()[victim]
    run.enqueue(FILES)
    wait_for(f"some to be counted as {moment}", lambda: run.books()[0][moment] > 1000)
    os.kill(pid, signal.SIGKILL)
    figures, copies, ambiguous = run.figures()
    assert figures == undisturbed
    assert copies <= ambiguous
