"""`standpipe try`: files through a pipeline without Redis, network and destination."""
import json
import os
import pathlib
import subprocess

import pytest
from standpipe_run import STANDPIPE

DATA = pathlib.Path(os.environ.get("STANDPIPE_SHARED_DATA", pathlib.Path(__file__).resolve().parents[3] / "shared/data"))
PIPELINE = """\
stages:
  rows: {split: {}}
  tidy:
    normalise:
      fields:
        id:          {from: ref, required: true}
        price:       {parse: money}
        agent_phone: {from: agent_phone}
  ship: {deliver: {firehose: {stream: s, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: tidy}
  - {from: tidy, when: price == 0, drop: free}
  - {from: tidy, when: price == 1, dead: too_cheap}
  - {from: tidy, to: ship}
"""
ROWS = 'ref,Price,agent tel,epc\nA1,"£250,000",020 1,C\n,5,020 2,D\nA3,12 bananas,020 3,E\nA4,0,,\nA5,1,,\nA6,13 bananas,"\x1b[31m",\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "p.yaml").write_text(PIPELINE)
    (tmp_path / "homes.csv").write_text(ROWS)
    return tmp_path


def call(folder, *words, env=None):
    return subprocess.run([STANDPIPE, *words], cwd=folder, capture_output=True, text=True, timeout=60,
                          env={"PATH": "/nowhere", **(env or {})})


def tried(folder, *words):
    done = call(folder, "try", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_record_is_shown_with_what_became_of_it(folder):
    said = tried(folder, "homes.csv", "--pipeline", "p.yaml")
    assert (said["v"], said["rows"], said["ok"], said["with_issues"], said["filtered"], said["dead"]) == (1, 6, 3, 2, 1, 2)
    [file] = said["files"]
    assert [(r["row"], r["fate"], r["stage"], r.get("reason")) for r in file["records"]] == [
        (1, "ok", "ship", None), (2, "dead", "tidy", "required"), (3, "ok", "ship", None),
        (4, "filtered", "tidy", "free"), (5, "dead", "tidy", "too_cheap"), (6, "ok", "ship", None)]
    first = file["records"][0]["record"]
    assert (first["id"], first["price"]) == ("A1", 250000)
    assert first["sp_extra"].items() >= {"agent tel": "020 1", "epc": "C"}.items()
    for record in file["records"]:
        offset = record["offset"]
        assert ROWS.encode()[offset - 1:offset] == b"\n"
    assert file["split"]["delimiter"] == ","


def test_columns_that_nothing_takes_come_with_the_nearest_field(folder):
    [file] = tried(folder, "homes.csv", "--pipeline", "p.yaml")["files"]
    assert file["unmapped"] == [{"column": "agent tel", "near": "agent_phone"}, {"column": "epc", "near": None}]
    assert file["absent"] == ["agent_phone"]


def test_issues_are_grouped_by_field_and_shape(folder):
    [file] = tried(folder, "homes.csv", "--pipeline", "p.yaml")["files"]
    [issue] = file["issues"]
    assert (issue["field"], issue["issue"], issue["count"]) == ("price", "unparsed", 2)
    assert issue["shapes"] == [{"shape": "9 a", "count": 2, "sample": "12 bananas", "row": 3}]
    assert {(d["stage"], d["reason"], d["count"]) for d in file["deaths"]} == {("tidy", "required", 1), ("tidy", "too_cheap", 1)}


def test_text_for_people(folder):
    done = call(folder, "try", "homes.csv", "--pipeline", "p.yaml", "--limit", "2")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and done.stderr == ""
    assert lines[0].startswith("homes.csv: ") and "delimiter ','" in lines[0] and "4 columns" in lines[0]
    assert lines[1].startswith("  row 1     ok    {")
    assert lines[2].startswith("  row 2     dead  required")
    assert 'unmapped columns kept under sp_extra: "agent tel" (near \'agent_phone\'), epc' in lines
    assert lines[-1] == ("6 rows: 3 ok (2 with issues), 1 filtered, 2 dead (33.3 %)"
                         "      next: standpipe try homes.csv --pipeline p.yaml --only dead")
    assert "\x1b" not in call(folder, "try", "homes.csv", "--pipeline", "p.yaml").stdout


@pytest.mark.parametrize("only, rows", [("ok", [1, 3, 6]), ("dead", [2, 5]), ("issues", [3, 6]), ("filtered", [4])])
def test_only_some_of_them(folder, only, rows):
    [file] = tried(folder, "homes.csv", "--pipeline", "p.yaml", "--only", only)["files"]
    assert [r["row"] for r in file["records"]] == rows


def test_a_stage_in_the_middle(folder):
    [file] = tried(folder, "homes.csv", "--pipeline", "p.yaml", "--stage", "rows", "--limit", "1")["files"]
    assert file["records"] == [{"row": 1, "offset": 24, "fate": "ok", "stage": "rows", "has_issues": False,
                                "record": [24, "A1", "£250,000", "020 1", "C"]}]


def test_without_a_pipeline_the_columns_and_their_shapes(folder):
    said = tried(folder, "homes.csv")
    [file] = said["files"]
    assert said["pipeline"] is None and said["ok"] == 6
    price = file["columns"][1]
    assert price["column"] == "Price"
    assert [(s["shape"], s["count"], s["sample"]) for s in price["shapes"]] == [("9", 3, "5"), ("9 a", 2, "12 bananas"), ("£9,9", 1, "£250,000")]


def test_what_stands_around_the_records_of_json(folder):
    (folder / "wrapped.json").write_text('{"n":1,"records":[{"ref":"A1"}],"next":2}')
    [file] = tried(folder, "wrapped.json", "--pipeline", "p.yaml")["files"]
    assert (file["before_records"], file["behind_records"]) == ([0, 18, '{"n":1,"records":['], [30, 41, '],"next":2}'])
    said = call(folder, "try", "wrapped.json").stdout
    assert 'before the records, bytes 0 to 18: {"n":1,"records":[\n' in said


def test_drift_between_files(folder):
    (folder / "later.csv").write_text("Ref,price,agent_phone,rooms\nB1,5,,3\n")
    (folder / "moved.csv").write_text("price,ref,epc,agent tel\nB1,5,,3\n")
    files = tried(folder, "homes.csv", "later.csv", "moved.csv", "--pipeline", "p.yaml")["files"]
    assert files[1]["drift"] == {"new": ["agent_phone", "rooms"], "absent": ["agent tel", "epc"], "has_new_order": True}
    assert files[2]["drift"] == {"new": [], "absent": [], "has_new_order": True}


def test_nothing_is_logged_that_is_shown(folder):
    (folder / "later.csv").write_text("Ref,price,rooms\nB1,5,3\n")
    done = call(folder, "try", "homes.csv", "later.csv")
    assert done.stderr == ""
    assert "columns that the first file has not: rooms" in done.stdout.splitlines()
    [head] = [line for line in done.stdout.splitlines() if line.startswith("later.csv: ")]
    assert "{" not in head and "[" not in head


def test_exit_status(folder):
    words = ["try", "homes.csv", "--pipeline", "p.yaml"]
    assert call(folder, *words).returncode == 0
    assert call(folder, *words, "--fail-on-dead").returncode == 1
    assert call(folder, "try").returncode == 2
    assert call(folder, "try", "nothing.csv").returncode == 2
    wrong = call(folder, *words, "--only", "daed")
    assert wrong.returncode == 2 and "did you mean 'dead'" in wrong.stderr
    (folder / "p.yaml").write_text(PIPELINE.replace("to: ship", "to: shop"))
    bad = call(folder, *words)
    assert bad.returncode == 78 and "did you mean 'ship'" in bad.stderr


def test_a_file_that_cannot_be_split_is_a_dead_letter(folder):
    (folder / "bad.csv").write_text('"a,b\n' + "x" * 100)
    said = tried(folder, "bad.csv", "--pipeline", "p.yaml")
    assert said["dead"] >= 1 and said["ok"] == 0


def test_documents_of_any_length_pass_and_rows_can_be_bounded(folder):
    (folder / "long.csv").write_text("ref,price\n" + "".join(f"A{i},{i + 2}\n" for i in range(60000)))
    said = tried(folder, "long.csv", "--pipeline", "p.yaml", "--limit", "0", "--only", "ok")
    assert [r["row"] for r in said["files"][0]["records"]] == list(range(1, 60001))
    assert 100 <= tried(folder, "long.csv", "--pipeline", "p.yaml", "--rows", "100")["rows"] < 60000


@pytest.mark.skipif(not DATA.is_dir(), reason="no folder of real files")
def test_real_files_lose_nothing(folder):
    (folder / "real.yaml").write_text("stages:\n  rows: {split: {}}\n  tidy: {normalise: {}}\n  ship: {deliver: {firehose: {stream: s, region: eu-west-1}}}\n"
                                      "routes: [{from: inbox, to: rows}, {from: rows, to: tidy}, {from: tidy, to: ship}]\n")
    said = tried(folder, *sorted(map(str, DATA.glob("property/*.csv"))), "--pipeline", "real.yaml", "--limit", "1")
    counts = {pathlib.Path(f["file"]).name: (f["rows"], f["ok"] + f["dead"] + f["filtered"]) for f in said["files"]}
    assert counts["krisha_almaty.csv"] == (102, 102)
    assert all(a == b for a, b in counts.values())
    assert said["rows"] > 20000


def test_records_that_are_no_data_are_filtered_with_and_without_a_pipeline(folder):
    (folder / "gaps.csv").write_text("ref,price\nA1,2\n,\nref,price\nA2,3\n")
    for words in ([], ["--pipeline", "p.yaml"]):
        said = tried(folder, "gaps.csv", *words)
        assert (said["rows"], said["ok"], said["filtered"]) == (4, 2, 2)
        assert [r.get("reason") for r in said["files"][0]["records"]] == [None, "empty", "repeated_header", None]
