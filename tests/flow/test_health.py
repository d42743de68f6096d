"""`standpipe health`: exit 0 when the process answers 200 at /healthz, else 1 and a sentence."""
import http.server
import os
import pathlib
import subprocess
import threading

import pytest

BUILD = pathlib.Path(os.environ.get("STANDPIPE_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))


def health(address, **env):
    return subprocess.run([BUILD / "workers/standpipe", "health", *(["--http", address] if address else [])],
                          env={**os.environ, **env}, capture_output=True, text=True, timeout=20)


@pytest.fixture
def peer():
    """A server that answers /healthz with `peer.status`."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(self.server.status if self.path == "/healthz" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.status = 200
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_living_process_is_healthy(peer):
    assert health(f"127.0.0.1:{peer.server_port}").returncode == 0


def test_any_address_means_this_machine(peer):
    assert health(f"0.0.0.0:{peer.server_port}").returncode == 0


def test_the_address_comes_from_the_environment(peer):
    assert health(None, STANDPIPE_HTTP=f"127.0.0.1:{peer.server_port}").returncode == 0


def test_a_sick_process_is_not_healthy(peer):
    peer.status = 503
    done = health(f"127.0.0.1:{peer.server_port}")
    assert done.returncode == 1
    assert "503" in done.stderr


def test_nobody_there_is_not_healthy(peer):
    address = f"127.0.0.1:{peer.server_port}"
    peer.shutdown()
    peer.server_close()
    done = health(address)
    assert done.returncode == 1
    assert "no answer" in done.stderr
