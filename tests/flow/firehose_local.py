"""A real firehose-local on a free port of 127.0.0.1, stopped by its pid."""
import json
import os
import pathlib
import re
import subprocess
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("STANDPIPE_BUILD", ROOT / "build"))
DEADLINE_S = 20
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local/secret+key"}


class FirehoseLocal:
    """`folder` holds the objects; options are further words of the command line."""

    def __init__(self, folder, *options):
        self.folder = pathlib.Path(folder)
        self.options = options
        self.process = None
        self.url = None

    def start(self):
        environment = {**os.environ, **KEYS}
        self.process = subprocess.Popen(
            [BUILD / "tools/firehose-local", "--listen", "127.0.0.1:0", "--dir", self.folder, *self.options],
            stdout=subprocess.PIPE, env=environment, text=True)
        line = self.process.stdout.readline()  # printed when it is ready, empty when it ended
        found = re.fullmatch(r"firehose-local listening on (http://127\.0\.0\.1:\d+)\n", line)
        if not found:
            self.kill()
            raise RuntimeError(f"firehose-local did not start: {line!r}")
        self.url = found.group(1)
        return self

    def client(self, **keys):
        """A boto3 client that never retries."""
        import boto3
        from botocore.config import Config
        return boto3.client(
            "firehose", endpoint_url=self.url, region_name="eu-west-1",
            aws_access_key_id=keys.get("id", KEYS["AWS_ACCESS_KEY_ID"]),
            aws_secret_access_key=keys.get("secret", KEYS["AWS_SECRET_ACCESS_KEY"]),
            aws_session_token=keys.get("token"),
            config=Config(retries={"max_attempts": 0}, read_timeout=DEADLINE_S))

    def local(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.url}/_local/{path}", data=data, timeout=DEADLINE_S) as answer:
            return json.load(answer)

    def faults(self, **faults):
        return self.local("faults", faults)

    def meter(self, stream=None):
        meter = self.local("meter")
        return meter["streams"][stream] if stream else meter["total"]

    def objects(self, stream):
        """Finished objects, oldest first."""
        return sorted(x for x in (self.folder / stream).rglob("*") if x.is_file() and not x.name.startswith("."))

    def stop(self):
        """As SIGTERM: what is open becomes an object. Returns the exit status."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
        return self._ended()

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        return self._ended()

    def _ended(self):
        if not self.process:
            return None
        status = self.process.wait(DEADLINE_S)
        self.process.stdout.close()
        return status

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
