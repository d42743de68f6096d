"""A real lookup-local on a free port of 127.0.0.1, stopped by its pid."""
import json
import os
import pathlib
import re
import subprocess
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("STANDPIPE_BUILD", ROOT / "build"))
DEADLINE_S = 20


class LookupLocal:
    """Options are further words of the command line."""

    def __init__(self, *options):
        self.options, self.process, self.url = options, None, None

    def start(self):
        self.process = subprocess.Popen([BUILD / "tools/lookup-local", "--listen", "127.0.0.1:0", *self.options],
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()  # printed when it is ready, empty when it ended
        found = re.fullmatch(r"lookup-local listening on (http://127\.0\.0\.1:\d+)\n", line)
        if not found:
            self.stop()
            raise RuntimeError(f"lookup-local did not start: {line!r}")
        self.url = found.group(1)
        # Whoever asks keeps the address, also of one that is started again.
        self.options = (*self.options, "--listen", self.url.removeprefix("http://"))
        return self

    def local(self, door, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.url}/_local/{door}", data=data, timeout=DEADLINE_S) as answer:
            return json.load(answer)

    def faults(self, **faults):
        return self.local("faults", faults)

    def meter(self):
        return self.local("meter")

    def keys(self):
        """Key to the number of its calls."""
        return self.local("keys")

    def arrivals(self):
        """Of all calls, us."""
        return self.local("arrivals")

    def reset(self):
        return self.local("meter", {})

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
        if self.process:
            self.process.wait(DEADLINE_S)
            self.process.stdout.close()
            self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
