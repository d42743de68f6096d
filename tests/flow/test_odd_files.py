"""CSV files with what is no data in them: each oddity has its policy, and every record is counted (docs/sources.md)."""
import json

import pytest
from checker import check
from pipeline import Pipeline

PIPELINE = """\
pipeline: odd
stages:
  rows:   {split: {}}
  buries: {split: {empty: dead, repeated_header: dead}}
  keeps:  {split: {empty: keep, repeated_header: keep}}
  named:  {split: {header: [id, city]}}
  second: {split: {preamble: 2}}
  wants:  {split: {expect: [City, price]}}
  insists: {split: {expect: [price], missing: dead}}
  latin2: {split: {encoding: iso-8859-2}}
  tidy:   {normalise: {}}
  ship:   {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: tidy}
  - {from: latin2, to: tidy}
  - {from: buries, to: tidy}
  - {from: keeps, to: tidy}
  - {from: named, to: tidy}
  - {from: second, to: tidy}
  - {from: wants, to: tidy}
  - {from: insists, to: tidy}
  - {from: tidy, to: ship}
"""


@pytest.fixture(scope="module")
def p(tmp_path_factory):
    with Pipeline(tmp_path_factory.mktemp("odd")) as p:
        p.apply(PIPELINE)
        yield p.start()


class Taken:
    def __init__(self, p, name, data, **fields):
        path = p.write(name, data)
        before = len(p.dead())
        id = p.send(path, **fields)
        p.rest()
        self.job = p.job(id)
        self.source = p.sources().get(self.job.get("src"), {})
        self.rows = {int(d["sp_id"].split("-")[1]): d.get("sp_extra", {}) for d in p.documents(src=self.job.get("src", "none") + "-")}
        self.dead = {int(letter["row"]): letter for letter in p.dead()[before:]}

    def books(self, *names):
        return tuple(int(self.source.get(name, 0)) for name in names)


JOINED = b"id,city\n1,Leeds\n,\nid,city\n\xef\xbb\xbfid,city\n \t,\"\"\n2,York\n".replace(b"\t", b" ")


def test_rows_that_are_no_data_are_filtered_and_counted(p):
    taken = Taken(p, "joined.csv", JOINED)
    assert taken.rows == {1: {"id": "1", "city": "Leeds"}, 6: {"id": "2", "city": "York"}}
    assert taken.books("rows", "delivered", "dead", "filtered") == (6, 2, 0, 4)
    assert taken.books("filtered:empty", "filtered:repeated_header") == (2, 2)


def test_they_may_be_dead_letters(p):
    taken = Taken(p, "dead.csv", JOINED, to="buries")
    assert {row: letter["reason"] for row, letter in taken.dead.items()} == {
        2: "empty", 3: "repeated_header", 4: "repeated_header", 5: "empty"}
    assert json.loads(taken.dead[3]["data"])[1:] == ["id", "city"]
    assert taken.books("rows", "delivered", "dead", "filtered") == (6, 2, 4, 0)


def test_they_may_be_kept(p):
    taken = Taken(p, "keep.csv", JOINED, to="keeps")
    assert len(taken.rows) == 6 and taken.dead == {} and taken.books("filtered") == (0,)


BEFORE = {
    "title": b"Listings of May\n\ngenerated,2021-05-26\n",
    "padded": b"Listings,,,\n",
    "hint": b"sep=;\n",
    "nothing": b"",
}


@pytest.mark.parametrize("name", BEFORE)
def test_lines_before_the_header_are_passed_over(p, name):
    data = b"id,city,price,note\n1,Leeds,7,\n2,York,8,x\n3,Hull,9,\n"
    data = BEFORE[name] + (data.replace(b",", b";") if name == "hint" else data)
    taken = Taken(p, f"{name}.csv", data)
    assert [taken.rows[row]["city"] for row in (1, 2, 3)] == ["Leeds", "York", "Hull"]
    assert taken.job.get("preamble", "0") == str(BEFORE[name].count(b"\n"))
    assert taken.job.get("preamble_text", "").encode() == BEFORE[name]
    assert taken.job["chosen"]


def test_a_number_of_lines_before_the_header(p):
    taken = Taken(p, "second.csv", b"a,b\n1,2\nid,city\n3,4\n", to="second")
    assert taken.rows == {1: {"id": "3", "city": "4"}}


@pytest.mark.parametrize("data", [b"a,b\n1,2,3\n4,5,6\n", b"a\n1,2\n3,4\n", b"a,b\n1,2,3,4\n5,6,7,8\n"])
def test_a_short_header_before_numbers_is_a_header_all_the_same(p, data):
    taken = Taken(p, "short.csv", data)
    assert "preamble" not in taken.job and len(taken.rows) == 2
    assert json.loads(taken.job["cols"])[0] == "a"


def test_names_from_the_pipeline(p):
    taken = Taken(p, "named.csv", b"1,Leeds\nid,city\n2,York\n", to="named")
    assert taken.rows == {1: {"id": "1", "city": "Leeds"}, 3: {"id": "2", "city": "York"}}
    assert taken.books("filtered:repeated_header") == (1,)


def test_columns_that_are_expected(p):
    taken = Taken(p, "wants.csv", b"id,city\n1,Leeds\n", to="wants")
    assert taken.job["missing_columns"] == '["price"]' and len(taken.rows) == 1
    assert any("lacks columns" in w for w in p.logs().splitlines())
    taken = Taken(p, "insists.csv", b"id,city\n1,Leeds\n", to="insists")
    assert taken.job["state"] == "failed" and taken.rows == {}
    assert [letter["reason"] for letter in taken.dead.values()] == ["missing_columns"]


def columns_of(p, end):
    """What is known of the series of a file."""
    found = [p.r.hgetall(key) for key in p.r.scan_iter("sp:{0}:columns:*")]
    [known] = [h for h in found if h["uri"].endswith(end)]
    return known


def test_drift_of_the_header(p):
    """Against the last file whose name differs in its digits alone, whoever split it."""
    first = Taken(p, "drift1.csv", b"id,city,price\n1,Leeds,7\n")
    Taken(p, "other1.csv", b"a,b\n1,2\n")
    p.worker("split-1").restart()
    second = Taken(p, "drift02.csv", b"city,id,rooms\n1,2,3\n")
    assert json.loads(second.job["drift"]) == {"new": ["rooms"], "gone": ["price"], "reordered": False}
    assert second.job["drift_before"] == first.job["uri"] and "drift" not in first.job
    assert json.loads(Taken(p, "drift3.csv", b"id,rooms,city\n1,2,3\n").job["drift"]) == {
        "new": [], "gone": [], "reordered": True}
    last = Taken(p, "drift4.csv", b"id,rooms,city\n4,5,6\n")
    assert "drift" not in last.job
    known = columns_of(p, "drift4.csv")
    assert json.loads(known["cols"]) == ["id", "rooms", "city"] and (known["stage"], known["drift"]) == ("rows", "")
    assert json.loads(known["last_drift"])["reordered"] and known["last_drift_uri"].endswith("drift3.csv")
    assert "drift" not in Taken(p, "other2.csv", b"a,b\n1,2\n").job
    traced = p.command("trace", f"{second.job['src']}-1-14").stderr
    assert "drift    {" in traced and f"since {first.job['uri']}" in traced


@pytest.mark.parametrize("sign", ["^", "~", "\x1f", "\x01", "|", "\t"])
def test_more_delimiters(p, sign):
    taken = Taken(p, f"sign{ord(sign)}.csv", "id,x^y,z\n1,Leeds, of old\n2,York,y\n".replace("^", "").replace(",", sign).encode())
    assert taken.rows[2] == {"id": "2", "xy": "York", "z": "y"} and taken.job["delimiter"] == sign


ENCODED = "Größe,city\n1,Łódź 😀\n,\n2,\"York\n\"\n"


@pytest.mark.parametrize("encoding, mark, to", [("utf-16-le", b"\xff\xfe", "rows"), ("utf-16-be", b"\xfe\xff", "rows"),
                                                ("utf-16-le", b"", "rows"), ("iso8859-2", b"", "latin2")])
def test_encodings(p, encoding, mark, to):
    text = ENCODED.replace(" 😀", "") if to == "latin2" else ENCODED
    data = mark + text.encode(encoding)
    taken = Taken(p, f"{encoding}{len(mark)}.csv", data, to=to)
    assert [taken.rows[row]["city"] for row in (1, 3)] == [text.split(",")[2].split("\n")[0], "York\n"]
    assert json.loads(taken.job["cols"]) == ["Größe", "city"]
    assert taken.books("rows", "delivered", "filtered:empty") == (3, 2, 1)
    for row, first in ((1, "1,"), (3, "2,")):
        offset = next(int(d["sp_id"].split("-")[2]) for d in p.documents(src=f"{taken.job['src']}-{row}-"))
        assert data[offset:].decode(encoding).startswith(first)


def test_a_quote_that_is_never_closed(p):
    """The rows behind it are rows again from the next line that has the header's columns."""
    lines = ["id,city", '1,"Leeds', "of old", '2,"York"', "3,Hull\r", '4,"Bath"', ""]
    taken = Taken(p, "runaway.csv", "\n".join(lines).encode())
    assert {row: cells["id"] for row, cells in taken.rows.items()} == {2: "2", 3: "3", 4: "4"}
    assert json.loads(taken.dead[1]["data"])[1] == '1,"Leeds\nof old'
    assert taken.books("rows", "delivered", "dead") == (4, 3, 1)


def test_a_file_that_breaks_off_inside_a_quote(p):
    taken = Taken(p, "broken.csv", b'id,city\n1,Leeds\n2,"Yo\nrk and\n')
    assert sorted(taken.rows) == [1] and [d["reason"] for d in taken.dead.values()] == ["truncated"]
    assert json.loads(taken.dead[2]["data"]) == [16, '2,"Yo\nrk and']


def test_line_ends_that_were_translated_twice(p):
    taken = Taken(p, "twice.csv", b"id,city\r\r\n1,Leeds\r\r\n\r\r\n2,York\r\r\n")
    assert taken.rows == {1: {"id": "1", "city": "Leeds"}, 2: {"id": "2", "city": "York"}}


def test_rows_that_are_not_utf8_are_counted(p):
    taken = Taken(p, "latin.csv", "id,city\n1,Köln\n2,Leeds\n3,Zürich\n".encode("windows-1252"))
    assert taken.rows[3]["city"] == "Zürich" and taken.job["rows:windows-1252"] == "2"
    assert sum("read as windows-1252" in line and "latin.csv" in line for line in p.logs().splitlines()) == 1


def test_the_books_are_right(p):
    check(p)
