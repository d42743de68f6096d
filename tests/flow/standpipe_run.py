"""`standpipe run` in a directory of its own, and the other commands against it."""
import os
import pathlib
import pty
import shlex
import signal
import subprocess
import time

import pytest
import redis

BUILD = pathlib.Path(os.environ.get("STANDPIPE_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))
STANDPIPE = BUILD / "workers/standpipe"
DEADLINE_S = 60
IS_SANITIZED = STANDPIPE.exists() and b"__asan_init" in STANDPIPE.read_bytes()  # test-compose has no build

PIPELINE = """\
pipeline: people
stages:
  rows: {split: {format: csv}}
  tidy:
    normalise:
      fields:
        id:   {from: [id], required: true}
        name: {from: [name]}
  ship: {deliver: {firehose: {stream: people, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: tidy}
  - {from: tidy, to: ship}
"""


def terminal():
    """Our end and the program's end of a new terminal."""
    try:
        return pty.openpty()
    except OSError as why:
        pytest.skip(f"no terminal to be had here: {why}")


def wait_for(what, condition, seconds=DEADLINE_S):
    """Until the condition gives something true, which is returned."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = condition()
            if found:
                return found
        except (redis.exceptions.ConnectionError, redis.exceptions.BusyLoadingError):
            pass  # it was killed, or reads its file
        except redis.exceptions.ResponseError as answer:
            if "no such key" not in str(answer).lower():
                raise  # else: what is asked about was not made yet
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.01)


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Run:
    def __init__(self, folder, *options, pipeline=PIPELINE):
        self.folder, self.data, self.options = folder, folder / "data", options
        self.pipeline = folder / "pipeline.yaml"
        self.pipeline.write_text(pipeline)
        self.process = None

    def launch(self):
        words = [STANDPIPE, "run", self.pipeline, "--dir", self.data, "--buffer-interval", "1s", *self.options]
        with (self.folder / "run.log").open("ab") as log:
            # A session of its own, as a terminal gives it: Ctrl-C goes to the whole process group.
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True,
                                            start_new_session=True)
        return self

    def start(self):
        self.launch()
        self.ready = self.process.stdout.readline()
        assert self.ready, f"run did not become ready:\n{self.log()[-4000:]}"
        self.env = dict(shlex.split(line)[0].split("=", 1) for line in (self.data / "env").read_text().splitlines())
        self.r = redis.Redis(unix_socket_path=self.env["SOCKET"], decode_responses=True)
        return self

    def log(self):
        return (self.folder / "run.log").read_text(errors="replace")

    def children(self):
        """Name (of a worker, or of a program) to pid."""
        found = {}
        pid = self.process.pid
        for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            try:
                words = pathlib.Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
            except FileNotFoundError:
                continue  # it has just gone
            name = words[words.index("--name") + 1] if "--name" in words else words[0]
            # redis-server changes its title to "redis-server unixsocket:/..."
            found[name.partition(" ")[0].rpartition("/")[2]] = int(child)
        return found

    def command(self, *words, **options):
        return subprocess.run([STANDPIPE, *words], capture_output=True, text=True, timeout=DEADLINE_S,
                              env={**os.environ, "STANDPIPE_REDIS": self.env["STANDPIPE_REDIS"]}, **options)

    def interrupt(self):
        """Ctrl-C; what it printed after the ready line, and its exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        output, _ = self.process.communicate(timeout=DEADLINE_S)
        return output, self.process.returncode

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.communicate(timeout=DEADLINE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.communicate()
