"""deploy/docker-compose.yml for real: builds the images, runs one service a stage with three
normalisers, puts a file through the mounted folder and reads counts and objects back. Skipped
where no Docker engine answers; tools/test-compose starts one."""
import collections
import csv
import json
import os
import pathlib
import shutil
import subprocess
import time
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "deploy/docker-compose.yml"
OUI = pathlib.Path("/usr/share/ieee-data/oui.csv")
SERVICES = ["redis", "dispatch", "split", "normalise", "enrich", "deliver", "firehose"]


def engine_missing():
    for program in ("docker", "docker-compose"):
        if not shutil.which(program):
            return f"{program} is not installed"
    if subprocess.run(["docker", "info"], capture_output=True).returncode:
        return "no Docker engine answers; tools/test-compose starts one"
    image = ["docker", "image", "inspect", "debian:12-slim"]
    if subprocess.run(image, capture_output=True).returncode:
        return "the engine has no debian:12-slim; tools/test-compose gets or makes it"
    return None


def wait_for(what, condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.5)


class Stack:
    def __init__(self, inbox, secrets):
        self.tag = "test-" + uuid.uuid4().hex[:8]
        self.env = {**os.environ, "STANDPIPE_TAG": self.tag, "STANDPIPE_INBOX": str(inbox),
                    "STANDPIPE_SECRETS": str(secrets), "COMPOSE_PROJECT_NAME": "standpipe" + self.tag.replace("-", "")}

    def compose(self, *words, timeout=900):
        done = subprocess.run(["docker-compose", "-f", COMPOSE, *words], env=self.env, text=True,
                              capture_output=True, timeout=timeout)
        assert done.returncode == 0, f"{words}: {done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def redis(self, *words):
        return self.compose("exec", "-T", "redis", "redis-cli", *words).strip()

    def hash(self, key):
        words = self.redis("HGETALL", key).splitlines()
        return dict(zip(words[::2], words[1::2]))

    def containers(self, service):
        ids = self.compose("ps", "-q", service).split()
        return json.loads(subprocess.run(["docker", "inspect", *ids], check=True,
                                         capture_output=True).stdout)

    def remove(self):
        self.compose("down", "-v", "--remove-orphans", "-t", "30")
        for image in ("standpipe", "standpipe-redis"):
            subprocess.run(["docker", "image", "rm", "-f", f"{image}:{self.tag}"],
                           capture_output=True)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    reason = engine_missing()
    if reason:
        assert os.environ.get("STANDPIPE_COMPOSE") != "required", reason
        pytest.skip(reason)
    inbox, secrets = tmp_path_factory.mktemp("inbox"), tmp_path_factory.mktemp("secrets")
    for folder in (inbox, secrets, *inbox.parents[:2]):
        folder.chmod(0o755)  # user 65532 of the containers reads it
    shutil.copy(OUI, inbox / "oui.csv")
    (secrets / "geo_key").write_text("sesame\n")
    stack = Stack(inbox, secrets)
    proxies = [x for name in ("http_proxy", "https_proxy", "no_proxy") if name in os.environ
               for x in ("--build-arg", f"{name}={os.environ[name]}")]
    try:
        stack.compose("build", *proxies)
        stack.compose("up", "-d", "--scale", "normalise=3")
        yield stack
    finally:
        stack.remove()


@pytest.fixture(scope="module")
def books(stack):
    """The file was put in and went through."""
    wait_for("redis", lambda: stack.redis("PING") == "PONG", 60)
    job = stack.redis("XADD", "sp:inbox", "*", "uri", "file:///data/in/oui.csv")
    state = {}

    def is_through():
        state.update(stack.hash("sp:{0}:job:" + job))
        if "src" in state:
            state.update(stack.hash("sp:{0}:source:" + state["src"]))
        assert state.get("state") != "failed", state
        return state.get("state") == "done" and state.get("open") == "0"

    try:
        wait_for("the file to be through", is_through, 180)
    except AssertionError:
        print(stack.compose("logs", "--tail=30"))
        raise
    return {key: int(state.get(key, 0)) for key in ("rows", "delivered", "dead", "filtered")}


def rows_of_file():
    with open(OUI, newline="", encoding="utf-8") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def test_every_row_is_accounted_for(books):
    assert books["rows"] == rows_of_file()
    assert books["delivered"] + books["dead"] + books["filtered"] == books["rows"]


def test_counts_are_read_with_redis_cli(stack, books):
    counts = stack.hash("sp:{0}:count:by_country:total")
    assert sum(int(x) for x in counts.values()) == books["delivered"]


def test_objects_hold_what_the_books_say(stack, books, tmp_path):
    stack.compose("stop", "firehose")  # writes what it still holds
    container = stack.containers("firehose")[0]["Id"]
    subprocess.run(["docker", "cp", f"{container}:/data/firehose", tmp_path], check=True,
                   capture_output=True)
    stack.compose("start", "firehose")
    ids = collections.Counter()
    for path in (tmp_path / "firehose").rglob("*"):
        if path.is_file() and not path.name.startswith("."):
            ids.update(json.loads(line)["sp_id"] for line in path.read_text().splitlines())
    assert len(ids) == books["delivered"]
    assert set(ids.values()) == {1}


def test_services_are_healthy_and_scaled(stack, books):
    assert len(stack.containers("normalise")) == 3

    def all_healthy():
        return all(container["State"]["Health"]["Status"] == "healthy"
                   for service in SERVICES for container in stack.containers(service))

    wait_for("all services to be healthy", all_healthy, 60)


@pytest.mark.parametrize("service", SERVICES)
def test_container_is_confined(stack, books, service):
    for container in stack.containers(service):
        host = container["HostConfig"]
        assert container["Config"]["User"] == "65532:65532"
        assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"]
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert not any(host["PortBindings"].values() if host["PortBindings"] else [])
        assert container["Config"]["StopTimeout"] == 30


def test_look_ups_find_their_keys(stack, books):
    """Where docs/lookups.md says that they are read, in that service alone, and not to be written."""
    mounts = {service: [m for m in stack.containers(service)[0]["Mounts"] if m["Destination"] == "/run/secrets"]
              for service in ("enrich", "normalise")}
    assert mounts["normalise"] == [] and [(m["Source"], m["RW"]) for m in mounts["enrich"]] == [(stack.env["STANDPIPE_SECRETS"], False)]
