"""check and apply, the real program against a real Redis: what an operator sees and what stands in Redis."""
import json
import os
import pathlib
import subprocess
import threading

import pytest
from redis_proxy import Proxy
from relay import Closed

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("STANDPIPE_BUILD", ROOT / "build")) / "workers" / "standpipe"
EXAMPLE = ROOT / "deploy" / "examples" / "ieee.yaml"
MISTAKEN = """\
stages:
  rows: {split: {format: csv}}
  ship: {deliver: {firehose: {stream: s}}}
routes:
  - {from: inbox, to: row}
  - {from: rows, to: ship}
"""


def standpipe(*words, **environment):
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **environment})


@pytest.fixture
def apply(server):
    return lambda *words, **environment: standpipe("apply", "--redis", f"unix://{server.socket}", *words,
                                                   **environment)


def test_check_takes_the_example():
    done = standpipe("check", EXAMPLE)
    assert (done.returncode, done.stdout) == (0, "0 errors, 0 warnings.\n")


def test_check_shows_the_line_and_the_nearest_word(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text(MISTAKEN)
    done = standpipe("check", file)
    assert done.returncode == 78
    assert f"{file}:5:23: error: unknown stage 'row'\n" \
           "    5 |   - {from: inbox, to: row}\n" \
           "      |                       ^~~ did you mean 'rows'? one of: rows, ship\n" in done.stdout
    assert done.stdout.endswith("1 error, 0 warnings. Nothing was changed.\n")
    findings = json.loads(standpipe("check", "--json", file).stdout)["findings"]
    assert [(f["line"], f["column"], f["severity"]) for f in findings] == [(5, 23, "error")]


def test_apply_writes_the_next_version_and_tells_it(r, apply):
    with r.pubsub() as listener:
        listener.subscribe("sp:pipeline")
        assert listener.get_message(timeout=10)["type"] == "subscribe"
        first = apply(EXAMPLE, AWS_REGION="eu-north-1")
        mark = r.get("sp:mark")
        second = apply(EXAMPLE)
        told = [listener.get_message(timeout=10)["data"] for _ in range(2)]
    assert (first.returncode, first.stderr, second.returncode) == (0, "", 0)
    assert first.stdout == "pipeline 'ieee', version 1, is in force\n"
    assert told == ["1", "2"]
    stands = json.loads(r.get("sp:pipeline"))
    assert stands["version"] == 2
    assert stands["pipeline"]["stages"]["ship"]["deliver"]["firehose"]["stream"] == "standpipe-demo"
    assert len(mark) == 32 and r.get("sp:mark") == mark
    assert r.function_list()[0][1] == "standpipe_1"


def test_apply_expands_the_environment(r, apply):
    assert apply(EXAMPLE, AWS_REGION="eu-north-1").returncode == 0
    assert json.loads(r.get("sp:pipeline"))["pipeline"]["stages"]["ship"]["deliver"]["firehose"]["region"] == \
        "eu-north-1"


def test_apply_changes_nothing_when_there_are_errors(r, apply, tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text(MISTAKEN)
    done = apply(file)
    assert done.returncode == 78
    assert "unknown stage 'row'" in done.stderr and "Nothing was changed." in done.stderr
    assert r.keys("*") == []


def test_apply_leaves_a_foreign_key_alone(r, apply):
    r.set("sp:pipeline", "mine")
    done = apply(EXAMPLE)
    assert done.returncode == 78
    assert "'sp:pipeline' holds something that is no pipeline of ours" in done.stderr
    assert r.get("sp:pipeline") == "mine"


def test_apply_gives_each_of_many_its_own_version(r, apply):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(apply(EXAMPLE).stdout)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [f"pipeline 'ieee', version {n}, is in force\n" for n in range(1, 5)]
    assert json.loads(r.get("sp:pipeline"))["version"] == 4


class Racing(Proxy):
    """Before the command passes for the first time, `other` happens; then the link is lost, or not."""

    def __init__(self, *args, at, is_cut, other):
        super().__init__(*args)
        self.at, self.is_cut, self.other = at, is_cut, other

    def command(self, link, name, raw):
        if name == self.at and self.other:
            other, self.other = self.other, None
            other()
            if self.is_cut:
                raise Closed
        super().command(link, name, raw)


@pytest.mark.parametrize("is_cut", [True, False])
@pytest.mark.parametrize("at", [b"WATCH", b"GET", b"MULTI", b"SET", b"PUBLISH", b"EXEC"])
def test_apply_never_overwrites_what_another_put_there_meanwhile(server, r, apply, tmp_path, at, is_cut):
    """The WATCH belongs to a connection: on the next one it would guard nothing."""
    assert apply(EXAMPLE).returncode == 0
    file = tmp_path / "other.yaml"
    file.write_text(EXAMPLE.read_text().replace("pipeline: ieee", "pipeline: other"))
    r.delete("sp:pipeline") if at == b"SET" else None  # the first SET is that of the mark
    others = []
    with Racing(tmp_path, server, at=at, is_cut=is_cut, other=lambda: others.append(apply(file).stdout)) as proxy:
        done = standpipe("apply", "--redis", proxy.url, EXAMPLE)
    assert len(others) == 1 and "pipeline 'other'" in others[0]
    stands = json.loads(r.get("sp:pipeline"))
    theirs = int(others[0].split()[3].rstrip(","))
    if is_cut:
        assert done.returncode == 69 and "the connection to redis was lost" in done.stderr
        assert (stands["version"], stands["pipeline"]["pipeline"]) == (theirs, "other")
    else:
        assert done.returncode == 0
        assert (stands["version"], stands["pipeline"]["pipeline"]) == (theirs + 1, "ieee")


def test_apply_warns_of_what_a_stage_that_goes_still_holds(r, apply, tmp_path):
    file = tmp_path / "p.yaml"
    text = MISTAKEN.replace("to: row}", "to: rows}").replace("  ship:", "  tidy: {normalise: {}}\n  ship:").replace(
        "{from: rows, to: ship}", "{from: rows, to: tidy}\n  - {from: tidy, to: ship}")
    file.write_text(text)
    assert apply(file).returncode == 0
    assert apply(file).stderr == ""
    r.hset("sp:{0}:books", mapping={"tidy:records": 7, "tidy:dead": 5, "tidy:redriven": 1, "tidy:dropped": 1})
    for _ in range(2):
        r.xadd("sp:{0}:tidy", {"data": "{}"})
    file.write_text(text.replace("tidy", "neat"))
    done = apply(file)
    assert done.returncode == 0
    said = done.stderr.splitlines()
    assert len(said) == 2
    assert said[0].startswith("warning: stage 'tidy' is gone, but its topic holds 2 entries, of which 7 records wait")
    assert "has 3 dead letters: standpipe dead redrive --stage tidy --to STAGE" in said[1]
    file.write_text(text)
    assert apply(file).stderr == ""  # `neat` holds nothing


def test_apply_says_when_redis_is_not_there(tmp_path):
    done = standpipe("apply", "--redis", f"unix://{tmp_path}/none.sock", EXAMPLE)
    assert done.returncode == 69
    assert "none.sock" in done.stderr
