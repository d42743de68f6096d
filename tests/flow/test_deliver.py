"""The deliverer against a Firehose that fails in every way: each document arrives, none is thrown away, and one
arrives twice only where an answer left open whether it had been taken; those are counted as ambiguous."""
import collections
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.request

import pytest

BUILD = pathlib.Path(os.environ.get("STANDPIPE_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))
DOCUMENTS, DEADLINE_S = 3000, 60
SRC = "00112233aabbccdd"
PIPELINE = """
pipeline: faults
stages:
  ship: {deliver: {linger: 20ms, firehose: {stream: s, record_bytes: 2KiB, call_bytes: 16KiB}}}
routes:
  - {from: inbox, to: ship}
"""


def wait_for(what, condition, explain=lambda: ""):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {DEADLINE_S} s for {what}\n{explain()}"
        time.sleep(0.01)


class Firehose:
    """firehose-local in a folder of its own, and what was asked of it."""

    def __init__(self, folder):
        self.objects, port_file = folder / "objects", folder / "port"
        self.log = (folder / "firehose.log").open("wb")
        self.process = subprocess.Popen(
            [BUILD / "tools/firehose-local", "--listen", "127.0.0.1:0", "--port-file", port_file, "--dir", self.objects,
             "--streams", "s", "--access-key", "a", "--secret-key", "b", "--buffer-interval", "100ms"],
            stdout=self.log, stderr=self.log)
        wait_for("firehose-local", lambda: port_file.exists() and port_file.read_text().strip())
        self.url = f"http://127.0.0.1:{port_file.read_text().strip()}"

    def ask(self, path, value=None):
        body = None if value is None else json.dumps(value).encode()
        with urllib.request.urlopen(self.url + path, body, timeout=10) as answer:
            return json.load(answer)

    def documents(self):
        """What arrived, after an end that writes everything."""
        self.stop()
        found = []
        for path in self.objects.rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                found += [json.loads(line) for line in path.read_text().splitlines()]
        return found

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(DEADLINE_S)
        self.log.close()


class Workers:
    """A dispatcher and a deliverer on one Redis."""

    def __init__(self, folder, server, endpoint):
        self.env = {**os.environ, "AWS_ENDPOINT_URL_FIREHOSE": endpoint, "AWS_ACCESS_KEY_ID": "a",
                    "AWS_SECRET_ACCESS_KEY": "b", "STANDPIPE_REDIS": f"unix://{server.socket}"}
        self.env.pop("AWS_SESSION_TOKEN", None)
        self.path = folder / "workers.log"
        (folder / "pipeline.yaml").write_text(PIPELINE)
        subprocess.run([BUILD / "workers/standpipe", "apply", folder / "pipeline.yaml"], env=self.env, check=True,
                       timeout=DEADLINE_S)
        self.log = self.path.open("wb")
        self.processes = [subprocess.Popen([BUILD / "workers/standpipe", kind], env=self.env, stdout=self.log,
                                           stderr=self.log) for kind in ("dispatch", "deliver")]

    def said(self):
        return self.path.read_text(errors="replace")[-2000:]

    def stop(self):
        """Exit statuses after SIGTERM."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        try:
            return [process.wait(DEADLINE_S) for process in self.processes]
        finally:
            for process in self.processes:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            self.log.close()


@pytest.fixture
def firehose(tmp_path):
    firehose = Firehose(tmp_path)
    yield firehose
    firehose.stop()


def send(r):
    """Documents through the door, 100 an entry; their numbers are their offsets."""
    for first in range(0, DOCUMENTS, 100):
        lines = [json.dumps({"sp_id": f"{SRC}-{i + 1}-{i}", "pad": "x" * (i % 200)}) for i in range(first, first + 100)]
        r.xadd("sp:inbox", {"data": "\n".join(lines), "src": SRC, "row": first + 1})


def books(r, name):
    return int(r.hget("sp:{0}:books", f"ship:{name}") or 0)


def deliver(tmp_path, server, r, firehose):
    """Copies beyond the first, and what the books call ambiguous."""
    workers = Workers(tmp_path, server, firehose.url)
    try:
        send(r)
        wait_for("delivery",
                 lambda: books(r, "out") + books(r, "dead") >= DOCUMENTS and books(r, "records") == 0,
                 lambda: f"{r.hgetall('sp:{0}:books')} {firehose.ask('/_local/meter')}\n{workers.said()}")
    finally:
        statuses = workers.stop()
    assert statuses == [0, 0], workers.said()
    assert (books(r, "in"), books(r, "out"), books(r, "dead")) == (DOCUMENTS, DOCUMENTS, 0)
    found = collections.Counter(document["sp_id"] for document in firehose.documents())
    assert set(found) == {f"{SRC}-{i + 1}-{i}" for i in range(DOCUMENTS)}
    return found.total() - len(found), books(r, "ambiguous")


REFUSED = [{}, {"record_fail": 0.3}, {"call_503": 0.3}, {"slice_reply": 1}, {"clock_skew": True},
           {"quota_bytes_per_s": 400000}, {"latency_ms": 20, "record_fail": 0.1}]


@pytest.mark.parametrize("faults", REFUSED, ids=json.dumps)
def test_what_was_refused_is_sent_again_once(tmp_path, server, r, firehose, faults):
    firehose.ask("/_local/faults", {"seed": 7, **faults})
    assert deliver(tmp_path, server, r, firehose) == (0, 0)


WRITTEN = [{"call_500_after_write": 0.3}, {"drop_after_write": 0.3}, {"call_500_after_write": 0.2, "record_fail": 0.2}]


@pytest.mark.parametrize("faults", WRITTEN, ids=json.dumps)
def test_copies_are_counted_as_ambiguous(tmp_path, server, r, firehose, faults):
    firehose.ask("/_local/faults", {"seed": 7, **faults})
    copies, ambiguous = deliver(tmp_path, server, r, firehose)
    assert 0 < copies <= ambiguous
    if "record_fail" not in faults:  # all of such a call was written, and all of it is sent again
        assert copies == ambiguous


def test_a_call_that_was_dropped_unread_is_ambiguous_but_no_copy(tmp_path, server, r, firehose):
    firehose.ask("/_local/faults", {"seed": 7, "drop_before": 0.3})
    copies, ambiguous = deliver(tmp_path, server, r, firehose)
    assert copies == 0 and ambiguous > 0


def test_an_answer_of_the_wrong_length_is_ambiguous(tmp_path, server, r, firehose):
    firehose.ask("/_local/faults", {"seed": 7, "short_reply": 0.3})
    copies, ambiguous = deliver(tmp_path, server, r, firehose)
    assert 0 < copies <= ambiguous


def test_documents_say_where_they_come_from(tmp_path, server, r, firehose):
    deliver(tmp_path, server, r, firehose)
    for document in firehose.documents():
        _, row, offset = document["sp_id"].split("-")
        source = document["sp_source"]
        assert (source["row"], source["offset"], source["pipeline"]) == (int(row), int(offset), 1)


def test_an_expired_token_holds_everything_and_loses_nothing(tmp_path, server, r, firehose):
    firehose.ask("/_local/faults", {"expired_token": True})
    workers = Workers(tmp_path, server, firehose.url)
    try:
        send(r)
        wait_for("the complaint", lambda: b"ExpiredToken" in workers.path.read_bytes())
        firehose.ask("/_local/faults", {})
        wait_for("delivery", lambda: books(r, "out") == DOCUMENTS)
    finally:
        workers.stop()
    assert books(r, "dead") == books(r, "ambiguous") == 0
