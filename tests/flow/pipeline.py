"""A whole pipeline of real processes: redis-server, firehose-local and any set of workers, each of which can be killed,
paused and started again by its name (`split-1`, `deliver-2`, `dispatch`, `redis`, `firehose`)."""
import collections
import json
import os
import pathlib
import re
import signal
import subprocess
import urllib.parse

from firehose_local import KEYS, FirehoseLocal
from redis_server import RedisServer
from standpipe_run import DEADLINE_S, IS_SANITIZED, STANDPIPE, wait_for

STREAMS = ("out", "side")
PLAIN = """\
pipeline: plain
stages:
  rows: {split: {format: csv}}
  tidy: {normalise: {}}
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: tidy}
  - {from: tidy, to: ship}
"""
WORKERS = ("dispatch", "split-1", "normalise-1", "deliver-1")
ALL_PENDING = "sp", "-", "+", 1 << 31  # thousands of them, when entries were cut apart


def uri_of(path):
    return "file://" + urllib.parse.quote(str(path))


class Worker:
    def __init__(self, pipeline, name, *options):
        self.pipeline, self.name, self.options = pipeline, name, options
        self.process = None
        self.program = pipeline.program
        self.address = None  # of another socket than that of Redis, from the next start on

    @property
    def kind(self):
        return self.name.partition("-")[0]

    @property
    def pid(self):
        return self.process.pid

    @property
    def log(self):
        return self.pipeline.folder / f"{self.name}.log"

    @property
    def words(self):
        """Its command line."""
        words = [self.program, self.kind, "--redis", f"unix://{self.address or self.pipeline.redis.socket}", "--name", self.name,
                 "--lease", self.pipeline.lease, *self.options]
        if self.kind in ("dispatch", "split"):
            words += ["--roots", ":".join(map(str, self.pipeline.roots))]
        return words

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.words, stdout=log, stderr=log, env=self.pipeline.environment)
        return self

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE_S)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        """SIGTERM; the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(DEADLINE_S)

    def restart(self):
        self.kill()
        return self.start()

    def stayed_below(self, mib):
        """At its peak; nothing is said of a process with AddressSanitizer, which keeps what was freed."""
        peak_kib = int(re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{self.pid}/status").read_text())[1])
        return IS_SANITIZED or peak_kib <= mib << 10

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def http(self):
        """Where it answers; None before it said so."""
        found = re.findall(r"event=started.* http=\"?([\d.]+:\d+)", self.log.read_text(errors="replace"))
        return found[-1] if found else None


class Pipeline:
    """Use as a context; everything that was started ends with it, by its pid."""

    program = STANDPIPE

    def __init__(self, folder, lease="30s", firehose_options=(), **redis_settings):
        self.folder, self.lease = pathlib.Path(folder), lease
        self.inputs = self.folder / "in"
        self.roots = [self.inputs]
        self.redis = RedisServer(self.folder / "redis", **redis_settings)
        self.firehose = FirehoseLocal(self.folder / "objects", "--streams", ",".join(STREAMS), "--buffer-interval", "1s",
                                      *firehose_options)
        self.workers, self.jobs, self.killed = {}, [], collections.Counter()
        self.r = None

    @property
    def environment(self):
        return {**os.environ, **KEYS, "AWS_ENDPOINT_URL_FIREHOSE": self.firehose.url,
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "detect_leaks=0")}

    def __enter__(self):
        self.inputs.mkdir(exist_ok=True)
        self.redis.start()
        self.r = self.redis.client()
        try:
            self.firehose.start()
        except BaseException:
            self.redis.kill()
            raise
        # Workers keep the address they were started with.
        self.firehose.options = (*self.firehose.options, "--listen", self.firehose.url.removeprefix("http://"))
        return self

    def __exit__(self, *_):
        for worker in self.workers.values():
            worker.kill()
        self.firehose.kill()
        self.r.close()
        self.redis.kill()
        assert not self.said("Sanitizer:") + self.said("runtime error:"), self.logs()

    # Processes.

    def start(self, *names):
        for name in names or WORKERS:
            self.workers[name] = Worker(self, name).start()
        return self

    def worker(self, name):
        return self.workers[name]

    def kill(self, name):
        """kill -9, and nobody starts it again."""
        self.killed[name] += 1
        {"redis": self.redis, "firehose": self.firehose}.get(name, self.workers.get(name)).kill()

    def revive(self, name):
        {"redis": self.redis, "firehose": self.firehose}.get(name, self.workers.get(name)).start()

    # Orders.

    def command(self, *words):
        return subprocess.run([self.program, *map(str, words), "--redis", f"unix://{self.redis.socket}"],
                              capture_output=True, text=True, timeout=DEADLINE_S, env=self.environment)

    def command_in_background(self, *words):
        return subprocess.Popen([STANDPIPE, *map(str, words), "--redis", f"unix://{self.redis.socket}"], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment)

    def apply(self, text=PLAIN):
        """The new version."""
        file = self.folder / "pipeline.yaml"
        file.write_text(text)
        done = self.command("apply", file)
        assert done.returncode == 0, done.stderr + done.stdout
        return int(re.search(r"version (\d+)", done.stdout)[1])

    def write(self, name, content):
        path = self.inputs / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def send(self, path, **fields):
        """A file, as redis-cli would add it; the id of its job."""
        self.jobs.append(self.r.xadd("sp:inbox", {"uri": uri_of(path), **fields}))
        return self.jobs[-1]

    def put(self, **fields):
        return self.r.xadd("sp:inbox", fields)

    # What can be seen.

    def stages(self):
        stands = json.loads(self.r.get("sp:pipeline"))
        return list(stands["pipeline"]["stages"])

    def topic(self, stage):
        return "sp:{0}:" + stage

    def topics(self):
        return ["sp:inbox", *map(self.topic, self.stages())]

    def books(self):
        return {name: int(value) for name, value in self.r.hgetall("sp:{0}:books").items()}

    def job(self, id):
        return self.r.hgetall("sp:{0}:job:" + id)

    def sources(self):
        """Source id to its hash."""
        return {key.rpartition(":")[2]: self.r.hgetall(key) for key in self.r.scan_iter("sp:{0}:source:*")}

    def dead(self):
        return [fields for _, fields in self.r.xrange("sp:{0}:dead")]

    def counts(self, name):
        """Window to {key: count}."""
        return {key.rpartition(":")[2]: {k: int(v) for k, v in self.r.hgetall(key).items()}
                for key in self.r.scan_iter("sp:{0}:count:" + name + ":*")}

    def documents(self, stream="out", src=""):
        """Everything that firehose-local said it had taken, finished objects or not; of one source only."""
        start = b'{"sp_id":"' + src.encode() if src else b""
        found = []
        for path in sorted((self.firehose.folder / stream).rglob("*")):
            if path.is_file() and path.name != ".meter":
                found += [json.loads(line) for line in path.read_bytes().split(b"\n") if line and line.startswith(start)]
        return found

    def pending(self):
        found = 0
        for topic in self.topics():
            for group in self.r.xinfo_groups(topic) if self.r.exists(topic) else []:
                found += group["pending"]
        return found

    def holders(self, stage):
        """Entry to the name of the worker that holds it, dead or alive."""
        found = {e["message_id"]: e["consumer"].partition(":")[0] for e in self.r.xpending_range(self.topic(stage), *ALL_PENDING)}
        return {id: name for id, name in found.items() if not name.startswith("~")}  # not what waits to be taken

    def is_at_rest(self):
        """Every job has an end, nothing waits, nothing is pending."""
        if any(self.job(id).get("state") not in ("done", "failed", "incomplete") and not self.is_refused(id) for id in self.jobs):
            return False
        if any(self.r.xlen(topic) for topic in self.topics()) or self.pending():
            return False
        return all(int(source.get("open", 0)) == 0 for source in self.sources().values())

    def is_refused(self, id):
        """The door made it a dead letter: there is no job."""
        return not self.r.xrange("sp:inbox", id, id) and not self.job(id)

    def rest(self, seconds=DEADLINE_S):
        wait_for("the pipeline to be at rest", self.is_at_rest, seconds)
        return self

    def said(self, text):
        """The workers in whose log it stands."""
        return [name for name, worker in self.workers.items() if text in worker.log.read_text(errors="replace")]

    def logs(self):
        return "\n".join(f"== {w.name}\n{w.log.read_text(errors='replace')[-3000:]}" for w in self.workers.values())
