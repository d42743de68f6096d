"""Whose entries go to whom, and how soon: a dead worker's within its lease and two seconds, however long the lease; a
restarted one's at once; and nobody leaves a consumer behind."""
import time

from checker import check, consumers
from standpipe_run import wait_for

LEASE_S = 6


def put_some(p, n):
    for i in range(n):
        p.put(data=f'{{"n":{i}}}', to="ship")


def held_by(p, worker):
    return [e for e in p.r.xpending_range(p.topic("ship"), "sp", "-", "+", 1000)
            if e["consumer"].startswith(worker + ":")]


def make_it_hold(p):
    p.apply()
    p.start("dispatch", "deliver-1")
    p.firehose.faults(latency_ms=60_000)
    put_some(p, 5)
    wait_for("a group", lambda: consumers(p).get(p.topic("ship")))
    wait_for("entries in its hands", lambda: len(held_by(p, "deliver-1")) == 5)


def test_a_dead_workers_entries_are_taken_within_its_lease_and_two_seconds(pipeline):
    p = pipeline
    p.lease = f"{LEASE_S}s"
    make_it_hold(p)
    p.start("deliver-2")
    wait_for("the other to have looked around", lambda: p.r.exists("sp:worker:deliver-2"))
    p.kill("deliver-1")
    died = time.monotonic()
    wait_for("them to be taken", lambda: not held_by(p, "deliver-1"))
    assert time.monotonic() - died < LEASE_S + 2
    p.firehose.faults()
    p.kill("deliver-2")  # its call hangs in the latency of before
    p.revive("deliver-2")
    p.rest()
    check(p)


def test_a_restarted_worker_takes_its_own_at_once(pipeline):
    p = pipeline
    make_it_hold(p)  # with a lease of 30 s
    p.kill("deliver-1")
    p.firehose.faults()
    p.revive("deliver-1")
    p.rest(10)
    check(p)


def documents(p):
    return len(p.documents())


def test_copies_of_several_deaths_are_all_in_the_books(pipeline):
    """Two deliverers die behind their calls, a third settles: each record came three times, and the books say so."""
    p = pipeline
    make_it_hold(p)
    for came in (5, 10):
        wait_for("the call to arrive", lambda: documents(p) == came)
        p.kill("deliver-1")
        if came == 10:
            p.firehose.faults()
        p.revive("deliver-1")
    p.rest()
    check(p)
    assert (documents(p), p.books()["ship:ambiguous"]) == (15, 10)


def test_what_was_taken_over_and_never_sent_is_not_ambiguous(pipeline):
    """The call of a paused deliverer is; what it had only read is not."""
    p = pipeline
    p.lease = "1s"
    make_it_hold(p)
    wait_for("the call to arrive", lambda: documents(p) == 5)
    p.worker("deliver-1").pause()
    (consumer,) = {e["consumer"] for e in held_by(p, "deliver-1")}
    for _ in range(3):
        p.r.xadd(p.topic("ship"), {"data": "{}"})
        p.r.xreadgroup("sp", consumer, {p.topic("ship"): ">"})  # where its own read did not get it
    assert len(held_by(p, "deliver-1")) == 8
    p.firehose.faults()
    p.start("deliver-2")
    p.rest()
    assert (documents(p), p.books()["ship:ambiguous"]) == (5 + 5 + 3, 5)
    assert not p.r.exists("sp:{0}:sent:ship")


def test_fifty_restarts_leave_one_consumer(pipeline):
    p = pipeline
    p.apply()
    p.start("dispatch", "deliver-1")
    seen = set()

    def another():
        return set(consumers(p).get(p.topic("ship"), [])) - seen

    for i in range(50):
        seen |= wait_for("it to read", another)
        put_some(p, 1)
        if i % 5 == 4:
            assert p.worker("deliver-1").stop() == 0
        p.worker("deliver-1").restart()
    p.rest()
    wait_for("the consumers of the dead to go", lambda: len(consumers(p)[p.topic("ship")]) == 1)
    assert len(seen) == 50
    check(p)
