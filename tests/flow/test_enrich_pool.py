"""What eight workers of an `enrich` stage share: one call a key, one rate however they come and go, one pause, one breaker."""
import itertools
import time

from enrich_pool import EnrichPool, longest_gap, most_in_a_window
from standpipe_run import wait_for


def test_ten_thousand_records_of_one_key_are_one_call(tmp_path):
    with EnrichPool(tmp_path) as p:
        p.lookup.faults(latency_ms=300)
        p.feed(["Leeds"] * 10_000)
        p.wait()
        assert p.lookup.keys() == {"GB|Leeds": 1}
        assert list(p.wrong()) == []


def test_a_warm_cache_makes_no_call_whoever_asks(tmp_path):
    with EnrichPool(tmp_path, workers=3) as p:
        cities = [f"c{i}" for i in range(500)]
        p.feed(cities)
        p.wait()
        for name in p.enrichers:
            p.worker(name).restart()
        p.lookup.reset()
        p.feed(cities * 4)
        p.wait()
        assert p.lookup.meter()["calls"] == 0
        assert list(p.wrong()) == []


def test_no_second_sees_more_calls_than_the_limit_while_workers_die(tmp_path):
    with EnrichPool(tmp_path, "rate: {limit: 40/s, burst: 6}", lease="1s") as p:
        p.feed([f"c{i}" for i in range(150)], an_entry=3)
        victims = itertools.cycle(p.enrichers)
        wait_for("calls", lambda: p.lookup.meter()["calls"])
        while p.lookup.meter()["calls"] < 120:
            time.sleep(0.25)  # between one kill and the next
            p.worker(next(victims)).restart()
        p.wait()
        assert most_in_a_window(p.lookup.arrivals(), 1_000_000) <= 40
        assert list(p.wrong()) == []


def test_retry_after_pauses_all_of_them(tmp_path):
    with EnrichPool(tmp_path) as p:
        p.lookup.faults(latency_ms=5, too_many_first=1, retry_after_s=2)
        p.feed([f"c{i}" for i in range(800)], an_entry=20)
        p.wait()
        assert longest_gap(p.lookup.arrivals()) > 1_800_000
        assert p.lookup.meter()["calls"] <= 801
        assert list(p.wrong()) == []


def test_a_service_that_is_down_gets_a_few_calls_and_then_probes(tmp_path):
    with EnrichPool(tmp_path, workers=4) as p:
        p.lookup.faults(failures=1)
        p.feed([f"c{i}" for i in range(200)], an_entry=10)
        wait_for("the breaker", lambda: p.r.hget("sp:gate:locate", "state") == "open")
        calls = p.lookup.meter()["calls"]
        p.lookup.faults()
        assert calls < 100
        time.sleep(1)  # of the five seconds for which it is open
        assert p.lookup.meter()["calls"] - calls <= 20  # those that were under way when it opened
        p.wait(30)
        assert list(p.wrong()) == []
