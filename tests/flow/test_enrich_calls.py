"""Calls of the stage `enrich` to a service (docs/lookups.md): how many at once, where they may go, what they carry."""
import http.server
import json
import threading

import pytest

from lookup_local import LookupLocal
from standpipe_run import wait_for
from test_enrich import WORKERS, send, settled

BORNE = 8
PIPELINE = """\
pipeline: places
stages:
  locate:
    enrich:
      http: {url: "%(url)s/geo/{country}?city={city}"%(more)s}
      set: {lat: /results/0/lat}
      on_failure: %(on_failure)s
    retry: {attempts: 50, wait: 10ms..50ms}
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: locate}
  - {from: locate, to: ship}
"""
LOOPBACK = ", allow_cidr: [127.0.0.0/8]"


def apply(p, url, more=LOOPBACK, on_failure="retry"):
    p.apply(PIPELINE % {"url": url, "more": more, "on_failure": on_failure})


def towns(first, last):
    return ({"country": "GB", "city": f"town {i}"} for i in range(first, last))


def test_a_service_that_bears_so_many_is_asked_by_no_more(pipeline):
    """Beyond them it answers 503: the limit stays at that, but for a probe now and then."""
    with LookupLocal("--invent", "--faults", json.dumps({"latency_ms": 15, "refuse_at": BORNE})) as lookup:
        apply(pipeline, lookup.url)
        pipeline.start(*WORKERS)
        send(pipeline, *towns(0, 1500))
        wait_for("it to know the service", lambda: lookup.meter()["calls"] >= 700)
        lookup.reset()
        assert len(settled(pipeline, 1500)) == 1500
        late = lookup.meter()
        assert late["most_in_flight"] <= BORNE + 2
        assert late["failed"] <= late["calls"] * 0.05


def test_only_global_addresses_are_called(pipeline):
    with LookupLocal("--invent") as lookup:
        apply(pipeline, lookup.url, more="", on_failure="dead")
        pipeline.start(*WORKERS)
        send(pipeline, *towns(0, 3))
        assert settled(pipeline, 3) == {}
        assert {letter["reason"] for letter in pipeline.dead()} == {"lookup_failed"}
        assert lookup.meter()["calls"] == 0
        assert "address" in json.dumps(pipeline.dead())


class Service(http.server.BaseHTTPRequestHandler):
    """Keeps what it was asked."""

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        body = b'{"results":[{"lat":1.10}]}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_secrets_and_values_go_where_they_belong(pipeline, service, tmp_path, monkeypatch):
    secret = "s3cret-of-the-geocoder"
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/geo_key").write_text(secret + "\n")
    monkeypatch.setenv("STANDPIPE_SECRETS", str(tmp_path / "secrets"))
    apply(pipeline, f"http://127.0.0.1:{service.server_port}",
          LOOPBACK + ", headers: {X-Key: !secret geo_key, X-City: 'of {city}'}")
    pipeline.start(*WORKERS)
    evil = "../../evil?x=1&y=2#z@h"
    send(pipeline, {"country": "..", "city": "x"}, {"country": evil, "city": evil},
         {"country": "GB", "city": "a\r\nX-Evil: 1"})
    assert [i for i, d in settled(pipeline, 3).items() if "lat" in d] == [2]  # the others cannot be asked for
    assert [path for path, _ in service.asked] == [
        "/geo/" + "..%2F..%2Fevil%3Fx%3D1%26y%3D2%23z%40h" + "?city=" + "..%2F..%2Fevil%3Fx%3D1%26y%3D2%23z%40h"]
    headers = service.asked[0][1]
    assert headers["X-Key"] == secret and headers["X-City"] == "of " + evil and "X-Evil" not in headers
    kept = pipeline.r.get("sp:pipeline")
    assert "geo_key" in kept and secret not in kept
    assert not any(secret in log.read_text(errors="replace") for log in pipeline.folder.glob("*.log"))
