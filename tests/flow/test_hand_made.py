"""Whatever somebody adds with redis-cli: each record has one end, and the books say which."""
import json
import time

import pytest
from checker import check

HOUR_MS = 3600 * 1000
PIPELINE = """\
pipeline: hand
stages:
  rows: {split: {format: csv}}
  tidy: {normalise: {fields: {n: {parse: integer}, kind: {}, at: {}}}}
  copy: {normalise: {}}
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
  side: {deliver: {linger: 20ms, firehose: {stream: side, region: eu-west-1, source: false}}}
routes:
  - {from: inbox, when: 'kind == "gone"', drop: not_wanted}
  - {from: inbox, when: 'kind == "bad"', dead: no_good}
  - {from: inbox, when: 'kind == "both"', to: [ship, side]}
  - {from: inbox, when: 'kind == "odd" and #n > 0', to: ship}
  - {from: inbox, to: tidy}
  - {from: rows, to: tidy}
  - {from: copy, when: 'kind == "lost"', to: ship}
  - {from: tidy, when: 'kind == "late_drop"', drop: too_late}
  - {from: tidy, when: 'kind == "late_dead"', dead: too_bad}
  - {from: tidy, when: 'kind == "fork"', to: [ship, side, copy]}
  - {from: tidy, when: 'n > 1000 and kind + 1 > 0', to: ship}
  - {from: tidy, to: ship}
counts:
  by_kind:   {on: tidy, key: kind}
  by_hour:   {on: tidy, key: kind, time: at, every: 1h, keep: 2h}
  by_accept: {on: ship, key: kind, every: 1h, keep: 3h}
"""


class Put:
    """Adds an entry; afterwards `out`, `side` and `dead` are what it gave."""

    def __init__(self, p):
        self.p = p

    def __call__(self, topic="sp:inbox", **fields):
        p = self.p
        seen = [len(p.documents("out")), len(p.documents("side")), len(p.dead())]
        self.id = p.r.xadd(topic, fields)
        p.rest(10)
        found = p.documents("out"), p.documents("side"), p.dead()
        self.out, self.side, self.dead = (now[n:] for now, n in zip(found, seen))
        check(p, streams={"ship": "out", "side": "side"}, forks=True)
        return self

    def reasons(self):
        return [(letter["stage"], letter["reason"]) for letter in self.dead]


@pytest.fixture
def put(pipeline):
    pipeline.apply(PIPELINE)
    return Put(pipeline.start())


def plain(document):
    return {name: value for name, value in document.items() if name not in ("sp_id", "sp_source")}


def test_a_document(put):
    put(data='{"n": 12345678901234567890, "kind": "7", "more": [1, {"x": null}]}')
    [document] = put.out
    assert plain(document) == {"n": 12345678901234567890, "kind": "7", "at": None, "sp_extra": {"more": [1, {"x": None}]}}
    src, row, offset = document["sp_id"].split("-")
    assert (len(src), row, offset) == (16, "1", "0")
    assert document["sp_source"]["uri"] == f"inbox:{put.id}"
    source = put.p.sources()[src]
    assert (source["rows"], source["delivered"], source["open"]) == ("1", "1", "0")


def test_many_lines_with_blank_ones_between(put):
    lines = ['{"n":1}', "", '{"n":2}', "", "", '{"n":3}', ""]
    put(data="\n".join(lines))
    assert [(d["n"], *d["sp_id"].split("-")[1:]) for d in put.out] == [(1, "1", "0"), (2, "2", "9"), (3, "3", "19")]


def test_windows_line_ends(put):
    put(data='{"n":1}\r\n{"n":2}\r\n')
    assert [d["n"] for d in put.out] == [1, 2]


@pytest.mark.parametrize("stage, extra", [("tidy", {"at": None}), ("copy", None), ("ship", None)])
def test_to_names_the_stage(put, stage, extra):
    put(data='{"n":1,"kind":"lost"}', to=stage)
    want = {"tidy": {"n": 1, "kind": "lost", "at": None}, "ship": {"n": 1, "kind": "lost"},
            "copy": {"sp_extra": {"n": 1, "kind": "lost"}}}[stage]
    if stage == "copy":  # it took the fields away before its condition is asked
        assert put.reasons() == [("copy", "no_route")]
    else:
        assert [plain(d) for d in put.out] == [want]


@pytest.mark.parametrize("fields, reasons, good", [
    ({"data": "nonsense"}, [("inbox", "bad_json")], 0),
    ({"data": '{"n":1}\n{"n":\n{"n":2}'}, [("inbox", "bad_json")], 2),
    ({"data": '[1,2]'}, [("inbox", "bad_json")], 0),
    ({"data": '"text"\n17\nnull'}, 3 * [("inbox", "bad_json")], 0),
    ({"data": '{"n":1}{"n":2}'}, [("inbox", "bad_json")], 0),
    ({"data": '{"n":1}', "to": "nowhere"}, [("inbox", "no_route")], 0),
    ({"uri": "file:///x.csv", "to": "nowhere"}, [("inbox", "no_route")], 0),
    ({"uri": "file:///x.csv", "to": "tidy"}, [("inbox", "no_route")], 0),
    ({"uri": "file:///x.csv"}, [("inbox", "no_route")], 0),
    ({"note": "neither"}, [("inbox", "bad_entry")], 0),
    ({"data": ""}, [("inbox", "bad_entry")], 0),
    ({"data": '{"n":1}', "row": "x"}, [("inbox", "bad_entry")], 0),
    ({"data": '{"n":1}', "row": "0"}, [("inbox", "bad_entry")], 0),
    ({"data": '{"n":1}', "src": "short"}, [("inbox", "bad_entry")], 0),
    ({"data": '[1,"2"]', "cols": "n"}, [("inbox", "bad_entry")], 0),
    ({"data": '{"n":1}', "at": "-1"}, [("inbox", "bad_entry")], 0),
    ({"data": '{"n":1}', "to": "rows"}, None, 0),
    ({"uri": "ftp://x/y.csv", "to": "rows"}, [("rows", "source_refused")], 0),
    ({"data": "\n"}, [], 0),
    ({"data": " \n{\"n\":1} \n"}, [("inbox", "bad_json")], 1),
], ids=str)
def test_what_is_wrong_is_a_letter(put, fields, reasons, good):
    put(**fields)
    if reasons is not None:
        assert put.reasons() == reasons
    else:
        assert len(put.dead) == 1
    assert len(put.out) == good
    for letter in put.dead:
        assert letter["detail"] and letter["data"]


def test_a_letter_for_an_entry_holds_all_of_it(put):
    put(note="neither", more="é \"\n\x01")
    assert json.loads(put.dead[0]["data"]) == {"note": "neither", "more": "é \"\n\x01"}


def test_rows_with_columns(put):
    put(data='[0,"1","a"]\n[20,"2"]\n[31,"3","c","d"]', cols='["n","kind"]', row="5")
    assert [(d["n"], d["kind"], d.get("sp_ragged"), d.get("sp_extra")) for d in put.out] == [
        (1, "a", None, None), (2, None, "short", None), (3, "c", "long", {"column_3": "d"})]
    assert [d["sp_id"].split("-")[1:] for d in put.out] == [["5", "0"], ["6", "20"], ["7", "31"]]


@pytest.mark.parametrize("row, reason", [('["x","a"]', "bad_row"), ('{"n":1}', "bad_json"), ("[1,", "bad_json"),
                                         ("[]", "bad_row")])
def test_bad_rows(put, row, reason):
    put(data='[0,"1","a"]\n' + row, cols='["n","kind"]')
    assert [reason for _, reason in put.reasons()] == [reason]
    assert [d["n"] for d in put.out] == [1]


def test_straight_into_the_topic_of_a_stage(put):
    put("sp:{0}:tidy", data='{"n":1,"kind":"x"}\n{"n":2,"kind":"y"}')
    assert [d["n"] for d in put.out] == [1, 2]
    put("sp:{0}:ship", data='{"any":1,"sp_id":"0123456789abcdef-1-0"}', src="0123456789abcdef")
    assert [plain(d) for d in put.out] == [{"any": 1}]
    put("sp:{0}:ship", data='[0,"a"]', cols='["n"]')
    assert put.reasons() == [("ship", "not_a_document")]
    put("sp:{0}:tidy", note="x")
    assert put.reasons() == [("tidy", "bad_entry")]
    put("sp:{0}:rows", note="x")
    assert put.reasons() == [("rows", "bad_entry")]
    put("sp:{0}:rows", data='{"n":1}\n{"n":2}')
    assert [(letter["stage"], json.loads(letter["data"])) for letter in put.dead] == [
        ("rows", {"data": '{"n":1}\n{"n":2}'})]


def test_a_file_straight_into_the_topic_of_its_splitter(put):
    path = put.p.write("straight.csv", "n,kind\n1,x\n2,y\n")
    put("sp:{0}:rows", uri=f"file://{path}")
    assert [(d["n"], d["kind"]) for d in put.out] == [(1, "x"), (2, "y")]


def test_members_that_only_we_write_are_moved(put):
    put(data='{"n":1,"sp_id":"mine","sp_x":2,"sp_source":{"a":1},"sp_extra":5}', to="tidy")
    [document] = put.out
    assert document["sp_id"].endswith("-1-0") and document["sp_source"]["uri"] == f"inbox:{put.id}"
    assert document["sp_extra"] == {"sp_id": "mine", "sp_x": 2, "sp_source": {"a": 1}, "sp_extra": 5}


def test_one_of_ours_keeps_its_id_when_it_comes_again(put):
    put(data='{"n":1}')
    [document] = put.out
    src = document["sp_id"].split("-")[0]
    line = json.dumps(plain(document) | {"sp_id": f"{src}-9-77"})
    put(data=line, src=src)
    assert [d["sp_id"] for d in put.out] == [f"{src}-9-77"]


def test_routes_at_the_door(put):
    put(data="\n".join('{"n":%d,"kind":"%s"}' % row for row in
                       [(1, "gone"), (2, "bad"), (3, "both"), (4, "a"), (5, "gone"), (6, "odd")]))
    assert sorted(d["n"] for d in put.out) == [3, 4]
    assert [d["n"] for d in put.side] == [3]
    assert put.reasons() == [("inbox", "no_good"), ("inbox", "condition")]
    assert "number" in put.dead[1]["detail"]
    [source] = [s for s in put.p.sources().values() if s["uri"] == f"inbox:{put.id}"]
    assert {k: source[k] for k in ("rows", "delivered", "dead", "filtered", "open")} == {
        "rows": "6", "delivered": "3", "dead": "2", "filtered": "2", "open": "0"}


def test_all_filtered_at_the_door(put):
    before = put.p.books().get("inbox:filtered", 0)
    put(data='{"kind":"gone"}\n{"kind":"gone"}')
    assert (put.out, put.dead) == ([], [])
    assert put.p.books()["inbox:filtered"] == before + 2


def test_routes_behind_a_stage(put):
    before = put.p.books().get("tidy:filtered", 0)
    put(data="\n".join('{"n":%d,"kind":"%s"}' % row for row in
                       [(1, "late_drop"), (2, "late_dead"), (3, "fork"), (4, "a"), (5000, "a"), (5001, "17")]))
    assert sorted(d["n"] for d in put.out) == [3, 4, 5001]
    assert [plain(d) for d in put.side] == [{"n": 3, "kind": "fork", "at": None}]  # and the side has no sp_source
    assert sorted(put.reasons()) == [("copy", "no_route"), ("tidy", "condition"), ("tidy", "too_bad")]
    assert put.p.books()["tidy:filtered"] == before + 1


def test_windows_by_event_time_and_by_time_of_acceptance(put):
    now = int(time.time() * 1000)
    events = ["2021-05-24T10:59:59Z", "2021-05-24T11:00:00Z", "2021-05-24T12:30:00+01:00", 1621854000, 1621854000123,
              "no time"]
    put(data="\n".join(json.dumps({"n": i, "kind": "w", "at": at}) for i, at in enumerate(events)))
    windows = {int(w): counts["w"] for w, counts in put.p.counts("by_hour").items() if "w" in counts}
    ten = 1621850400  # 2021-05-24T10:00:00Z
    accepted = int(put.id.split("-")[0]) // HOUR_MS * 3600
    assert windows == {ten: 1, ten + 3600: 4, accepted: 1}
    assert put.p.counts("by_accept")[str(accepted)]["w"] == len(events)
    assert put.p.counts("by_kind")["total"]["w"] == len(events)
    expires = {name: put.p.r.execute_command("PEXPIRETIME", f"sp:{{0}}:count:{name}")
               for name in (f"by_hour:{ten}", f"by_hour:{accepted}", f"by_accept:{accepted}", "by_kind:total")}
    assert now + 2 * HOUR_MS <= expires[f"by_hour:{ten}"] <= now + 2 * HOUR_MS + 60_000  # past long ago: from now
    assert expires[f"by_hour:{accepted}"] == accepted * 1000 + 3 * HOUR_MS
    assert expires[f"by_accept:{accepted}"] == accepted * 1000 + 4 * HOUR_MS
    assert expires["by_kind:total"] == -1


def test_records_without_the_key_are_counted_as_such(put):
    before = put.p.counts("by_kind").get("total", {}).get("~none", 0)
    put(data='{"n":1}\n{"n":2,"kind":null}')
    assert put.p.counts("by_kind")["total"]["~none"] == before + 2


def test_every_source_and_seen_mark_goes_by_itself(put):
    put(data='{"n":1}')
    p = put.p
    for pattern in ("sp:{0}:source:*", "sp:{0}:seen:*"):
        keys = list(p.r.scan_iter(pattern))
        assert keys and all(p.r.pttl(key) > 0 for key in keys), pattern


def test_large_documents(put):
    text = "x" * 1_000_000
    put(data='{"kind":"%s"}\n{"kind":"%sy"}\n{"n":1}' % (text, text + 30_000 * "z"))
    assert sorted(len(d.get("kind") or "") for d in put.out) == [0, 1_000_000]
    assert put.reasons() == [("ship", "too_large")]


def test_a_thousand_lines_in_one_entry(put):
    put(data="\n".join('{"n":%d,"kind":"many"}' % i for i in range(1000)))
    assert sorted(d["n"] for d in put.out) == list(range(1000))
    assert len({d["sp_id"] for d in put.out}) == 1000
