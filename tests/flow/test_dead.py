"""`standpipe dead` against a running pipeline: what it shows, and that what it sends back is delivered once each."""
import json
import os
import subprocess
import time

import pytest
from checker import check
from standpipe_run import DEADLINE_S, STANDPIPE, terminal, wait_for

STRICT = """\
pipeline: strict
stages:
  rows: {split: {format: csv}}
  tidy:
    normalise:
      fields:
        id: {from: [id], required: true}
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: tidy}
  - {from: tidy, to: ship}
"""
MILD = STRICT.replace(", required: true", "")
MANY = 10000


def dead(p, *words):
    done = p.command("dead", *words)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def lines(p, *words):
    return [json.loads(line) for line in dead(p, *words, "--json").splitlines()]


def ids_of(p, job, rows):
    """The sp_ids of a file whose rows are all `,x`."""
    src = p.job(job)["src"]
    offset = len(b"id,name\n")
    return [f"{src}-{i + 1}-{offset + 3 * i}" for i in range(rows)]


def correct(p, text):
    """Apply, and wait until every worker follows."""
    version = str(p.apply(text))
    wait_for("the workers to follow", lambda: all(
        p.r.hget(f"sp:worker:{name}", "pipeline") == version for name in p.workers))


def state(p):
    """Without what the dispatcher notes of the topics from time to time."""
    books = {name: n for name, n in p.books().items() if name.partition(":")[2] not in ("added", "base")}
    return books, p.sources(), p.dead(), p.r.xlen("sp:inbox")


@pytest.fixture
def strict(pipeline):
    pipeline.apply(STRICT)
    return pipeline.start()


def test_shows_filters_and_changes_nothing(strict):
    p = strict
    a = p.send(p.write("a.csv", "id,name\n1,x\n,y\n,\x1b[2J\n"))
    p.send(p.write("b.csv", "id,name\n,z\n\"open,\n"))
    p.put(data="no json\n{\"id\":\"9\"}", to="nowhere")
    p.send(p.inputs / "absent.csv")
    p.rest()
    before = state(p)
    groups = {(g["stage"], g["reason"]): g for g in lines(p)}
    assert {key: g["count"] for key, g in groups.items()} == {
        ("tidy", "required"): 3, ("rows", "truncated"): 1, ("inbox", "bad_json"): 1, ("inbox", "no_route"): 1,
        ("rows", "source_missing"): 1}
    tidy = groups["tidy", "required"]
    assert tidy["oldest_ms"] <= tidy["newest_ms"] <= time.time() * 1000 and "id" in tidy["sample"]

    src = p.job(a)["src"]
    uri = p.job(a)["uri"]
    assert len(lines(p, "list", "--source", src)) == len(lines(p, "list", "--source", uri)) == 2
    assert len(lines(p, "list", "--stage", "tidy")) == 3
    assert len(lines(p, "list", "--limit", "2")) == 2
    assert [x["row"] for x in lines(p, "list", "--reason", "required", "--source", src)] == ["3", "2"]

    ugly = next(x for x in lines(p, "list") if "\x1b" in x["data"] or "\\u001b" in x["data"])
    assert ugly["data"].encode() == p.command("dead", "show", ugly["id"], "--raw").stdout.encode()
    assert "reason    required" in dead(p, "show", ugly["id"])
    assert lines(p, "show", ugly["id"]) == [ugly]
    assert "\x1b" not in dead(p, "list") + dead(p)
    nothing = p.command("dead", "show", "1-1")
    assert nothing.returncode == 1 and "no dead letter" in nothing.stderr

    preview = lines(p, "redrive", "--dry-run")
    assert {(g["stage"], g["reason"]): g.get("to") for g in preview} == {
        ("tidy", "required"): "tidy", ("rows", "truncated"): None, ("inbox", "bad_json"): "inbox",
        ("inbox", "no_route"): "inbox", ("rows", "source_missing"): "rows"}
    assert next(g for g in preview if g["reason"] == "truncated")["stays"]
    assert dead(p, "drop", "--dry-run")
    assert state(p) == before


def test_a_condition_chooses_letters_by_their_fields_and_their_record(strict):
    p = strict
    p.send(p.write("a.csv", "id,name\n,x\n,y\n1,z\n"))
    p.send(p.write("b.csv", "id,name\n,y\n\"open,\n"))
    p.rest()
    before = state(p)
    uri = f"file://{p.inputs}/b.csv"
    here = ("--where", 'record.name == "y" and attempts == 1 and record.id == ""')
    assert sorted(x["data"] for x in lines(p, "list", *here)) == ['[11,"","y"]', '[8,"","y"]']
    assert len(lines(p, "list", "--source", uri, *here)) == 1
    assert lines(p, "list", "--where", "record.nothing") == []
    assert lines(p, "show", *here, "--source", uri)[0]["row"] == "1"
    assert [g["count"] for g in lines(p, "drop", "--dry-run", *here)] == [2]
    assert [g["count"] for g in lines(p, *here)] == [2]
    for words in (["list"], ["redrive", "--yes"], ["drop", "--yes"]):
        bad = p.command("dead", *words, "--where", "reason = 'x'")
        assert bad.returncode == 2 and "--where, column 8:" in bad.stderr and "write == for =" in bad.stderr
        raised = p.command("dead", *words, "--where", "stage > 1")
        assert raised.returncode == 1 and "nothing was changed" in raised.stderr and 'stage is "' in raised.stderr
    assert state(p) == before
    assert lines(p, "drop", "--yes", "--source", uri, *here)[-1]["dropped"] == 1
    correct(p, MILD)
    assert lines(p, "redrive", "--yes", *here)[-1]["redriven"] == 1
    p.rest()
    assert sorted(x["reason"] for x in p.dead()) == ["required", "truncated"]


def test_a_terminal_gets_no_control_bytes(strict):
    p = strict
    p.send(p.write("a.csv", b"id,name\n,\x1b]0;title\x07\n"))
    p.rest()
    id = lines(p, "list")[0]["id"]
    raw = p.r.xadd("sp:{0}:dead", {"stage": "x", "reason": "r\x1b[2J", "data": b"\x1b[31m\xc2\x9b1m\xff"})
    for words in (["show", id], ["show", raw], ["list"], []):
        seen = on_terminal(p, "n\n", *words)[1]
        assert not set(seen) & {0x1b, 0x07, 0x9b, 0xff}, (words, seen)
        assert b"r\\x1b[2J" in seen or words == ["show", id]


def on_terminal(p, typed, *words):
    """The exit status, and what a terminal saw."""
    ours, theirs = terminal()
    process = subprocess.Popen([STANDPIPE, "dead", *words, "--redis", f"unix://{p.redis.socket}"], stdin=theirs,
                               stdout=theirs, stderr=theirs, env=p.environment, start_new_session=True)
    os.close(theirs)
    os.write(ours, typed.encode())
    seen = b""
    while True:
        try:
            seen += os.read(ours, 65536)
        except OSError:  # the last one closed it
            break
    os.close(ours)
    return process.wait(DEADLINE_S), seen


def test_asks(strict):
    p = strict
    p.send(p.write("a.csv", "id,name\n,y\n,z\n"))
    p.rest()
    before = state(p)
    for verb in ("redrive", "drop"):
        refused = p.command("dead", verb)
        assert refused.returncode == 2 and "--yes" in refused.stderr and "required" in refused.stdout
        status, seen = on_terminal(p, "n\n", verb)
        assert status == 1 and b"2 letters? [y/N]" in seen
        assert state(p) == before
    status, seen = on_terminal(p, "y\n", "drop", "--limit", "1")
    assert status == 0 and b"dropped 1;" in seen
    assert lines(p, "drop", "--yes")[-1] == {"v": 1, "dropped": 1, "stayed": 0, "gone": 0}
    assert p.dead() == []
    assert (p.books()["dead:records"], p.books()["dead:bytes"], p.books()["tidy:dropped"]) == (0, 0, 2)


def test_the_corrected_pipeline_delivers_each_letter_once(strict):
    """10,000 letters; a redrive with a limit, one that is killed in the middle, one to the end, one too many."""
    p = strict
    file = p.write("many.csv", "id,name\n" + ",x\n" * MANY)
    job = p.send(file)
    other = p.send(p.write("other.csv", "id,name\n,y\n1,z\n"))
    p.rest()
    assert len(p.dead()) == MANY + 1
    correct(p, MILD)
    src = p.job(other)["src"]
    assert lines(p, "redrive", "--source", src, "--yes")[-1]["redriven"] == 1
    assert lines(p, "redrive", "--limit", "7", "--yes")[-1]["redriven"] == 7
    assert p.r.xlen("sp:{0}:dead") == MANY - 7
    slow = subprocess.Popen([STANDPIPE, "dead", "redrive", "--yes", "--rate", "2k/s", "--redis",
                             f"unix://{p.redis.socket}"], stdout=subprocess.DEVNULL, env=p.environment)
    wait_for("the redrive to be under way", lambda: p.r.xlen("sp:{0}:dead") < MANY - 500)
    slow.kill()
    slow.wait(DEADLINE_S)
    left = p.r.xlen("sp:{0}:dead")
    assert 0 < left < MANY - 500
    assert lines(p, "redrive", "--yes")[-1] == {"v": 1, "redriven": left, "stayed": 0, "gone": 0}
    assert lines(p, "redrive", "--yes")[-1]["redriven"] == 0
    p.rest()
    check(p, [*ids_of(p, job, MANY), *(f"{src}-{row}-{offset}" for row, offset in ((1, 8), (2, 11)))])


def test_what_dies_again_is_not_sent_in_a_circle(strict):
    p = strict
    p.send(p.write("a.csv", "id,name\n" + ",x\n" * 700))
    p.rest()
    for _ in range(2):
        assert lines(p, "redrive", "--yes")[-1]["redriven"] == 700
        p.rest()
        assert len(p.dead()) == 700
    check(p, [])


def test_two_at_once_share_the_work(strict):
    p = strict
    job = p.send(p.write("a.csv", "id,name\n" + ",x\n" * 3000))
    p.rest()
    correct(p, MILD)
    both = [subprocess.Popen([STANDPIPE, "dead", "redrive", "--yes", "--json", "--redis", f"unix://{p.redis.socket}"],
                             stdout=subprocess.PIPE, env=p.environment) for _ in range(2)]
    moved = [json.loads(one.communicate(timeout=DEADLINE_S)[0].splitlines()[-1])["redriven"] for one in both]
    assert sum(moved) == 3000
    p.rest()
    check(p, ids_of(p, job, 3000))


def test_a_full_topic_makes_it_wait(pipeline):
    """The topic never holds more than its mark, and all of it goes once somebody reads."""
    p = pipeline
    p.apply(STRICT)
    p.start()
    job = p.send(p.write("a.csv", "id,name\n" + ",x\n" * 2000))
    p.rest()
    p.worker("normalise-1").stop()
    p.apply(MILD.replace("  tidy:\n", "  tidy:\n    high: 4KiB\n"))
    redrive = subprocess.Popen([STANDPIPE, "dead", "redrive", "--yes", "--redis", f"unix://{p.redis.socket}"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=p.environment)
    assert "high mark: waiting" in redrive.stderr.readline()
    assert 3000 < p.books()["tidy:bytes"] <= 4096
    p.start("normalise-1")
    assert redrive.communicate(timeout=DEADLINE_S)[0].splitlines()[-1].startswith("redriven 2000;")
    p.rest()
    check(p, ids_of(p, job, 2000))


def test_rate(strict):
    p = strict
    p.send(p.write("a.csv", "id,name\n" + ",x\n" * 100))
    p.rest()
    began = time.monotonic()
    assert lines(p, "redrive", "--rate", "50/s", "--yes")[-1]["redriven"] == 100
    assert 1.5 < time.monotonic() - began < 10


def test_files_and_inbox_letters_go_back(strict):
    """A file that was not there, and documents for a stage that was not there, once both are."""
    p = strict
    path = p.inputs / "late.csv"
    job = p.send(path)
    p.put(data='{"id":"9"}\n{"id":"10"}', to="extra")
    p.rest()
    assert len(p.dead()) == 3
    path.write_text("id,name\n1,x\n")
    extra = STRICT.replace("  ship:", "  extra: {normalise: {}}\n  ship:").replace(
        "{from: tidy, to: ship}", "{from: tidy, to: ship}\n  - {from: extra, to: ship}").replace(
        "{from: inbox, to: rows}", "{from: inbox, when: 'to == \"extra\"', to: extra}\n  - {from: inbox, to: rows}")
    correct(p, extra)
    assert lines(p, "redrive", "--yes")[-1]["redriven"] == 3
    p.rest()
    wait_for("the file to be split", lambda: p.job(job)["state"] == "done")
    p.rest()
    assert p.dead() == []
    assert sorted(d.get("id") or d["sp_extra"]["id"] for d in p.documents()) == ["1", "10", "9"]
    check(p)


def test_to_another_stage(strict):
    p = strict
    p.put(data='{"name":"x"}', to="tidy")
    p.rest()
    assert lines(p, "redrive", "--to", "ship", "--yes")[-1]["redriven"] == 1
    p.rest()
    assert [d["name"] for d in p.documents()] == ["x"]
    check(p)
    wrong = p.command("dead", "redrive", "--to", "nowhere")
    assert wrong.returncode == 2 and "nowhere" in wrong.stderr


def bounded(full):
    """Letters of some 1,000 bytes, and a bound of some hundred."""
    return STRICT + f"dead: {{high: 100KiB, full: {full}}}\n"


def numerous(p, name, rows=400):
    return p.send(p.write(name, "id,name\n" + f",{'x' * 1000}\n" * rows))


def beats(p, name, n):
    """So long that the worker would have read, if it did."""
    last = int(p.r.hget(f"sp:worker:{name}", "beat")) + n
    wait_for("its heartbeats", lambda: int(p.r.hget(f"sp:worker:{name}", "beat")) >= last)


def is_held(p, *names):
    return all(p.r.hget(f"sp:worker:{name}", "state") == "held" for name in names)


def test_at_their_bound_the_door_closes_and_opens_again(pipeline):
    p = pipeline
    p.apply(bounded("stop"))
    p.start()
    numerous(p, "a.csv")
    p.rest()
    wait_for("the door to close", lambda: is_held(p, "dispatch"))
    beats(p, "dispatch", 2)  # a read that was under way when it closed has ended
    before = p.books()["dead:bytes"]
    p.send(p.write("good.csv", "id,name\n1,x\n"))
    p.put(data='{"id":"2"}', to="tidy")
    beats(p, "dispatch", 2)
    assert p.r.xlen("sp:inbox") == 2 and p.books()["dead:bytes"] == before
    dead(p, "drop", "--yes")
    p.rest()
    assert sorted(d["id"] for d in p.documents()) == ["1", "2"]
    wait_for("its heartbeat to say so", lambda: not is_held(p, "dispatch"))


def test_at_their_bound_a_file_under_way_waits(pipeline):
    """Bad rows of a splitter are dead letters themselves: it stops within one step of the bound."""
    p = pipeline
    p.apply(bounded("stop"))
    p.start()
    job = p.send(p.write("wide.csv", "id\n" + f"{'x,' * 5000}\n" * 800))
    wait_for("the splitter to be held", lambda: is_held(p, "split-1"))
    offset = p.job(job)["offset"]
    assert 0 < int(offset) < 3 * 1024 * 1024
    wait_for("the file to go on and be through", lambda: dead(p, "drop", "--yes") and p.job(job).get("state") == "done")
    assert p.books()["rows:dead"] == 800


def test_at_their_bound_the_oldest_are_dropped(pipeline):
    p = pipeline
    p.apply(bounded("drop_oldest"))
    p.start()
    numerous(p, "a.csv")
    p.rest()
    wait_for("the oldest to go", lambda: p.books()["dead:bytes"] <= 100 * 1024)
    books = p.books()
    assert 80 * 1024 < books["dead:bytes"] == sum(len(letter["data"]) for letter in p.dead())
    assert books["tidy:dead"] == 400 == books["tidy:dropped"] + len(p.dead())
    assert p.dead()[-1]["row"] == "400"
    assert p.command("audit").returncode == 0
