"""A real redis-server of its own on a unix socket, started in a directory and stopped by its pid."""
import pathlib
import subprocess
import time

import redis

DEADLINE_S = 20
REDIS_START = pathlib.Path(__file__).resolve().parents[2] / "tools/redis-start"


class RedisServer:
    """Settings are given as keywords (appendonly="yes", aof_load_truncated="no"); the data stays in `folder`,
    so that a stopped server can be started again on what it left: by tools/redis-start, as it should be everywhere."""

    def __init__(self, folder, **settings):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket = str(self.folder / "redis.sock")
        self.settings = {"port": "0", "save": "", "appendonly": "no", "unixsocket": self.socket,
                         "dir": str(self.folder), "maxmemory-policy": "noeviction", "busy-reply-threshold": "1000",
                         **{name.replace("_", "-"): value for name, value in settings.items()}}
        self.process, self.environment = None, None

    @property
    def log(self):
        return self.folder / "redis.log"

    def start(self):
        words = [word for name, value in self.settings.items() for word in (f"--{name}", value)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([REDIS_START, self.folder, "redis-server", *words], stdout=log, stderr=log,
                                            env=self.environment)
        deadline = time.monotonic() + DEADLINE_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"redis-server did not start:\n{self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.005)
        return self

    def _answers(self):
        try:
            with self.client() as r:
                return r.ping()
        except redis.exceptions.ConnectionError:  # also while it is loading
            return False

    def client(self, **options):
        return redis.Redis(unix_socket_path=self.socket, decode_responses=True, **options)

    def stop(self):
        """As SIGTERM: the AOF is written to its end."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(DEADLINE_S)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE_S)

    def restart(self):
        self.stop()
        return self.start()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
