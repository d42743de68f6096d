"""Records that are to be tried again later, with the stage `flaky` of flaky.c: they wait outside of everybody's way, come
back when they are due, and after the last attempt they are dead letters. The books know where everything is."""
import time

import pytest
from checker import accounts, check
from standpipe_run import BUILD, wait_for

PIPELINE = """\
pipeline: retry
stages:
  shaky: {{flaky: {{}}, retry: {{attempts: {attempts}, wait: {wait}}}}}
  ship: {{deliver: {{linger: 20ms, firehose: {{stream: out, region: eu-west-1}}}}}}
routes:
  - {{from: inbox, to: shaky}}
  - {{from: shaky, to: ship}}
"""


@pytest.fixture
def flaky(pipeline):
    pipeline.program = BUILD / "tests/flow/flaky"
    return pipeline


def put(p, *records):
    return p.put(data="\n".join(records))


def parked(p):
    return p.r.zrange("sp:{0}:later", 0, -1)


def test_retried_records_come_later_and_good_ones_at_once(flaky):
    p = flaky
    p.apply(PIPELINE.format(attempts=5, wait="4s..4s"))
    p.start("dispatch", "flaky-1", "deliver-1")
    put(p, '{"n":1}', '{"n":2,"retry":1}', '{"n":3}')
    wait_for("the good ones", lambda: {d["n"] for d in p.documents()} == {1, 3})
    put(p, '{"n":4}')
    wait_for("one that came behind it", lambda: len(p.documents()) == 3)
    wait_for("the books to know what waits", lambda: not list(accounts(p)) and p.books()["shaky:records"] == 1)
    p.rest()
    assert sorted(d["n"] for d in p.documents()) == [1, 2, 3, 4]
    check(p)
    assert p.books()["shaky:in"] == p.books()["shaky:out"] == 4
    assert not p.r.exists("sp:{0}:later") and not p.books().get("ship:ambiguous")


def test_after_the_last_attempt_it_is_a_dead_letter(flaky):
    p = flaky
    p.apply(PIPELINE.format(attempts=3, wait="100ms..400ms"))
    p.start("dispatch", "flaky-1", "deliver-1")
    before = int(time.time() * 1000)
    put(p, '{"n":1,"retry":2}', '{"n":2,"retry":99}')
    p.rest()
    assert [d["n"] for d in p.documents()] == [1]
    letter, = p.dead()
    assert (letter["stage"], letter["reason"], letter["detail"]) == ("shaky", "flaky", "not yet")
    assert letter["attempts"] == "3" and letter["data"].startswith('{"n":2,"retry":99') and letter["row"] == "2"
    assert before <= int(letter["first"]) <= int(letter["last"])
    check(p)


def test_many_are_parked_and_all_come(flaky):
    p = flaky
    p.apply(PIPELINE.format(attempts=9, wait="50ms..500ms"))
    p.start("dispatch", "flaky-1", "flaky-2", "deliver-1")
    for i in range(20):
        put(p, *(f'{{"n":{100 * i + j},"retry":{j % 3}}}' for j in range(100)))
    p.rest()
    assert sorted(d["n"] for d in p.documents()) == list(range(2000))
    assert p.books()["shaky:in"] == p.books()["shaky:out"] == 2000
    check(p)


def test_kills_lose_nothing_that_is_parked(flaky):
    p = flaky
    p.lease = "2s"
    p.apply(PIPELINE.format(attempts=9, wait="200ms..1s"))
    p.start("dispatch", "flaky-1", "flaky-2", "deliver-1")
    for i in range(20):
        put(p, *(f'{{"n":{100 * i + j},"retry":{j % 4}}}' for j in range(100)))
    for i in range(10):
        wait_for("something to be parked", lambda: parked(p) or p.is_at_rest())
        p.worker(f"flaky-{i % 2 + 1}").restart()
        time.sleep(0.1)
    p.rest()
    assert sorted({d["n"] for d in p.documents()}) == list(range(2000))
    check(p)


def test_only_the_slow_look_of_the_workers_is_left_without_a_dispatcher(flaky):
    p = flaky
    p.apply(PIPELINE.format(attempts=5, wait="100ms..100ms"))
    p.start("dispatch", "flaky-1", "deliver-1")
    put(p, '{"n":1,"retry":2}')
    wait_for("the door to be through with it", lambda: p.books().get("shaky:in") and not p.r.xlen("sp:inbox"))
    p.kill("dispatch")
    p.rest()
    assert [d["n"] for d in p.documents()] == [1]
