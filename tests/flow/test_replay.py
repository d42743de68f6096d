"""Replays: the same records again, with the same ids and under a name, and counted only when asked."""
import json
import pathlib
import shutil
import subprocess

import pytest
from pipeline import Pipeline
from standpipe_run import STANDPIPE, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = """\
pipeline: again
stages:
  rows: {split: {format: csv}}
  tidy: {normalise: {fields: {id: {from: [id], required: true}, kind: {from: [kind]}}}}
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: tidy}
  - {from: tidy, to: ship}
counts:
  once: {on: ship, key: kind}
  always: {on: ship, key: kind, replays: true}
"""
ROWS = 40
GOOD = ROWS - 4  # every tenth has no id


KEEPING = TEXT.replace("tidy: {", "tidy: {keep: 1h, ").replace("ship: {", "ship: {high: 4KiB, keep: 1h, ")


@pytest.fixture
def p(request, tmp_path):
    """Of the text given by the test, or of TEXT."""
    with Pipeline(tmp_path) as p:
        p.apply(getattr(request, "param", TEXT))
        p.start()
        yield p


keeping = pytest.mark.parametrize("p", [KEEPING], indirect=True, ids=["keeping"])


@pytest.fixture
def file(p):
    return p.write("a.csv", "id,kind\n" + "".join(f"{'' if i % 10 == 9 else i},k\n" for i in range(ROWS)))


def counted(p):
    return {name: p.counts(name).get("total", {}).get("k", 0) for name in ("once", "always")}


def ids(p):
    return [d["sp_id"] for d in p.documents()]


def send(p, file, *options):
    done = p.command("send", file, "--wait", *options)
    assert done.returncode == 0, done.stderr
    return p.rest()


def test_a_replayed_file_brings_the_same_ids_and_counts_only_when_asked(p, file):
    send(p, file)
    first = ids(p)
    assert counted(p) == {"once": GOOD, "always": GOOD} and len(set(first)) == GOOD
    send(p, file, "--run", "again")
    assert counted(p) == {"once": GOOD, "always": 2 * GOOD}
    send(p, file, "--run", "+anew")
    assert counted(p) == {"once": 2 * GOOD, "always": 3 * GOOD}
    assert sorted(ids(p)) == sorted(3 * first)
    books = p.books()
    assert books["ship:out"] == 3 * GOOD and books["tidy:dead"] == 12 and books["rows:out"] == 3 * ROWS


def test_the_run_travels_to_the_end_and_into_the_letters(p, file):
    p.worker("deliver-1").stop()
    p.command("send", file, "--run", "r1")
    [entry] = wait_for("the entry", lambda: [fields for _, fields in p.r.xrange(p.topic("ship"))])
    assert entry["run"] == "r1" and int(entry["n"]) == GOOD
    assert [letter["run"] for letter in p.dead()] == 4 * ["r1"]
    p.put(data=json.dumps({"id": "h", "kind": "k"}), to="ship", run="r2")
    wait_for("two entries", lambda: [f["run"] for _, f in p.r.xrange(p.topic("ship"))] == ["r1", "r2"])
    p.worker("deliver-1").start()
    p.rest()
    assert counted(p) == {"once": 0, "always": GOOD + 1}


def is_done(p):
    """The topics hold what is kept: only the books and claims say that nothing waits."""
    books = p.books()
    return not p.r.xlen("sp:inbox") and not p.pending() and \
        not any(books.get(f"{stage}:records", 0) for stage in p.stages()) and \
        all(p.job(id).get("state") == "done" for id in p.jobs) and \
        all(int(source.get("open", 0)) == 0 for source in p.sources().values())


def done(p):
    wait_for("all to be done", lambda: is_done(p))


def replay(p, *words):
    said = p.command("replay", *words)
    assert said.returncode == 0, said.stderr
    return said


def test_replay_of_files_is_a_sending_with_a_name(p, file):
    send(p, file)
    assert replay(p, file, "--dry-run").stdout == f"{file.stat().st_size} file://{file}\n"
    assert p.books()["rows:out"] == ROWS
    assert replay(p, file, "--wait").stdout == f"done: {ROWS} rows, {GOOD} delivered, 4 dead, 0 filtered\n"
    assert counted(p) == {"once": GOOD, "always": 2 * GOOD}
    replay(p, file, "--wait", "--count", "--run", "x")
    assert counted(p) == {"once": 2 * GOOD, "always": 3 * GOOD}
    runs = {letter.get("run", "") for letter in p.dead()}
    assert len(runs) == 3 and "" in runs and "+x" in runs and any(run.startswith("replay-20") for run in runs)


@keeping
def test_a_kept_topic_goes_again(p, file):
    p.send(file)
    done(p)
    first = sorted(ids(p))
    dry = json.loads(replay(p, "--topic", "tidy", "--dry-run", "--json").stdout)
    assert (dry["entries"], dry["records"], dry["dry_run"]) == (1, ROWS, True) and len(ids(p)) == GOOD
    again = json.loads(replay(p, "--topic", "tidy", "--run", "r1", "--json").stdout)
    assert (again["entries"], again["records"], again["run"], again["cursor"]) == (1, ROWS, "r1", dry["cursor"])
    done(p)
    assert sorted(ids(p)) == sorted(2 * first)
    assert counted(p) == {"once": GOOD, "always": 2 * GOOD}
    audit = p.command("audit")
    assert audit.returncode == 0, audit.stdout
    repeated = json.loads(replay(p, "--topic", "tidy", "--run", "r1", "--json").stdout)
    assert (repeated["entries"], repeated["records"]) == (0, 0)  # that run is over
    other = p.command("replay", "--topic", "tidy", "--run", "r1", "--until", "1h")
    assert other.returncode == 2 and "'r1' is the replay of another span" in other.stderr


@keeping
def test_a_span_by_ids_and_times(p):
    p.worker("normalise-1").stop()
    for n in range(5):
        p.put(data=json.dumps({"id": str(n), "kind": "k"}), to="tidy")
        wait_for("the entry", lambda n=n: p.r.xlen(p.topic("tidy")) == n + 1)
    entries = [id for id, _ in p.r.xrange(p.topic("tidy"))]
    p.worker("normalise-1").start()
    done(p)

    def size(*words):
        return json.loads(replay(p, "--topic", "tidy", "--dry-run", "--json", *words).stdout)["entries"]

    assert [size("--since", entries[1], "--until", entries[3]), size("--since", entries[2]), size("--until", entries[0]),
            size("--since", "1h"), size("--until", "1h"), size("--since", "2020-01-01", "--until", "2020-01-02"),
            size("--since", "2020-01-01T00:00:00Z")] == [3, 3, 1, 5, 0, 0, 5]
    replay(p, "--topic", "tidy", "--since", entries[1], "--until", entries[3])
    done(p)
    assert sorted(d["id"] for d in p.documents()) == list("01122334")


@keeping
def test_a_rate_and_a_full_topic_hold_it_back(p, file):
    p.worker("deliver-1").stop()
    p.put(data="\n".join(json.dumps({"id": str(i), "kind": "k" * 100}) for i in range(30)), to="ship")
    wait_for("it is full", lambda: p.books().get("ship:records") == 30)
    process = p.command_in_background("replay", "--topic", "ship", "--run", "slow", "--rate", "100/s")
    with pytest.raises(AssertionError):  # while the topic is full nothing is copied
        wait_for("a copy", lambda: p.r.xlen(p.topic("ship")) > 1, 0.6)
    p.worker("deliver-1").start()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and "30 records" in out, err
    done(p)
    assert len(ids(p)) == 60


@keeping
def test_a_killed_replay_goes_on_where_it_stood(p):
    for n in range(300):
        p.put(data=json.dumps({"id": str(n), "kind": "k"}), to="tidy")
    wait_for("all of them", lambda: p.books().get("tidy:out") == 300)
    done(p)
    words = ("replay", "--topic", "tidy", "--run", "twice", "--since", "1h", "--until", "+", "--rate", "200/s")
    process = p.command_in_background(*words)
    asked = wait_for("some copies", lambda: 20 < int(p.r.hget("sp:{0}:replay:twice", "entries") or 0) and process)
    asked.kill()
    asked.wait()
    mark = p.r.hgetall("sp:{0}:replay:twice")
    assert int(mark["entries"]) < 300
    said = replay(p, "--topic", "tidy", "--run", "twice", "--since", mark["first"], "--until", "+", "--json")
    assert 0 < json.loads(said.stdout)["entries"] <= 300 - int(mark["entries"])  # its last call may still have worked
    assert p.r.hget("sp:{0}:replay:twice", "entries") == "300"
    done(p)
    assert sorted(d["id"] for d in p.documents()) == sorted(2 * [str(n) for n in range(300)])


def test_a_replay_outlives_redis(tmp_path):
    with Pipeline(tmp_path, appendonly="yes", appendfsync="always") as p:
        p.apply(KEEPING)
        p.start()
        for n in range(100):
            p.put(data=json.dumps({"id": str(n), "kind": "k"}), to="tidy")
        wait_for("all of them", lambda: p.books().get("tidy:out") == 100)
        done(p)
        process = p.command_in_background("replay", "--topic", "tidy", "--run", "r", "--rate", "100/s")
        wait_for("some copies", lambda: int(p.r.hget("sp:{0}:replay:r", "entries") or 0) > 20)
        p.redis.kill()
        p.redis.start()
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert p.r.hget("sp:{0}:replay:r", "entries") == "100"
        done(p)
        assert {d["id"] for d in p.documents()} == {str(n) for n in range(100)}
        assert p.books()["tidy:out"] == 200
        assert p.command("audit").returncode == 0


@pytest.mark.parametrize("words, said", [
    ([], "takes files, or --topic"), (["--topic", "none"], "no stage 'none'"),
    (["--topic", "tidy", "--to", "rows"], "takes files"), (["--topic", "tidy", "x.csv"], "do not go with --topic"),
    (["--topic", "tidy", "--since", "yesterday"], "--since is a time"), (["--topic", "tidy", "--rate", "fast"], "--rate is"),
    (["--since", "1h", "x.csv"], "belong to --topic"),
])
def test_a_wrong_command_line_is_refused(p, words, said):
    done = p.command("replay", *words)
    assert done.returncode == 2 and said in done.stderr


def shown():
    """The lines under `## Replay` in docs/operations.md."""
    text = (ROOT / "docs/operations.md").read_text().partition("\n## Replay\n")[2].partition("\n## ")[0]
    return text.split("```\n")[1].splitlines()


@pytest.mark.parametrize("p", [KEEPING.replace("1h", "9999d")], indirect=True, ids=["keeping"])
def test_the_lines_shown_do_what_they_say(p, file):
    file.rename(p.inputs / "listings.csv")
    tools = p.folder / "bin"
    tools.mkdir()
    for name, command in (("redis-cli", f"{shutil.which('redis-cli')} -s {p.redis.socket}"), ("standpipe", STANDPIPE)):
        (tools / name).write_text(f'#!/bin/bash\nexec {command} "$@"\n')
        (tools / name).chmod(0o755)
    for minute in (0, 59, 61):
        id = f"00000000000000aa-{minute + 1}-0"
        p.r.xadd(p.topic("tidy"), {"src": id[:16], "data": json.dumps({"sp_id": id, "id": str(minute), "kind": "k"})},
                 id=f"{1787389200000 + minute * 60000}-0")
    expected = 3
    brought = [GOOD, GOOD, 0, 2, 2, 2]
    lines = shown()
    assert len(lines) == len(brought)
    for line, more in zip(lines, brought):
        wait_for("what came before", lambda: len(ids(p)) == expected)
        done(p)
        ran = subprocess.run(["/bin/bash", "-ec", line], cwd=p.inputs, capture_output=True, text=True, timeout=60,
                             env={**p.environment, "PATH": f"{tools}:/usr/bin:/bin",
                                  "STANDPIPE_REDIS": f"unix://{p.redis.socket}"})
        assert ran.returncode == 0 and "ERR" not in ran.stdout, ran
        expected += more
    wait_for("the last", lambda: len(ids(p)) == expected)
    done(p)
    assert len(set(ids(p))) == 3 + GOOD
    assert counted(p) == {"once": 3, "always": 3 + 2 * GOOD + 6}
    assert p.sources()["00000000000000aa"].get("uri") is None  # its name was not taken
    assert p.command("audit").returncode == 0
