"""What split sees of a record that its cells do not tell reaches the document: bytes in another encoding, bytes that are no
text, a last row that is half of one."""
import pytest
from pipeline import Pipeline
from standpipe_run import wait_for

PIPELINE = """\
pipeline: marks
stages:
  rows:   {split: {}}
  strict: {split: {encoding: utf-8}}
  polish: {split: {encoding: iso-8859-3}}
  tidy:   {normalise: {fields: {no: {parse: integer, required: true}, city: {}}}}
  told:   {normalise: {fields: {issues: {from: '@issues'}}}}
  ship:   {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, when: plain ~= nil, to: ship}
  - {from: rows, to: [tidy, told]}
  - {from: strict, to: tidy}
  - {from: polish, to: tidy}
  - {from: tidy, to: ship}
  - {from: told, to: ship}
"""
CLEAN = "no,city\n1,Łódź\n2,\n3,x\n"


@pytest.fixture(scope="module")
def p(tmp_path_factory):
    with Pipeline(tmp_path_factory.mktemp("marks")) as p:
        p.apply(PIPELINE)
        yield p.start()


def take(p, name, data, **fields):
    """The job, and the issues of the documents by row."""
    job = p.send(p.write(name, data), **fields)
    p.rest()
    job = p.job(job)
    found, told = {}, {}
    for document in p.documents(src=job["src"] + "-"):
        row = int(document["sp_id"].split("-")[1])
        issues = [(i["issue"], i["reason"].split()[-1]) for i in document.get("sp_issues", []) if i["field"] is None]
        if issues:
            found[row] = issues
        words = [word for word in document.get("issues", []) if word != "record:ragged"]
        if words:
            told[row] = words
    return job, found, told


FALLBACK, REPLACED, CUT = ("encoding", "windows-1252"), ("encoding", "U+FFFD"), ("truncated", "missing")
CASES = {
    "clean.csv": (CLEAN, {}, {}),
    "fallback.csv": (b"no,city\n1,K\xf6ln\n2,K\xc3\xb6ln\n3,\xe9\n", {}, {1: [FALLBACK], 3: [FALLBACK]}),
    "replaced.csv": (b"no,city\n1,K\xf6ln\n2,x\n3,\"a \"\"\xe9\"\"\"\n", {"to": "strict"}, {1: [REPLACED], 3: [REPLACED]}),
    "iconv.csv": (b"no,city\n1,x\n2,\xa5\n3,\xe9\n", {"to": "polish"}, {2: [REPLACED]}),
    "utf-16.csv": ("\ufeffno,city\n1,\ud800\n2,x\n3".encode("utf-16-le", "surrogatepass"), {}, {1: [REPLACED], 3: [CUT]}),
    "cut.csv": (CLEAN + "4", {}, {4: [CUT]}),
    "whole.csv": (CLEAN + "4,y", {}, {}),
    "short.csv": (CLEAN + "4\n", {}, {}),
    "both.csv": (b"no,city,x\n1,a,b\n2,\xe9", {}, {2: [FALLBACK, CUT]}),
    "items.json": (b'[{"no":1,"city":"K\xf6ln"},{"no":2}]', {}, {1: [FALLBACK]}),
    "lines.json": (b'{"no":1}\n{"no":2,"city":"K\xf6ln","plain":1}\n', {}, {2: [FALLBACK]}),
}


@pytest.mark.parametrize("name", CASES)
def test_what_was_odd_about_a_row_stands_in_its_document(p, name):
    data, fields, want = CASES[name]
    job, found, told = take(p, name, data, **fields)
    assert (job["state"], found) == ("done", want)
    if not fields and name != "lines.json":
        assert told == {row: [f"record:{word}" for word, _ in words] for row, words in want.items()}
    words = [word for words in want.values() for word in words]
    for word, field in {FALLBACK: "rows:windows-1252", REPLACED: "rows:replaced", CUT: "rows:truncated"}.items():
        assert int(job.get(field, 0)) == words.count(word)


def test_a_dead_row_keeps_its_marks(p):
    job, _, _ = take(p, "dead.csv", b"no,city\n1,x\n,K\xf6ln\n")
    [letter] = [d for d in p.dead() if d["src"] == job["src"]]
    assert (letter["row"], letter["reason"], letter["marks"]) == ("2", "required", "0 windows-1252")
    version = str(p.apply(PIPELINE.replace(", required: true", "")))
    wait_for("the worker to follow", lambda: p.r.hget("sp:worker:normalise-1", "pipeline") == version)
    assert p.command("dead", "redrive", "--reason", "required", "--yes").returncode == 0
    p.rest()
    [found] = [d for d in p.documents(src=job["src"] + "-2-") if "no" in d]
    assert [(i["issue"], i["field"]) for i in found["sp_issues"]] == [("encoding", None)]
