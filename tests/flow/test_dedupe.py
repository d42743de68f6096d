"""Of records with the same key only the first leaves the stage, through races and kills."""
import random
import time

import pytest

from pipeline import Pipeline
from redis_proxy import Proxy
from standpipe_run import wait_for

PIPELINE = """\
pipeline: once
stages:
  rows: {split: {format: csv}}
  tidy: {normalise: {fields: {sku: {from: [sku], required: true}, n: {from: [n]}}}, dedupe: {key: sku, within: 1h}}
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: tidy}
  - {from: tidy, to: ship}
"""
WORKERS = ("dispatch", "split-1", "normalise-1", "normalise-2", "deliver-1")


@pytest.fixture
def p(tmp_path):
    with Pipeline(tmp_path, lease="2s", appendonly="yes", appendfsync="always") as p:
        p.apply(PIPELINE)
        yield p


def rows(skus):
    return "sku,n\n" + "".join(f"{sku},{n}\n" for n, sku in enumerate(skus))


def filtered(p):
    return sum(int(s.get("filtered:duplicate", 0)) for s in p.sources().values())


def test_several_files_with_the_same_keys(p):
    skus = [f"s{i % 500}" for i in range(3000)]
    for i in range(4):
        random.Random(i).shuffle(skus)
        p.send(p.write(f"{i}.csv", rows(skus)))
    p.start(*WORKERS).rest()
    out = p.documents()
    assert sorted(d["sku"] for d in out) == sorted(set(skus))
    assert p.books()["tidy:filtered"] == filtered(p) == 4 * 3000 - 500
    marks = {key: mark.split()[1] for hash in p.r.scan_iter("sp:{0}:once:tidy:*") for key, mark in p.r.hgetall(hash).items()}
    assert marks == {d["sku"]: d["sp_id"] for d in out}


class Forgetful(Proxy):
    """Says of some marks that they are not there: another worker sets them at that very moment."""

    lies, asked = 0, 0

    def command(self, link, name, raw):
        is_marks = name == b"HMGET" and b":once:" in raw
        self.asked += is_marks
        if not (is_marks and self.lies):
            super().command(link, name, raw)
            return
        self.lies -= 1
        n = int(raw[1:raw.index(b"\r")]) - 2
        link.client.sendall(b"*%d\r\n" % n + b"$-1\r\n" * n)


def test_a_race_is_lost_and_the_commit_built_again(p, tmp_path):
    p.start("dispatch", "split-1", "normalise-1", "deliver-1")
    p.send(p.write("1.csv", rows(["a", "b"])))
    p.rest()
    p.worker("normalise-1").stop()
    with Forgetful(tmp_path, p.redis) as proxy:
        proxy.lies = 6  # two rounds of three hashes
        worker = p.worker("normalise-1")
        worker.address = proxy.url.removeprefix("unix://")
        worker.start()
        p.send(p.write("2.csv", rows(["a", "c", "b"])))
        p.rest()
        assert proxy.lies == 0 and proxy.asked >= 9
        worker.stop()
    assert sorted(d["sku"] for d in p.documents()) == ["a", "b", "c"] and filtered(p) == 2


def test_exact_through_kills(p):
    skus = [f"s{i % 700}" for i in range(8000)]
    random.Random(1).shuffle(skus)
    p.start(*WORKERS)

    def seen():
        books = p.books()
        return books.get("tidy:out", 0) + books.get("tidy:filtered", 0)

    for i in range(8):
        before = seen()
        p.send(p.write(f"{i}.csv", rows(skus[i * 1000:][:1000])))
        wait_for("some of it", lambda before=before: seen() > before)
        p.worker(f"normalise-{1 + i % 2}").restart()
        p.worker("split-1").restart()
        if i % 3 == 1:
            p.kill("redis")
            p.revive("redis")
    p.rest()
    out = p.documents()
    assert {d["sku"] for d in out} == set(skus)
    assert len({d["sp_id"] for d in out}) == 700  # what the deliverer sent again has the same
    assert p.books()["tidy:filtered"] == filtered(p) == 8000 - 700
    assert '"true":true' in p.command("audit", "--json").stdout


def test_a_key_is_forgotten_after_its_time(p):
    p.apply(PIPELINE.replace("within: 1h", "within: 1s"))
    p.start(*WORKERS)
    p.send(p.write("0.csv", rows(["a"])))
    wait_for("the first", lambda: p.books().get("tidy:out") == 1)
    began, n = time.monotonic(), 0

    def passes():
        nonlocal n
        n += 1
        p.send(p.write(f"{n}.csv", rows(["a"])))
        p.rest()
        return p.books()["tidy:out"] == 2
    wait_for("the next", passes)
    assert n > 1 and 0.5 < time.monotonic() - began < 20
    wait_for("old marks to vanish", lambda: len(list(p.r.scan_iter("sp:{0}:once:tidy:*"))) <= 1)
