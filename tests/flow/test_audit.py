"""`standpipe audit`: the books are true after any run, under load as well; what a hand did to them is found and named."""
import json
import shlex

import pytest
from pipeline import Pipeline
from standpipe_run import wait_for

ROWS = 2000
FORKS = """\
pipeline: forks
stages:
  rows: {split: {empty: keep}}
  tidy: {normalise: {fields: {id: {from: id, required: true}, kind: {from: kind}}}}
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
  side: {deliver: {linger: 20ms, firehose: {stream: side, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: tidy}
  - {from: tidy, when: kind == "drop", drop: unwanted}
  - {from: tidy, when: kind == "bad", dead: refused}
  - {from: tidy, when: kind == "both", to: [ship, side]}
  - {from: tidy, to: ship}
counts:
  by_kind: {on: tidy, key: kind}
"""
PLAIN = FORKS.replace("  - {from: tidy, when: kind == \"both\", to: [ship, side]}\n", "") \
    .replace("  - {from: tidy, to: ship}", "  - {from: tidy, when: kind == \"both\", to: side}\n  - {from: tidy, to: ship}")


def content(rows=ROWS):
    kinds = ["drop", "bad", "both", "plain", ""]
    return "id,kind\n" + "".join(f"{'' if i % 50 == 9 else i},{kinds[i % 5]}\n" for i in range(rows))


def audit(p):
    done = p.command("audit", "--json")
    assert done.returncode in (0, 1), done.stderr
    told = json.loads(done.stdout)
    assert told["true"] == (done.returncode == 0) == (told["differences"] == [])
    return told


def differences(p):
    return [(d["what"], d["where"], d["records"]) for d in audit(p)["differences"]]


@pytest.mark.parametrize("text", [FORKS, PLAIN])
def test_the_books_are_true_after_a_run(pipeline, text):
    p = pipeline
    p.apply(text)
    p.start()
    p.send(p.write("a.csv", content()))
    p.send(p.write("b.csv", content(10)))
    p.rest()
    told = audit(p)
    assert told["true"], told
    assert told["sources"] == 2 and told["counts"] == 1
    topics = {t["topic"]: t for t in told["topics"]}
    assert topics["tidy"]["in"] == ROWS + 10
    assert topics["tidy"]["in"] == sum(topics["tidy"][k] for k in ("out", "dead", "filtered"))
    assert topics["dead"]["recount"] == p.r.xlen("sp:{0}:dead") > ROWS / 5
    table = p.command("audit").stdout.splitlines()
    assert table[0].split()[:2] == ["TOPIC", "IN"]
    assert table[-1] == "the books are true: 5 topics, 2 sources, 1 counts"


def test_the_books_stay_true_when_letters_go_back_or_away(pipeline):
    p = pipeline
    p.apply(PLAIN)
    p.start()
    p.send(p.write("a.csv", content()))
    p.send(p.write("empty.csv", ""))
    p.put(to="tidy", data='{"id":"1","kind":"bad"}\n{"id":')
    p.rest()
    letters = p.r.xlen("sp:{0}:dead")
    for words in (["redrive", "--limit", "7"], ["redrive", "--reason", "required"], ["drop", "--reason", "refused"], ["drop"]):
        done = p.command("dead", *words, "--yes")
        assert done.returncode == 0, done.stderr
        p.rest()
        told = audit(p)
        assert told["true"], (words, told["differences"])
    assert letters > ROWS / 5 and p.r.xlen("sp:{0}:dead") == 0


def test_the_books_stay_true_through_replays_of_what_is_kept(pipeline):
    p = pipeline
    p.apply(FORKS.replace("tidy: {normalise", "tidy: {keep: 1h, normalise"))
    p.start()
    p.send(p.write("a.csv", content()))
    wait_for("all to be done", lambda: p.books().get("tidy:in") == ROWS and not p.books()["tidy:records"])
    for i in range(2, 4):
        assert p.command("replay", "--topic", "tidy", "--run", f"again-{i}").returncode == 0
        told = audit(p)
        assert told["true"], told
        # Every copy is a record that came in; what was replayed is replayed with it.
        wait_for("the copies to be done", lambda: p.books()["tidy:in"] == ROWS * 2 ** (i - 1) and not p.books()["tidy:records"])
        told = audit(p)
        assert told["true"], told


def test_what_was_kept_is_no_alarm_when_keep_is_taken_out(pipeline):
    p = pipeline
    p.apply(PLAIN.replace("tidy: {normalise", "tidy: {keep: 1h, normalise"))
    p.start()
    p.send(p.write("a.csv", content()))
    wait_for("all to be done", lambda: p.books().get("tidy:in") == ROWS and not p.books()["tidy:records"])
    version = str(p.apply(PLAIN))
    wait_for("the worker to follow", lambda: p.r.hget("sp:worker:normalise-1", "pipeline") == version)
    p.send(p.write("b.csv", content(10)))
    wait_for("more to be done", lambda: p.books()["tidy:in"] == ROWS + 10 and not p.books()["tidy:records"])
    told = audit(p)
    assert told["true"], told["differences"]
    assert "entries kept from before" in p.command("audit").stdout
    wait_for("all of it to rest", lambda: not p.pending())
    p.r.hincrby("sp:{0}:books", "tidy:records", 1)
    assert ("stranded", "tidy") in [(d["what"], d["where"]) for d in audit(p)["differences"]]


@pytest.fixture(scope="module")
def backlog(tmp_path_factory):
    """Rows wait in front of `tidy`, and a part of them is claimed."""
    with Pipeline(tmp_path_factory.mktemp("audit")) as p:
        p.apply(PLAIN)
        p.start("dispatch", "split-1")
        p.send(p.write("a.csv", content(20_000)))
        wait_for("all rows to wait", lambda: p.books().get("rows:out") == 20_000 and p.books()["rows:records"] == 0)
        for name in ("split-1", "dispatch"):
            assert p.worker(name).stop() == 0
        p.r.xreadgroup("sp", "me", {"sp:{0}:tidy": ">"}, count=2)
        assert audit(p)["true"]
        yield p


def weight(p, topic, id):
    return int(p.r.xrange(topic, id, id)[0][1]["n"])


@pytest.fixture
def undo(backlog):
    """Puts the keys back as they were."""
    keys = {key: backlog.r.execute_command("DUMP", key, **{"NEVER_DECODE": True}) for key in backlog.r.keys("sp:{0}:*")}
    yield backlog
    for key in backlog.r.keys("sp:{0}:*"):
        backlog.r.delete(key)
    for key, bytes in keys.items():
        backlog.r.execute_command("RESTORE", key, 0, bytes)
    assert audit(backlog)["true"]


def test_a_deleted_entry_is_found(undo):
    id = undo.r.xrevrange("sp:{0}:tidy", count=1)[0][0]
    n = weight(undo, "sp:{0}:tidy", id)
    undo.r.xdel("sp:{0}:tidy", id)
    assert differences(undo) == [("missing", "tidy", n), ("vanished", "tidy", 0)]
    assert f"tidy: {n} records (" in undo.command("audit").stdout


def test_a_trimmed_topic_is_found_and_so_are_the_claims_on_it(undo):
    undo.r.xtrim("sp:{0}:tidy", maxlen=0, approximate=False)
    told = audit(undo)["differences"]
    assert [(d["what"], d["where"], d["records"]) for d in told] == [("gone", "tidy", 0), ("missing", "tidy", 20_000),
                                                                        ("vanished", "tidy", 0)]
    assert told[0]["text"].startswith("2 entries are claimed by a worker, but deleted")


def test_a_claimed_entry_without_its_body_is_found(undo):
    id = undo.r.xpending_range("sp:{0}:tidy", "sp", "-", "+", 1)[0]["message_id"]
    n = weight(undo, "sp:{0}:tidy", id)
    undo.r.xdel("sp:{0}:tidy", id)
    assert differences(undo) == [("gone", "tidy", 0), ("missing", "tidy", n), ("vanished", "tidy", 0)]


def test_a_deleted_consumer_is_found_and_the_remedy_works(undo):
    ids = [e["message_id"] for e in undo.r.xpending_range("sp:{0}:tidy", "sp", "-", "+", 10)]
    n = sum(weight(undo, "sp:{0}:tidy", id) for id in ids)
    undo.r.xgroup_delconsumer("sp:{0}:tidy", "sp", "me")
    told = audit(undo)["differences"]
    assert [(d["what"], d["where"], d["records"]) for d in told] == [("stranded", "tidy", n)]
    words = told[0]["text"].partition("redis-cli ")[2].replace("'", "").split()
    for _ in ids:
        undo.r.execute_command(*words[:words.index("JUSTID") + 1])
        told = audit(undo)["differences"]
        words = (told[0]["text"] if told else "").partition("redis-cli ")[2].replace("'", "").split()
    assert told == []


def test_what_a_group_was_set_past_is_found(undo):
    """As with a group made at `$`: nobody will ever read it."""
    claimed = {e["message_id"] for e in undo.r.xpending_range("sp:{0}:tidy", "sp", "-", "+", 10)}
    n = sum(weight(undo, "sp:{0}:tidy", id) for id, _ in undo.r.xrange("sp:{0}:tidy") if id not in claimed)
    undo.r.xgroup_setid("sp:{0}:tidy", "sp", "$")
    assert differences(undo) == [("stranded", "tidy", n)]


def test_a_parked_entry_that_nobody_will_wake_is_found_and_the_remedy_works(undo):
    topic, later = "sp:{0}:tidy", "sp:{0}:later"
    ids = [e["message_id"] for e in undo.r.xpending_range(topic, "sp", "-", "+", 2)]
    for id in ids:
        assert undo.r.fcall("sp1_park", 2, topic, later, "sp", "me", id, "tidy", 60_000) > 0
    assert audit(undo)["true"]
    undo.r.zrem(later, f"tidy {ids[1]}")
    told = audit(undo)["differences"]
    assert [(d["what"], d["where"], d["records"]) for d in told] == [("asleep", "tidy", weight(undo, topic, ids[1]))]
    undo.r.execute_command(*shlex.split(told[0]["text"].partition("redis-cli ")[2].partition(" wakes ")[0]))
    assert audit(undo)["true"]


@pytest.mark.parametrize("key, field, by, expected", [
    ("books", "tidy:out", 5, [("totals", "tidy", 5)]),
    ("books", "tidy:records", -1, [("totals", "tidy", 1), ("surplus", "tidy", 1)]),
    ("books", "tidy:bytes", 7, [("bytes", "tidy", 0)]),
    ("books", "dead:records", 3, [("missing", "dead", 3)]),
    ("books", "side:filtered", -2, [("negative", "side", 0), ("totals", "side", 2)]),
    ("source", "delivered", 1, [("source", "source", 1)]),
    ("source", "rows", 4, [("source", "source", 4)]),
])
def test_books_moved_by_hand_are_found(undo, key, field, by, expected):
    source = undo.r.keys("sp:{0}:source:*")[0]
    undo.r.hincrby(source if key == "source" else "sp:{0}:books", field, by)
    assert [(what, "source" if where == source else where, n) for what, where, n in differences(undo)] == expected


def test_what_is_no_count_is_found(undo):
    undo.r.hset("sp:{0}:count:by_kind:total", "both", "many")
    undo.r.set("sp:{0}:source:0123456789abcdef", "x")
    assert sorted(differences(undo)) == [("number", "sp:{0}:count:by_kind:total", 0),
                                         ("type", "sp:{0}:source:0123456789abcdef", 0)]


def test_an_entry_put_in_by_hand_is_no_difference(undo):
    undo.r.xadd("sp:{0}:tidy", {"data": '{"id":"1"}'})
    told = audit(undo)
    assert told["true"]
    assert [t["by_hand"] for t in told["topics"] if t["topic"] == "tidy"] == [1]


def test_a_topic_of_many_pages_is_read_to_its_end(pipeline):
    p, topic, entries = pipeline, "sp:{0}:tidy", 1600
    p.apply(PLAIN)
    p.r.xgroup_create(topic, "sp", "0", mkstream=True)
    with p.r.pipeline() as many:
        for i in range(entries):
            many.xadd(topic, {"data": "{}", "n": 1, "src": "0123456789abcdef"}, id=f"{1 + i}-0")
        many.hset("sp:{0}:books", mapping={"tidy:in": entries, "tidy:records": entries, "tidy:bytes": 2 * entries})
        many.execute()
    p.r.xreadgroup("sp", "me", {topic: ">"}, count=1100)
    assert audit(p)["true"]
    p.r.xdel(topic, "513-0", "1024-0", "1400-0")
    p.r.xack(topic, "sp", "700-0", "1100-0")
    told = audit(p)["differences"]
    assert [(d["what"], d["records"]) for d in told] == [("gone", 0), ("stranded", 2), ("missing", 3)]
    assert told[0]["text"].startswith("2 entries") and "700-0" in told[1]["text"]


def test_no_false_alarm_under_load(tmp_path):
    with Pipeline(tmp_path) as p:
        p.apply(FORKS)
        p.start("dispatch", "split-1", "normalise-1", "deliver-1", "deliver-2")
        rows = 0
        for i in range(6):
            rows += 30_000 + i
            p.send(p.write(f"{i}.csv", content(30_000 + i)))
        during = 0
        while not p.is_at_rest():
            told = audit(p)
            assert told["true"], told
            during += any(t["waiting"] for t in told["topics"])
        assert during > 0  # else it proves nothing
        assert audit(p)["true"]
        assert p.books()["tidy:in"] == rows


def test_nothing_applied_is_said(pipeline):
    done = pipeline.command("audit")
    assert done.returncode == 78 and "no pipeline is applied" in done.stderr
