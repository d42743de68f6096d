"""NDJSON and JSON files through the whole pipeline: every object is a document with the id of its place, every value as it
stands in the file, and what is no object is a dead letter with its bytes."""
import json

import pytest
from checker import check
from pipeline import Pipeline

PIPELINE = """\
pipeline: json
stages:
  rows:  {split: {}}
  small: {split: {row_bytes: 1024B}}
  deep:  {split: {records: /answer/list}}
  tidy:  {normalise: {fields: {city: {}}}}
  ship:  {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: small, to: ship}
  - {from: deep, to: ship}
  - {from: rows, when: plain ~= nil, to: ship}
  - {from: rows, to: tidy}
  - {from: tidy, to: ship}
"""


@pytest.fixture(scope="module")
def p(tmp_path_factory):
    with Pipeline(tmp_path_factory.mktemp("json")) as p:
        p.apply(PIPELINE)
        yield p.start()


def take(p, name, data, **fields):
    """The job, the documents by row, the dead letters of this file."""
    path = p.write(name, data)
    before = len(p.dead())
    job = p.send(path, **fields)
    p.rest()
    job = p.job(job)
    mine = {int(d["sp_id"].split("-")[1]): d for d in p.documents(src=job["src"] + "-")}
    return job, mine, p.dead()[before:]


FILES = {
    "lines": b'\xef\xbb\xbf{"plain":1.10,"a":"x"}\r\n\r\n{"plain":2}\n{"plain":\n{"plain":"\\u00e9"}',
    "array": b' [ {"plain":1.10,"a":"x"},\n\n{"plain":2},{"plain":}, {"plain":"\\u00e9"}\n]\n',
    "records": b'{"count":4,"records":[{"plain":1.10,"a":"x"},{"plain":2},{"plain":},{"plain":"\\u00e9"}],"next":null}',
}


@pytest.mark.parametrize("name", FILES)
def test_objects_become_documents(p, name):
    data = FILES[name]
    job, documents, dead = take(p, f"{name}.json", data)
    assert (job["state"], job["format"]) == ("done", "ndjson" if name == "lines" else "json")
    assert sorted(documents) == [1, 2, 4]
    for document in documents.values():
        offset = int(document["sp_id"].split("-")[2])
        assert data[offset:offset + 8] == b'{"plain"'
    assert [d["plain"] for _, d in sorted(documents.items())] == [1.10, 2, "\xe9"]
    assert documents[1]["a"] == "x"
    [letter] = dead
    offset, text = json.loads(letter["data"])
    assert letter["reason"] == "bad_json" and letter["row"] == "3" and "value" in letter["detail"]
    assert data[offset:offset + len(text)].decode() == text
    source = p.sources()[job["src"]]
    assert (source["rows"], source["delivered"], source["dead"]) == ("4", "3", "1")


def test_a_document_is_byte_for_byte_as_it_was(p):
    inside = b'"plain" : 12345678901234567890.10,\t"\\u0061":[1, 2 ,{ }]  ,"z":"\xc5\x82\\/"'
    job, _, dead = take(p, "bytes.json", b"[{" + inside + b"}]")
    assert dead == []
    delivered = [line for path in (p.firehose.folder / "out").rglob("*") if path.is_file()
                 for line in path.read_bytes().splitlines() if job["src"].encode() in line]
    assert len(delivered) == 1
    assert delivered[0].startswith(b'{"sp_id":"%s-1-1",%s,"sp_source":' % (job["src"].encode(), inside))


def test_members_that_look_like_ours_are_set_apart(p):
    data = b'{"sp_id":"forged","plain":1,"\\u0073p_issues":7}\n{"city":"Leeds","sp_id":"x"}\n'
    _, documents, dead = take(p, "forged.json", data)
    assert dead == []
    assert documents[1]["sp_extra"] == {"sp_id": "forged", "sp_issues": 7}
    assert documents[2]["sp_extra"] == {"sp_id": "x"} and documents[2]["city"] == "Leeds"


def test_an_object_that_is_too_long_is_passed_over(p):
    data = json.dumps([{"a": 1}, {"a": "x" * 5000}, {"a": [3] * 10}, 7, {"a": 4}]).encode()
    job, documents, dead = take(p, "long.json", data, to="small")
    assert sorted(documents) == [1, 3, 5]
    assert [(d["row"], d["reason"]) for d in dead] == [("2", "row_too_long"), ("4", "no_object")]
    assert data[int(dead[0]["offset"]):].startswith(json.loads(dead[0]["data"])[1].encode())


def test_the_array_is_where_the_pointer_says(p):
    data = json.dumps({"records": [{"no": 1}], "answer": {"list": [{"a": 1}, {"a": 2}]}}, indent=1).encode()
    job, documents, dead = take(p, "deep.json", data, to="deep")
    assert [documents[1]["a"], documents[2]["a"]] == [1, 2] and dead == []


AROUND = {
    "wrapped": (b'{"count":2,"meta":{"by":"M\xc3\xbcller"},"records":[{"plain":1},{"plain":2}]\n,"next":null}\n', {}),
    "utf-16": ('{"count":2,"records":[{"plain":1},{"plain":2}],"next":null}'.encode("utf-16"), {}),
    "behind": (b'{"answer":{"list":[{"plain":1},{"plain":2}],"no":1},"more":[]}', {"to": "deep"}),
    "none": (b'{"answer":{"list":[{"plain":1},{"plain":2}]}}', {"to": "deep"}),
}


@pytest.mark.parametrize("name", AROUND)
def test_what_stands_around_the_records_is_kept(p, name):
    data, fields = AROUND[name]
    job, documents, dead = take(p, f"around-{name}.json", data, **fields)
    assert [d["plain"] for _, d in sorted(documents.items())] == [1, 2] and dead == []
    encoding = "utf-16-le" if name == "utf-16" else "utf-8"
    asides = [json.loads(job[field]) for field in ("before_records", "behind_records") if field in job]
    assert len(asides) == {"wrapped": 2, "utf-16": 2, "behind": 1, "none": 0}[name]
    for offset, end, text in asides:
        assert data[offset:end].decode(encoding).lstrip("\ufeff") == text.lstrip("\ufeff")
    traced = p.command("trace", documents[2]["sp_id"])
    assert traced.stderr.count(" the records: [") == len(asides)
    found = json.loads(p.command("trace", "--json", documents[2]["sp_id"]).stdout)
    assert [found[f] for f in ("before_records", "behind_records") if f in found] == asides


def test_a_pointer_says_that_files_are_json(p):
    _, documents, dead = take(p, "one-line.json", b'{"answer":{"list":[{"a":1}]}}\n', to="deep")
    assert [d["a"] for d in documents.values()] == [1] and dead == []
    file = p.folder / "wrong.yaml"
    file.write_text(PIPELINE.replace("records: /answer/list", "format: csv, records: /answer/list"))
    said = p.command("check", file)
    assert said.returncode == 78 and "records is for JSON files, and format is 'csv'" in said.stderr + said.stdout


def test_an_array_that_breaks_off_says_so(p):
    job, documents, dead = take(p, "open.json", b'[{"plain":1},{"plain":2}')
    assert sorted(documents) == [1, 2] and [d["reason"] for d in dead] == ["incomplete"]
    assert job["state"] == "incomplete" and job["error"] == "the array is not closed"
    job, documents, dead = take(p, "cut.json", b'[{"plain":1},{"plain":')
    assert sorted(documents) == [1] and [d["reason"] for d in dead] == ["truncated"]


def test_trace_finds_the_object(p):
    data = FILES["array"]
    job, documents, _ = take(p, "traced.json", data)
    found = json.loads(p.command("trace", "--json", documents[2]["sp_id"]).stdout)
    assert found["bytes"] == '{"plain":2}'


def test_the_books_are_right(p):
    check(p)
