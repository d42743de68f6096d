"""kill -9 of every process at moments drawn from a seed, zombies that wake up behind their lease, and a Redis that dies
under load: whatever happens every row comes out, the books are right, and what came twice was ambiguous."""
import random
import time

import pytest
from checker import check, consumers
from numbered import PIPELINE, Rows
from standpipe_run import wait_for

LEASE_S = 2
FLEET = ("dispatch", "split-1", "split-2", "normalise-1", "normalise-2", "deliver-1", "deliver-2")


@pytest.fixture
def fleet(pipeline):
    p = pipeline
    p.lease = f"{LEASE_S}s"
    p.apply(PIPELINE.format(call="64KiB"))
    return p.start(*FLEET)


def is_begun(p, rows, least=5000):
    src = p.job(rows.job).get("src")
    return src and int(p.sources().get(src, {}).get("delivered", 0)) >= least


def is_over(p, rows):
    job = p.job(rows.job)
    return job.get("state") == "done" and p.sources()[job["src"]]["open"] == "0"


def no_consumer_without_a_worker(p):
    alive = {worker.name for worker in p.workers.values() if worker.is_alive()}
    return all(name.partition(":")[0] in alive for names in consumers(p).values() for name in names)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_kills_of_workers_lose_nothing_and_double_only_what_was_ambiguous(fleet, seed):
    p, draw = fleet, random.Random(seed)
    p.firehose.faults(latency_ms=60)
    rows = Rows(p, 200_000)
    wait_for("rows to come", lambda: is_begun(p, rows, 1))
    kills = 0
    while not is_over(p, rows) and kills < 120:
        name = draw.choice(FLEET)
        p.kill(name)
        time.sleep(draw.uniform(0, 0.05))
        p.revive(name)
        time.sleep(draw.uniform(0, 0.1))
        kills += 1
    assert kills > 20
    p.firehose.faults()
    p.rest()
    rows.check(p)
    wait_for("the consumers of the dead to go", lambda: no_consumer_without_a_worker(p))


@pytest.mark.slow
def test_zombies_change_nothing_when_they_wake_up(fleet):
    p, draw = fleet, random.Random(3)
    p.firehose.faults(latency_ms=30)
    rows = Rows(p, 100_000)
    wait_for("rows to come", lambda: is_begun(p, rows, 1))
    for _ in range(2):
        names = [f"{kind}-{draw.choice('12')}" for kind in ("split", "normalise", "deliver")]
        for name in names:
            p.worker(name).pause()
        time.sleep(LEASE_S * 1.5)  # their leases run out, and others take what they held
        for name in names:
            p.worker(name).go_on()
        time.sleep(0.3)
    assert p.said("took over entries of a dead worker")
    p.firehose.faults()
    p.rest()
    rows.check(p)


@pytest.mark.slow
def test_kills_of_redis_lose_nothing_that_was_on_disk(fleet):
    p, draw = fleet, random.Random(4)
    for name in FLEET:
        p.worker(name).kill()
    p.redis.kill()
    p.redis.settings |= {"appendonly": "yes", "appendfsync": "always", "auto-aof-rewrite-min-size": "4gb"}
    p.redis.start()
    p.apply(PIPELINE.format(call="64KiB"))
    p.start(*FLEET)
    p.firehose.faults(latency_ms=30)
    rows = Rows(p, 100_000)
    for _ in range(6):
        time.sleep(draw.uniform(0.2, 0.6))
        p.kill("redis")
        time.sleep(draw.uniform(0, 0.2))
        p.revive("redis")
    p.firehose.faults()
    p.rest()
    assert all(worker.is_alive() for worker in p.workers.values())
    rows.check(p)


@pytest.mark.parametrize("kind", ["split", "normalise", "deliver"])
def test_the_entries_of_a_dead_worker_are_taken_within_its_lease(pipeline, kind):
    p = pipeline
    p.lease = f"{LEASE_S}s"
    p.apply(PIPELINE.format(call="1MiB"))
    p.start("dispatch", "split-1", "normalise-1", "deliver-1", f"{kind}-2")
    p.firehose.faults(latency_ms=200)
    rows = Rows(p, 60_000)
    stage = {"split": "rows", "normalise": "tidy", "deliver": "ship"}[kind]

    def held_by_first():
        return any(c["name"].startswith(f"{kind}-1:") and c["pending"] for c in
                   p.r.xinfo_consumers(p.topic(stage), "sp"))

    if kind == "split":  # a job has one splitter: the one that holds it
        (first,) = wait_for("the job to be taken", lambda: p.holders(stage).values())
    else:
        wait_for("entries in its hands", held_by_first)
        first = f"{kind}-1"
    p.worker(first).pause()  # so that it certainly holds what it holds
    held = first in p.holders(stage).values()
    p.kill(first)
    died = time.monotonic()
    if held:
        wait_for("them to be taken", lambda: first not in p.holders(stage).values())
        assert time.monotonic() - died < LEASE_S + 2
    p.firehose.faults()
    p.rest()
    rows.check(p)


def test_the_spare_takes_what_a_dead_dispatcher_had_in_hand(pipeline):
    p = pipeline
    p.lease = f"{LEASE_S}s"
    p.apply(PIPELINE.format(call="1MiB"))
    p.start("dispatch-1")
    text = "x" * 60_000
    sent = [p.put(data=f'{{"n":{i},"text":"{text}"}}', to="tidy") for i in range(100)]
    wait_for("a full topic", lambda: p.r.hget("sp:worker:dispatch-1", "state") == "held")
    p.start("dispatch-2")
    wait_for("the spare to be there", lambda: p.r.exists("sp:worker:dispatch-2"))
    p.kill("dispatch-1")
    p.start("normalise-1", "deliver-1")
    p.rest(20)
    assert p.said("took over entries") == ["dispatch-2"]
    assert sorted(int(d["n"]) for d in p.documents()) == list(range(len(sent)))
    check(p)


@pytest.mark.parametrize("name", ["dispatch", "split-1", "normalise-1", "deliver-1"])
def test_a_restarted_worker_goes_on_at_once(pipeline, name):
    """Under its old name it takes what it held, long before its lease is over."""
    p = pipeline  # with the lease of 30 s
    p.apply(PIPELINE.format(call="1MiB"))
    p.start()
    p.firehose.faults(latency_ms=100)
    rows = Rows(p, 30_000)
    wait_for("rows to come", lambda: is_begun(p, rows, 1))
    p.kill(name)
    p.revive(name)
    p.firehose.faults()
    p.rest(20)
    rows.check(p)


@pytest.mark.parametrize("name", ["dispatch", "split-1", "normalise-1", "deliver-1"])
def test_sigterm_gives_back_what_is_in_hand(pipeline, name):
    p = pipeline
    p.apply(PIPELINE.format(call="1MiB"))
    p.start()
    p.firehose.faults(latency_ms=100)
    rows = Rows(p, 60_000)
    wait_for("rows to come", lambda: is_begun(p, rows, 1))
    begun = time.monotonic()
    assert p.worker(name).stop() == 0
    assert time.monotonic() - begun < 10
    held = [(topic, c) for topic in p.topics() for c in p.r.xinfo_consumers(topic, "sp")
            if c["name"].startswith(name + ":") and c["pending"]]
    assert held == []
    assert not p.r.exists(f"sp:worker:{name}")
    p.revive(name)
    p.firehose.faults()
    p.rest()
    rows.check(p)
    assert p.books().get("ship:ambiguous", 0) == 0
