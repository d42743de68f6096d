"""New versions of the pipeline while a big file is on its way: everybody follows without a restart, nothing is lost or
doubled, and no entry mixes versions."""
import collections
import json
import subprocess

import pytest
from checker import check
from standpipe_run import STANDPIPE, wait_for

FILE_ROWS, VERSIONS = 10_000, 20
PIPELINE = """\
pipeline: versions
stages:
  rows: {{split: {{format: csv}}}}
  tidy:
    high: 2MiB
    normalise: {{fields: {{n: {{parse: integer}}, mark: {{default: v{version}}}}}}}
{more}  ship:
    high: 2MiB
    deliver: {{linger: 20ms, firehose: {{stream: out, region: eu-west-1, record_bytes: 16KiB, call_bytes: 64KiB}}}}
routes:
  - {{from: inbox, to: rows}}
  - {{from: rows, to: tidy}}
{routes}
"""
STRAIGHT = "  - {from: tidy, to: ship}"
BY_EXTRA = "  - {from: tidy, to: extra}\n  - {from: extra, to: ship}"
EXTRA = "  extra: {normalise: {fields: {n: {}, mark: {}, extra: {default: been}}}}\n"


def text(version, routes=STRAIGHT, more=""):
    return PIPELINE.format(version=version, routes=routes, more=more)


def numbered(p, n):
    return p.write("rows.csv", "n\n" + "".join(f"{i}\n" for i in range(n)))


def version_of(p, name):
    return int(p.r.hget(f"sp:worker:{name}", "pipeline") or 0)


def all_follow(p, version):
    wait_for(f"all to run version {version}", lambda: all(version_of(p, name) == version for name in p.workers), 10)


def marks_of_entries(p, stage):
    """Of each entry in the topic, the marks that its documents carry."""
    return [{json.loads(line)["mark"] for line in fields["data"].split("\n")} for _, fields in p.r.xrange(p.topic(stage))]


def ids(p, n):
    [(src, _)] = p.sources().items()
    offset, found = 2, []
    for i in range(n):
        found.append(f"{src}-{i + 1}-{offset}")
        offset += len(str(i)) + 1
    return found


def test_many_versions_under_load(pipeline):
    p = pipeline
    p.apply(text(1))
    p.start("dispatch", "split-1", "normalise-1", "normalise-2", "deliver-1")
    pids = {name: worker.pid for name, worker in p.workers.items()}
    p.firehose.faults(latency_ms=20)
    file, seen = numbered(p, FILE_ROWS), []
    for version in range(2, VERSIONS + 1):
        done = p.books().get("tidy:out", 0)
        p.send(file)
        wait_for("some of the file", lambda: p.books().get("tidy:out", 0) > done)
        assert p.apply(text(version)) == version
        seen += marks_of_entries(p, "ship")
    p.firehose.faults()
    p.rest()
    all_follow(p, VERSIONS)
    assert {name: worker.pid for name, worker in p.workers.items() if worker.is_alive()} == pids
    assert seen and all(len(marks) == 1 for marks in seen)
    documents, known = p.documents(), range(1, VERSIONS + 1)
    assert len({d["mark"] for d in documents}) > VERSIONS / 2
    assert all(int(d["mark"][1:]) in known and d["sp_source"]["pipeline"] in known for d in documents)
    came = collections.Counter(d["sp_id"] for d in documents)
    assert came == {id: VERSIONS - 1 for id in ids(p, FILE_ROWS)}
    assert p.books()["ship:out"] == FILE_ROWS * (VERSIONS - 1)


def test_a_broken_file_changes_nothing(pipeline):
    p = pipeline
    p.apply(text(1))
    p.start()
    before = p.r.get("sp:pipeline")
    file = p.folder / "broken.yaml"
    file.write_text(text(2).replace("to: ship", "to: shop"))
    done = subprocess.run([STANDPIPE, "apply", "--redis", f"unix://{p.redis.socket}", file], capture_output=True, text=True)
    assert done.returncode == 78 and "'shop'" in done.stderr
    assert p.r.get("sp:pipeline") == before
    p.send(numbered(p, 10))
    p.rest()
    assert {d["mark"] for d in p.documents()} == {"v1"}
    check(p, ids(p, 10))


@pytest.mark.parametrize("stands", ["{", '{"version":2}', '{"version":2,"pipeline":{"stages":{"x":{"fly":{}}}}}'])
def test_rubbish_in_redis_leaves_the_old_version_in_force(pipeline, stands):
    p = pipeline
    p.apply(text(1))
    p.start()
    all_follow(p, 1)
    good = p.r.get("sp:pipeline")
    p.r.set("sp:pipeline", stands)
    p.r.publish("sp:pipeline", "2")
    wait_for("all to complain", lambda: set(p.said("the old one stays in force")) == set(p.workers), 10)
    p.r.set("sp:pipeline", good)
    p.send(numbered(p, 10))
    p.rest()
    check(p, ids(p, 10))


def test_a_stage_added_and_taken_out_again(pipeline):
    p = pipeline
    p.apply(text(1))
    p.start()
    p.firehose.faults(latency_ms=50)
    p.send(numbered(p, 100_000))
    wait_for("documents", lambda: p.documents())
    p.apply(text(2, BY_EXTRA, EXTRA))
    wait_for("documents by the other way", lambda: p.books().get("extra:out", 0) > 0)
    p.apply(text(3))
    p.firehose.faults()
    # What stood in the topic when its stage went: nobody reads it until the stage is there again.
    wait_for("the others to be through", lambda: p.job(p.jobs[0]).get("state") == "done"
             and p.books()["tidy:records"] == 0)
    p.apply(text(4, BY_EXTRA, EXTRA))
    p.rest()
    check(p, ids(p, 100_000))
    assert {d.get("extra") for d in p.documents()} == {None, "been"}


def test_workers_wait_for_the_first_version(pipeline):
    p = pipeline
    p.start()
    wait_for("their heartbeats", lambda: all(p.r.hget(f"sp:worker:{name}", "state") == "waiting" for name in p.workers))
    p.apply(text(1))
    p.send(numbered(p, 10))
    p.rest()
    check(p, ids(p, 10))
