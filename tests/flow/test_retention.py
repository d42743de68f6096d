"""Topics that keep what is done: for a time or up to a size, never less than what still waits, and never taken for
waiting."""
import json
import re
import urllib.request

import pytest
from pipeline import PLAIN, Pipeline
from standpipe_run import BUILD, wait_for

ROWS = 2000


def keeping(tidy, ship="{}"):
    text = PLAIN.replace("tidy: {", f"tidy: {{{tidy}, ")
    return text.replace("ship: {", f"ship: {{{ship}, ") if ship != "{}" else text


@pytest.fixture
def p(tmp_path):
    with Pipeline(tmp_path) as p:
        yield p


def send(p, name="a.csv", rows=ROWS):
    path = p.write(name, "id,text\n" + "".join(f"{i},{'x' * 100}\n" for i in range(rows)))
    p.send(path)
    return path


def is_done(p):
    """The topics may hold what is kept: only the books and claims say that nothing waits."""
    books = p.books()
    return all(p.job(id).get("state") == "done" for id in p.jobs) and not p.pending() and \
        not any(books.get(f"{stage}:records", 0) for stage in p.stages()) and \
        all(int(source.get("open", 0)) == 0 for source in p.sources().values())


def audit(p):
    done = p.command("audit")
    return done.returncode, done.stdout + done.stderr


def oldest(p, stage):
    address = wait_for("the address", lambda: p.r.hget("sp:worker:dispatch", "http"))
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        found = re.search(r'standpipe_topic_oldest_timestamp_seconds\{stage="' + stage + r'"\} (\S+)', answer.read().decode())
    return float(found[1]) if found else None


def test_what_is_kept_does_not_wait(p):
    p.apply(keeping("keep: 1h", "keep: 1h"))
    p.start()
    send(p)
    wait_for("all to be done", lambda: is_done(p))
    assert len({d["sp_id"] for d in p.documents()}) == ROWS == len(p.documents())
    kept = {stage: [fields for _, fields in p.r.xrange(p.topic(stage))] for stage in p.stages()}
    assert [sum(int(fields["n"]) for fields in kept[stage]) for stage in ("rows", "tidy", "ship")] == [0, ROWS, ROWS]
    code, said = audit(p)
    assert code == 0, said
    top = json.loads(p.command("top", "--once", "--json").stdout)
    assert [(s["records"], s["oldest_ms"]) for s in top["stages"]] == [(0, 0)] * 3
    wait_for("the gauge to see none", lambda: oldest(p, "tidy") == 0 and oldest(p, "ship") == 0)
    id = p.documents()[0]["sp_id"]
    places = json.loads(p.command("trace", "--json", id).stdout)["places"]
    assert {(place["topic"], place["done"]) for place in places} == {("tidy", True), ("ship", True)}

    p.worker("deliver-1").stop()  # behind what is kept, something waits
    send(p, "b.csv", 10)
    wait_for("ten rows", lambda: p.books()["ship:records"] == 10)
    first = [fields["row"] for _, fields in p.r.xrange(p.topic("ship"))]
    assert len(first) > 1
    top = json.loads(p.command("top", "--once", "--json").stdout)
    assert next(s for s in top["stages"] if s["stage"] == "ship")["records"] == 10
    newest = int(p.r.xrevrange(p.topic("ship"), count=1)[0][0].partition("-")[0])
    wait_for("the gauge to see it", lambda: oldest(p, "ship") == newest / 1000)
    code, said = audit(p)
    assert code == 0, said


def test_old_entries_go_but_not_what_waits(p):
    p.apply(keeping("keep: 300ms", "keep: 300ms"))
    p.start("dispatch", "split-1", "normalise-1")
    send(p)
    wait_for("the rows to be let go", lambda: p.books().get("ship:records") == ROWS and not p.r.xlen(p.topic("tidy")))
    assert sum(int(fields["n"]) for _, fields in p.r.xrange(p.topic("ship"))) == ROWS
    p.start("deliver-1")
    p.rest()  # with empty topics
    ids = [d["sp_id"] for d in p.documents()]
    assert len(ids) == len(set(ids)) == ROWS


def test_a_second_group_holds_what_it_has_not_read(p):
    p.apply(keeping("keep: 10ms"))
    p.start()
    p.r.xgroup_create(p.topic("tidy"), "mine", "0", mkstream=True)
    send(p)
    wait_for("all to be done", lambda: is_done(p))
    assert p.r.fcall("sp1_trim", 1, p.topic("tidy"), 0, "") == [0, 0]
    assert sum(int(fields["n"]) for _, fields in p.r.xrange(p.topic("tidy"))) == ROWS
    p.r.xgroup_destroy(p.topic("tidy"), "mine")
    p.rest()


def test_memory_bounds_what_is_kept(p):
    p.apply(keeping("keep_bytes: 300KiB"))
    p.start()
    for n in range(3):
        send(p, f"{n}.csv", 5000)
    wait_for("all to be done", lambda: is_done(p))
    wait_for("the bound", lambda: p.r.memory_usage(p.topic("tidy")) <= 300 * 1024)
    assert p.r.xlen(p.topic("tidy")) > 0
    assert len({d["sp_id"] for d in p.documents()}) == 15000
    code, said = audit(p)
    assert code == 0, said


RETRIES = """\
pipeline: retries
stages:
  shaky: {flaky: {}, keep: 1h, retry: {attempts: 5, wait: 50ms..200ms}}
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: shaky}
  - {from: shaky, to: ship}
"""


def test_what_is_tried_again_or_cut_out_is_kept_once(p):
    p.program, p.lease = BUILD / "tests/flow/flaky", "2s"
    p.apply(RETRIES)
    p.start("dispatch", "flaky-1", "deliver-1")
    p.put(data="\n".join(f'{{"n":{n},"retry":{n % 3},"abort":{int(n == 5)}}}' for n in range(10)))
    p.put(data="\n".join(f'{{"n":{n}}}' for n in range(10, 20)))

    def at_rest():
        if not p.worker("flaky-1").is_alive():
            p.worker("flaky-1").start()
        return p.books().get("shaky:in") == 20 and is_done(p) and not p.r.exists("sp:{0}:later")

    wait_for("all to be done", at_rest)
    assert [letter["reason"] for letter in p.dead()] == ["poison"]
    kept = [fields for _, fields in p.r.xrange(p.topic("shaky"))]
    assert len(kept) > 12 and sum(int(fields["n"]) for fields in kept if "copy" not in fields) == 20
    wait_for("the record that kills to be gone", lambda: p.r.xlen(p.topic("shaky")) >= 12)
    p.worker("flaky-1").stop()
    first = sorted(d["n"] for d in p.documents())
    answer = p.r.fcall("sp1_replay", 5, p.topic("shaky"), p.topic("ship"), "sp:{0}:books", "sp:{0}:source:",
                       "sp:{0}:replay:r1", "-", "+", 256, "r1", 0)
    assert answer[:2] == [2, 20]
    wait_for("the copies", lambda: is_done(p))
    assert sorted(d["n"] for d in p.documents()) == sorted([*first, *range(20)])
    assert len(first) >= 19 and set(first) == set(range(20)) - {5}


def test_copies_are_left_out_of_replays_and_traces(p):
    p.apply(keeping("keep: 1h"))
    p.start()
    send(p, rows=1)
    wait_for("it to be done", lambda: p.books().get("ship:out") == 1)
    entry = p.r.xrange(p.topic("tidy"))[0][1]
    sp_id = p.documents()[0]["sp_id"]
    p.r.xadd(p.topic("tidy"), {**entry, "copy": 1})
    wait_for("the copy to be done", lambda: len(p.documents()) == 2 and not p.pending())
    dry = json.loads(p.command("replay", "--topic", "tidy", "--dry-run", "--json").stdout)
    assert (dry["entries"], dry["records"]) == (1, 1)
    traced = p.command("trace", sp_id)
    assert traced.returncode == 0, traced.stderr
    assert [id in traced.stderr for id, _ in p.r.xrange(p.topic("tidy"))] == [True, False], traced.stderr
