"""The stage `enrich` with a real Redis, real workers and lookup-local: each outcome, the cache, the way out."""
import json
import time
import urllib.request

import pytest

from lookup_local import LookupLocal
from pipeline import DEADLINE_S
from standpipe_run import wait_for

SRC = "00112233aabbccdd"
PLACES = ("country,city,lat,lon\nGB,Leeds,53.80,-1.55\nGB,King's Lynn,52.75,0.40\nAT,Graz,47.07,15.44\n"
          "FR,Lyon,not a number,4.84\n")
PIPELINE = """\
pipeline: places
stages:
  locate:
    enrich:
      http: {url: "%(url)s/geo/{country}?city={city}", timeout: 2s, allow_cidr: [127.0.0.0/8]}
      set: {lat: {at: /results/0/lat, as: number}, lon: {at: /results/0/lon, as: number}}
%(more)s
    retry: {attempts: 3, wait: 10ms..50ms}
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: locate}
  - {from: locate, to: ship}
"""
WORKERS = ("dispatch", "enrich-1", "deliver-1")


@pytest.fixture
def lookup(tmp_path):
    (tmp_path / "places.csv").write_text(PLACES)
    with LookupLocal("--data", tmp_path / "places.csv", "--key", "country,city") as lookup:
        yield lookup


def send(p, *documents, row=1):
    lines = [json.dumps({"sp_id": f"{SRC}-{i}-{i}", **d}) for i, d in enumerate(documents, row)]
    p.put(data="\n".join(lines), src=SRC, row=row)


def begin(p, lookup, *more, workers=WORKERS, text=PIPELINE):
    p.apply(text % {"url": lookup.url, "more": "\n".join("      " + line for line in more)})
    p.start(*workers)


def settled(p, n):
    """Wait until so many documents have an end; those that arrived, without what delivery adds, by their row."""
    def ends():
        books = p.books()
        return books.get("ship:out", 0) + books.get("dead:records", 0) + books.get("locate:filtered", 0)
    wait_for(f"{n} documents", lambda: ends() >= n)
    p.rest()
    found = {}
    for document in p.documents():
        document.pop("sp_source")
        found[int(document.pop("sp_id").split("-")[1])] = document
    return found


def metric(p, what, result):
    with urllib.request.urlopen(f"http://{p.worker('enrich-1').http()}/metrics", timeout=DEADLINE_S) as answer:
        lines = answer.read().decode().splitlines()
    [value] = [line.split()[-1] for line in lines
               if line.startswith(f'standpipe_enrich_{what}_total{{stage="locate",result="{result}"')]
    return float(value)


def test_documents_get_what_the_service_knows(pipeline, lookup):
    begin(pipeline, lookup)
    send(pipeline, {"country": "GB", "city": "Leeds"}, {"country": "GB", "city": "King's Lynn", "lat": "?"},
         {"country": "AT", "city": "Graz"}, {"country": "XX", "city": "Nowhere"}, {"country": "FR", "city": "Lyon"})
    assert settled(pipeline, 5) == {
        1: {"country": "GB", "city": "Leeds", "lat": 53.80, "lon": -1.55},
        2: {"country": "GB", "city": "King's Lynn", "lat": 52.75, "lon": 0.40},
        3: {"country": "AT", "city": "Graz", "lat": 47.07, "lon": 15.44},
        4: {"country": "XX", "city": "Nowhere"},
        5: {"country": "FR", "city": "Lyon", "lat": None, "lon": 4.84,
            "sp_issues": [{"field": "lat", "issue": "unparsed", "reason": "is no number"}]}}
    assert lookup.meter()["calls"] == 5


def test_a_key_is_looked_up_once(pipeline, lookup):
    lookup.faults(latency_ms=50)
    begin(pipeline, lookup)
    for row in range(1, 1001, 100):
        send(pipeline, *({"country": "AT", "city": "Graz", "n": i} for i in range(100)), row=row)
    found = settled(pipeline, 1000)
    assert len(found) == 1000 and {d["lat"] for d in found.values()} == {47.07}
    assert lookup.keys() == {"AT|Graz": 1}
    told = {result: metric(pipeline, "cache", result) for result in ("fetched", "local", "joined")}
    assert told["fetched"] == 1 and sum(told.values()) == 1000 == metric(pipeline, "records", "found")


def test_the_condition_and_the_key(pipeline, lookup):
    begin(pipeline, lookup, 'when: country == "GB"', "key: [country, city]")
    send(pipeline, {"country": "GB", "city": "Leeds"}, {"country": "AT", "city": "Graz"}, {"country": "GB", "city": None})
    assert settled(pipeline, 3) == {1: {"country": "GB", "city": "Leeds", "lat": 53.80, "lon": -1.55},
                                    2: {"country": "AT", "city": "Graz"}, 3: {"country": "GB", "city": None}}
    assert lookup.keys() == {"GB|Leeds": 1}


NOTHING = {"country": "XX", "city": "Nowhere"}
OUTCOMES = [
    ("on_missing: pass", {}, NOTHING, NOTHING),
    ("on_missing: issue", {}, NOTHING, {**NOTHING, "sp_issues": [
        {"field": "locate", "issue": "missing", "reason": "the service knows none"}]}),
    ("on_missing: dead", {}, NOTHING, "lookup_missing"),
    ("on_missing: drop", {}, NOTHING, None),
    ("on_missing: dead", {}, {"country": "GB"}, "no_key"),
    ("on_failure: pass", {"failures": 1}, NOTHING, NOTHING),
    ("on_failure: issue", {"failures": 1, "status": 400}, NOTHING, {**NOTHING, "sp_issues": [
        {"field": "locate", "issue": "failed"}]}),
    ("on_failure: dead", {"garbage": 1}, {"country": "GB", "city": "Leeds"}, "lookup_failed"),
    ("on_failure: retry", {"failures": 1}, NOTHING, "lookup_failed"),
    ("on_failure: retry", {"failures": 1, "status": 403}, NOTHING, "lookup_failed"),
    ("on_failure: dead", {"drops": 1}, NOTHING, "lookup_failed"),
]


@pytest.mark.parametrize("word, faults, document, end", OUTCOMES, ids=lambda x: str(x)[:24])
def test_each_outcome(pipeline, lookup, word, faults, document, end):
    lookup.faults(**faults)
    begin(pipeline, lookup, word)
    send(pipeline, document)
    found = settled(pipeline, 1)
    books = pipeline.books()
    if end is None:
        assert not found and books["locate:filtered"] == 1
    elif isinstance(end, str):
        assert not found and [letter["reason"] for letter in pipeline.dead()] == [end]
    else:
        for issue in found[1].get("sp_issues", []):
            if issue["issue"] == "failed":
                assert issue.pop("reason")
        assert found == {1: end}


def test_a_failure_that_passes_is_tried_again(pipeline, lookup):
    lookup.faults(failures=0.4, seed=5)
    begin(pipeline, lookup)
    send(pipeline, *({"country": "AT", "city": "Graz", "n": i} for i in range(50)), {"country": "GB", "city": "Leeds"})
    found = settled(pipeline, 51)
    assert len(found) == 51 and all(d["lat"] for d in found.values())


def test_records_do_not_wait_for_ever_for_those_beside_them(pipeline, lookup):
    lookup.faults(silences=1)
    begin(pipeline, lookup, "when: city ~= nil", text=PIPELINE.replace("timeout: 2s", "timeout: 60s, patience: 1s"))
    send(pipeline, {"country": "AT"}, {"country": "AT", "city": "Graz"})
    wait_for("the one that needs no answer", lambda: pipeline.books().get("ship:out", 0) == 1)
    lookup.faults()


def test_it_stops_in_time_and_loses_nothing(pipeline, lookup):
    lookup.faults(latency_ms=60000)
    begin(pipeline, lookup, text=PIPELINE.replace("timeout: 2s", "timeout: 120s"))
    send(pipeline, {"country": "AT", "city": "Graz"})
    wait_for("the call", lambda: lookup.meter()["in_flight"] == 1)
    began = time.monotonic()
    assert pipeline.worker("enrich-1").stop() == 0
    assert time.monotonic() - began < 10
    lookup.faults()
    pipeline.worker("enrich-1").start()
    assert settled(pipeline, 1)[1]["lat"] == 47.07


def test_a_new_version_of_the_pipeline_asks_anew(pipeline, lookup):
    begin(pipeline, lookup)
    send(pipeline, {"country": "AT", "city": "Graz"})
    assert settled(pipeline, 1)[1]["lat"] == 47.07
    text = PIPELINE.replace("lat: {at: /results/0/lat, as: number}, ", "place: /results/0/city, ")
    pipeline.apply(text % {"url": lookup.url, "more": ""})
    wait_for("the version", lambda: "version=2" in pipeline.worker("enrich-1").log.read_text())
    send(pipeline, {"country": "AT", "city": "Graz"}, row=2)
    assert settled(pipeline, 2)[2]["place"] == "Graz"


TABLE = """\
pipeline: places
stages:
  locate:
    enrich:
      table: {name: cities, key: [country, city], fresh: 200ms}
      set: {lat: /lat, size: {at: /size, as: integer}}
      %(more)s
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: locate}
  - {from: locate, to: ship}
"""


def test_a_join_with_a_table(pipeline, lookup):
    rows = {'["AT","Graz"]': '{"lat":47.070,"size":"290000"}', '["GB","Leeds"]': '{"lat":53.8}'}
    pipeline.r.hset("sp:{0}:table:cities", mapping=rows)
    pipeline.apply(TABLE % {"more": "on_missing: issue"})
    pipeline.start(*WORKERS)
    send(pipeline, {"country": "AT", "city": "Graz"}, {"country": "GB", "city": "Leeds"}, {"country": "GB", "city": "York"},
         {"country": "GB"})
    found = settled(pipeline, 4)
    assert found[1] == {"country": "AT", "city": "Graz", "lat": 47.07, "size": 290000}
    assert found[2] == {"country": "GB", "city": "Leeds", "lat": 53.8}
    assert [found[n]["sp_issues"][0]["issue"] for n in (3, 4)] == ["missing", "no_key"]
    pipeline.r.hset("sp:{0}:table:cities", '["AT","Graz"]', '{"lat":1}')
    row = [4]

    def sees_the_new_row():
        row[0] += 1
        send(pipeline, {"country": "AT", "city": "Graz"}, row=row[0])
        return settled(pipeline, row[0])[row[0]]["lat"] == 1
    wait_for("the row that changed", sees_the_new_row)


def test_an_absent_table_is_said(pipeline, lookup):
    pipeline.apply(TABLE % {"more": ""})
    pipeline.start(*WORKERS)
    send(pipeline, {"country": "AT", "city": "Graz"})
    assert settled(pipeline, 1) == {1: {"country": "AT", "city": "Graz"}}
    assert pipeline.said("the table is empty or was not loaded") == ["enrich-1"]


MISTAKES = [
    ("http: {url: 'http://x/{a}'}", "enrich needs 'set'"),
    ("set: {a: /a}", "enrich needs a place to look up in"),
    ("http: {url: 'http://x/{a}'}\n      table: {name: t, key: a}\n      set: {a: /a}", "one place"),
    ("table: {name: t, key: a}\n      set: {a: /a}\n      cache: {}", "belongs to 'http'"),
    ("table: {name: T, key: a}\n      set: {a: /a}", "no name of a table"),
    ("table: {name: t, key: [[a]]}\n      set: {a: /a}", "a key is a member"),
    ("http: {url: 'http://x/{a}'}\n      set: {a: a}", "no JSON pointer"),
    ("http: {url: 'http://x/{a}'}\n      set: {a: /a}\n      when: a != 1", "write ~= for !="),
    ("http: {url: 'http://x/{a}'}\n      set: {a: /a}\n      on_missing: retry", "unknown word for 'on_missing' 'retry'"),
    ("http: {url: 'http://x/{a}'}\n      set: {a: /a}\n      on_failure: drop", "unknown word for 'on_failure' 'drop'"),
    ("http: {url: 'http://x/{a}'}\n      set: {a: /a}\n      cache: {jitter: 80%}", "at most 50%"),
    ("http: {url: 'http://x/{a}'}\n      set: {a: /a}\n      cache: {ttl: 30}", "30 what? write 30s"),
    ("http: {url: 'http://x/{a}'}\n      set: {a: /a}\n      rate: {limit: 4/s, burst: 5}", "from 1 to the limit"),
    ("http: {url: 'http://x/{a}'}\n      set: {a: /a}\n      chace: {}", "did you mean 'cache'?"),
]


@pytest.mark.parametrize("settings, said", MISTAKES, ids=lambda x: x[-30:])
def test_mistakes_are_said_with_their_place(pipeline, tmp_path, settings, said):
    file = tmp_path / "p.yaml"
    file.write_text("pipeline: p\nstages:\n  locate:\n    enrich:\n      " + settings +
                    "\n  ship: {deliver: {firehose: {stream: out}}}\nroutes:\n  - {from: inbox, to: locate}\n"
                    "  - {from: locate, to: ship}\n")
    done = pipeline.command("check", file)
    assert done.returncode == 78 and said in done.stdout + done.stderr


def test_tests_of_the_pipeline_say_what_is_answered(pipeline, tmp_path):
    file = tmp_path / "p.yaml"
    tests = """\
tests:
  - {name: found, stage: locate, in: {country: AT, city: Graz}, replies: {locate: {results: [{lat: "47.07", lon: 15.44}]}},
     out: {lat: 47.07, lon: 15.44}}
  - {name: none, from: inbox, in: {country: AT, city: Graz}, replies: {locate: missing}, issues: [locate:missing]}
  - {name: down, stage: locate, in: {country: AT, city: Graz}, replies: {locate: failed}, dead: lookup_failed}
"""
    file.write_text(PIPELINE % {"url": "http://127.0.0.1:1", "more": "      on_missing: issue"} + tests)
    done = pipeline.command("test", file)
    assert done.returncode == 0 and "3 passed" in done.stdout, done.stdout + done.stderr
    file.write_text(file.read_text().replace("replies: {locate: missing}, ", ""))
    done = pipeline.command("test", file)
    assert done.returncode != 0 and "replies" in done.stdout + done.stderr


def test_try_says_that_it_stops_before_enrich(pipeline, tmp_path):
    (tmp_path / "p.yaml").write_text((PIPELINE % {"url": "http://127.0.0.1:1", "more": ""}).replace(
        "stages:", "stages:\n  rows: {split: {}}").replace("to: locate}", "to: rows}\n  - {from: rows, to: locate}", 1))
    (tmp_path / "x.ndjson").write_text('{"country":"AT","city":"Graz"}\n')
    done = pipeline.command("try", tmp_path / "x.ndjson", "--pipeline", tmp_path / "p.yaml")
    assert done.returncode != 0 and "'locate' does not work offline: stop before it with --stage" in done.stderr
    done = pipeline.command("try", tmp_path / "x.ndjson", "--pipeline", tmp_path / "p.yaml", "--stage", "rows")
    assert done.returncode == 0, done.stderr


def test_a_live_check_asks_the_service(pipeline, lookup, tmp_path):
    file = tmp_path / "p.yaml"
    pipeline.apply(PIPELINE % {"url": lookup.url, "more": ""})  # so that the function library is there
    pipeline.start("dispatch")
    wait_for("the library", lambda: pipeline.r.function_list())
    for url, status in ((lookup.url, 0), ("http://127.0.0.1:1", 69)):
        file.write_text(PIPELINE % {"url": url, "more": ""})
        done = pipeline.command("check", "--live", file)
        assert done.returncode == status, done.stdout + done.stderr
    assert "stage 'locate': http://127.0.0.1:1/ does not answer" in done.stdout + done.stderr
