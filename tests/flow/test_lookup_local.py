"""lookup-local, as the tests of `enrich` use it: answers by key, faults on demand, and what it counts."""
import concurrent.futures
import json
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from lookup_local import BUILD, LookupLocal

CSV = "country,city,lat,lon\nGB,Leeds,53.80,-1.55\nGB,King's Lynn,52.75,0.40\nAT,Graz,47.07,15.44\nGB,Leeds,53.81,-1.56\n"


@pytest.fixture
def lookup(tmp_path):
    (tmp_path / "places.csv").write_text(CSV)
    with LookupLocal("--data", tmp_path / "places.csv", "--key", "country,city") as lookup:
        yield lookup


def ask(lookup, path, body=None):
    """Status, headers, body."""
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(lookup.url + path, data=data, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read()


WAYS = [("/?country=GB&city=Leeds", None), ("/x", {"country": "GB", "city": "Leeds"}), ("/Leeds?country=GB", None),
        ("/geo/v1/GB/Leeds", None), ("/v1/GB?city=Leeds", None)]


@pytest.mark.parametrize("path, body", WAYS)
def test_it_answers_by_key(lookup, path, body):
    status, headers, text = ask(lookup, path, body)
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(text) == {"results": [{"country": "GB", "city": "Leeds", "lat": "53.80", "lon": "-1.55"},
                                            {"country": "GB", "city": "Leeds", "lat": "53.81", "lon": "-1.56"}]}
    assert lookup.keys() == {"GB|Leeds": 1}


@pytest.mark.parametrize("path", ["/GB/King%27s%20Lynn", "/GB?city=King%27s+Lynn", "/King's%20Lynn?country=GB"])
def test_keys_are_decoded(lookup, path):
    assert json.loads(ask(lookup, path)[2])["results"][0]["lat"] == "52.75"


def test_unknown_keys_are_missing_or_invented(lookup):
    assert ask(lookup, "/FR/Lyon")[0] == 404
    assert lookup.meter()["missing"] == 1
    with LookupLocal("--invent", "--key", "q") as inventor:
        first, second = ask(inventor, "/a%22b"), ask(inventor, "/a%22b")
        assert first[0] == 200 and first[2] == second[2]
        assert json.loads(first[2])["results"][0]["key"] == 'a"b'
        assert inventor.keys() == {'a"b': 2}


def test_documents_of_a_file_of_lines(tmp_path):
    (tmp_path / "x.ndjson").write_text('{"id":7,"name":"seven","more":[1]}\n')
    with LookupLocal("--data", tmp_path / "x.ndjson", "--key", "id") as lookup:
        assert json.loads(ask(lookup, "/7")[2]) == {"results": [{"id": 7, "name": "seven", "more": [1]}]}


def test_too_many_requests_say_when_to_come_again(lookup):
    lookup.faults(too_many_first=2, retry_after_s=3)
    answers = [ask(lookup, "/AT/Graz") for _ in range(3)]
    assert [status for status, *_ in answers] == [429, 429, 200]
    assert answers[0][1]["retry-after"] == "3" and not answers[2][1]["retry-after"]


def test_more_than_its_limit_in_a_second_is_refused(lookup):
    lookup.faults(limit_per_s=5)
    assert [ask(lookup, "/AT/Graz")[0] for _ in range(8)] == [200] * 5 + [429] * 3


def test_shares_of_failures_are_drawn_from_the_seed(lookup):
    def run():
        lookup.faults(seed=3, failures=0.5, status=500)
        return [ask(lookup, "/AT/Graz")[0] for _ in range(20)]
    first = run()
    assert set(first) == {200, 500} and run() == first


def test_missing_keys_stay_missing(lookup):
    lookup.faults(missing=0.5)
    with LookupLocal("--invent", "--key", "q", "--faults", '{"missing":0.5}') as inventor:
        first = [ask(inventor, f"/{i}")[0] for i in range(40)]
        assert set(first) == {200, 404} and [ask(inventor, f"/{i}")[0] for i in range(40)] == first


def test_connections_are_dropped_and_bodies_spoilt(lookup):
    lookup.faults(drops=1)
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        ask(lookup, "/AT/Graz")
    lookup.faults(garbage=1)
    status, headers, text = ask(lookup, "/AT/Graz")
    assert status == 200 and headers["content-type"] == "text/html" and not text.startswith(b"{")
    assert (lookup.meter()["dropped"], lookup.meter()["garbage"]) == (1, 1)


def test_beyond_its_slots_they_wait_in_line(lookup):
    lookup.faults(slots=2, latency_ms=50)
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert {status for status, *_ in pool.map(lambda _: ask(lookup, "/AT/Graz"), range(8))} == {200}
    assert time.monotonic() - began > 0.19  # four rounds of two
    meter = lookup.meter()
    assert meter["in_flight"] == 0 and 2 < meter["most_in_flight"] <= 8
    arrivals = lookup.arrivals()
    assert len(arrivals) == 8 and arrivals == sorted(arrivals)
    lookup.reset()
    assert lookup.meter()["calls"] == 0 and lookup.keys() == {} and lookup.arrivals() == []


def test_at_its_end_it_refuses(lookup):
    lookup.faults(refuse_at=2, latency_ms=200)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = sorted(status for status, *_ in pool.map(lambda _: ask(lookup, "/AT/Graz"), range(8)))
    assert statuses == [200] * 2 + [503] * 6


def test_an_unknown_fault_is_named(lookup):
    with pytest.raises(urllib.error.HTTPError) as e:
        lookup.faults(latency=3)
    assert b"unknown fault 'latency'" in e.value.read()


@pytest.mark.parametrize("words, said", [(["--data", "/nowhere"], "nowhere"), (["--faults", "{\"x\":1}"], "unknown fault"),
                                         (["--key", ","], "no key"), (["more"], "one word too many")])
def test_it_says_why_it_does_not_start(words, said):
    done = subprocess.run([BUILD / "tools/lookup-local", "--listen", "127.0.0.1:0", *words], capture_output=True, text=True,
                          timeout=20)
    assert done.returncode != 0 and said in done.stderr
