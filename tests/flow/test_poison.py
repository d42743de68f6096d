"""A record that kills whoever works on it: it alone becomes a dead letter, everything else goes on; and who is only
killed from outside leaves none. With the stage `flaky` of flaky.c."""
import random
import time

import pytest
from checker import check
from standpipe_run import wait_for
from test_retry import PIPELINE, flaky, put  # noqa: F401

DEATHS = 3  # alone
TWO_STAGES = """\
pipeline: two
stages:
  shaky: {flaky: {}}
  other: {flaky: {}}
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, when: n < 0, to: [shaky, other]}
  - {from: inbox, to: shaky}
  - {from: shaky, to: ship}
  - {from: other, to: ship}
"""


def run_until_rest(p, *names, seconds=60):
    """Start again who died, as a supervisor does; how often."""
    deaths, deadline = 0, time.monotonic() + seconds
    while not p.is_at_rest():
        assert time.monotonic() < deadline, f"{deaths} deaths"
        for name in names:
            if not p.worker(name).is_alive():
                deaths += 1
                p.worker(name).start()
        time.sleep(0.02)
    return deaths


@pytest.fixture
def two(flaky):  # noqa: F811
    flaky.lease = "2s"
    flaky.apply(PIPELINE.format(attempts=5, wait="50ms..200ms"))
    flaky.start("dispatch", "flaky-1", "flaky-2", "deliver-1")
    return flaky


@pytest.mark.parametrize("bad, most", [([57], 12), ([3, 57], 24)])
def test_only_the_poisonous_records_become_dead_letters(two, bad, most):
    p, n = two, 200
    for first in range(0, n, 20):
        put(p, *(f'{{"n":{i},"abort":{int(i in bad)}}}' for i in range(first, first + 20)))
    wait_for("them to be in", lambda: p.books().get("shaky:in") == n)
    deaths = run_until_rest(p, "flaky-1", "flaky-2")
    letters = p.dead()
    assert sorted(x["row"] for x in letters) == sorted(str(i % 20 + 1) for i in bad)
    assert {(x["stage"], x["reason"], x["attempts"]) for x in letters} == {("shaky", "poison", str(DEATHS))}
    assert sorted({d["n"] for d in p.documents()}) == [i for i in range(n) if i not in bad]
    assert deaths <= most
    check(p)


def test_single_record_that_is_parked_first(two):
    p = two
    put(p, '{"n":1,"retry":1}')
    p.rest()
    put(p, '{"n":2,"abort":1}')
    assert run_until_rest(p, "flaky-1", "flaky-2") >= DEATHS
    assert [x["reason"] for x in p.dead()] == ["poison"] and len(p.documents()) == 1
    check(p)


def test_a_hundred_random_kills_make_no_poison(two):
    p, draw, n = two, random.Random(7), 4000
    p.start("deliver-2")
    for first in range(0, n, 10):
        put(p, *(f'{{"n":{i},"slow":{int(i % 10 == 0)},"retry":{int(i % 50 == 1)}}}' for i in range(first, first + 10)))
    for _ in range(100):
        p.worker(draw.choice(("flaky-1", "flaky-2", "deliver-1", "deliver-2"))).restart()
        time.sleep(draw.uniform(0, 0.06))
    p.rest()
    assert p.dead() == []
    assert {d["n"] for d in p.documents()} == set(range(n))
    check(p)


def test_a_stage_beside_it_in_the_same_process_is_not_blamed(flaky):  # noqa: F811
    p = flaky
    p.lease = "2s"
    p.apply(TWO_STAGES)
    p.start("dispatch", "flaky-1", "deliver-1")
    for i in range(40):
        p.put(data=f'{{"n":{i},"slow":2,"abort":{int(i == 7)}}}', to="shaky" if i < 20 else "other")
    assert run_until_rest(p, "flaky-1") >= DEATHS
    assert [(x["stage"], x["reason"]) for x in p.dead()] == [("shaky", "poison")]
    assert {d["n"] for d in p.documents()} == set(range(40)) - {7}
    check(p)


KEEPER = """\
pipeline: kept
stages:
  holds: {keeper: {}}
  ship:  {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: holds}
  - {from: holds, to: ship}
"""


@pytest.fixture
def keeper(flaky):  # noqa: F811
    flaky.lease = "2s"
    flaky.apply(KEEPER)
    return flaky.start("dispatch", "keeper-1", "keeper-2", "deliver-1", "deliver-2")


def test_a_death_in_an_answer_is_that_of_one_record_and_no_other_of_the_call(keeper):
    p, n, bad = keeper, 120, 57
    for first in range(0, n, 10):
        put(p, *(f'{{"n":{i},"abort":{int(i == bad)}}}' for i in range(first, first + 10)))
    wait_for("them to be in", lambda: p.books().get("holds:in") == n)
    deaths = run_until_rest(p, "keeper-1", "keeper-2")
    letter, = p.dead()
    assert (letter["stage"], letter["reason"], letter["attempts"], letter["row"]) == ("holds", "poison", str(DEATHS), "8")
    assert {d["n"] for d in p.documents()} == set(range(n)) - {bad} and deaths <= 14
    check(p)
