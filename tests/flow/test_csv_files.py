"""Files, real and awkward, through the whole pipeline, against what Python's csv module makes of them: every row is
delivered or dead, its id leads to its first byte, and its cells are those of the file."""
import csv
import io
import json
import os
import pathlib
import re

import pytest
from checker import check
from pipeline import Pipeline, uri_of

SHARED = pathlib.Path(os.environ.get("STANDPIPE_SHARED_DATA", pathlib.Path(__file__).resolve().parents[3] / "shared/data"))
ROW_BYTES, COLUMNS, LONGEST = 1024, 8, 64 * 1024
PIPELINE = f"""\
pipeline: files
stages:
  rows:    {{split: {{format: csv}}}}
  bars:    {{split: {{format: csv, delimiter: '|'}}}}
  small:   {{split: {{format: csv, row_bytes: {ROW_BYTES}B, columns: {COLUMNS}}}}}
  bare:    {{split: {{format: csv, header: none}}}}
  plain:   {{split: {{format: csv, quote: none}}}}
  strict:  {{split: {{format: csv}}}}
  all:     {{split: {{format: csv, empty: keep, repeated_header: keep}}}}
  tidy:    {{normalise: {{}}}}
  even:    {{normalise: {{ragged: dead}}}}
  ship:    {{deliver: {{linger: 20ms, firehose: {{stream: out, region: eu-west-1}}}}}}
routes:
  - {{from: inbox, to: rows}}
  - {{from: rows, to: tidy}}
  - {{from: bars, to: tidy}}
  - {{from: small, to: tidy}}
  - {{from: bare, to: tidy}}
  - {{from: plain, to: tidy}}
  - {{from: strict, to: even}}
  - {{from: all, to: tidy}}
  - {{from: tidy, to: ship}}
  - {{from: even, to: ship}}
"""
csv.field_size_limit(2**30)
BOM = b"\xef\xbb\xbf"


@pytest.fixture(scope="module")
def p(tmp_path_factory):
    with Pipeline(tmp_path_factory.mktemp("files")) as p:
        p.roots.append(SHARED)
        p.apply(PIPELINE)
        yield p.start()


class Taken:
    """What became of one file."""

    def __init__(self, p, path, **fields):
        before = len(p.dead())
        self.id = p.send(path, **fields)
        p.rest()
        self.job = p.job(self.id)
        self.src = self.job.get("src")
        mine = p.documents(src=f"{self.src}-") if self.src else []
        self.documents = {int(d["sp_id"].split("-")[1]): d for d in mine}
        self.dead = p.dead()[before:]
        self.source = p.sources().get(self.src, {})
        assert len(mine) == len(self.documents), "a row came twice"

    def cells(self, row):
        return self.documents[row].get("sp_extra", {})

    def offset(self, row):
        return int(self.documents[row]["sp_id"].split("-")[2])


def names_of(header):
    """As docs/policies.md has it."""
    names = []
    for i, name in enumerate(header):
        name = name.strip(" \t\r\n") or f"column_{i + 1}"
        unique, n = name, 1
        while unique in names:
            n += 1
            unique = f"{name}_{n}"
        names.append(unique)
    return names


def read(data, delimiter=",", encoding="utf-8", quote='"'):
    """One row after the other; blank lines are none."""
    how = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    text = data.removeprefix(BOM).decode(encoding, "replace")
    return (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, **how) if row)


def compare(taken, data, delimiter=",", encoding="utf-8", quote='"'):
    how = (delimiter, encoding, quote)
    header, *rows = [*read(data, *how)] or [[]]
    names = names_of(header)
    assert taken.job["state"] == "done"
    assert sorted(taken.documents) == list(range(1, len(rows) + 1))
    for number, row in enumerate(rows, 1):
        wide = names + [f"column_{i + 1}" for i in range(len(names), len(row))]
        assert taken.cells(number) == dict(zip(wide, row)), f"row {number}"
        ragged = "short" if len(row) < len(names) else "long" if len(row) > len(names) else None
        assert taken.documents[number].get("sp_ragged") == ragged, f"row {number}"
        offset, size = taken.offset(number), LONGEST + sum(map(len, row))
        assert offset == 0 or data[offset - 1:offset] in (b"\n", b"\r"), f"row {number} begins at {offset}"
        assert next(read(data[offset:offset + size], *how)) == row, f"what stands at the offset of row {number}"
    assert {taken.source.get(book, "0") for book in ("rows", "delivered")} == {str(len(rows))}
    assert taken.dead == []


def lines(end, *rows):
    return end.join([*rows, ""]).encode()


GOOD = {
    "plain": (lines("\n", "a,b", "1,2", "3,4"), {}),
    "other_columns": (lines("\n", "b,c,a,d", "1,2,3,4", "5,6,7,8"), {}),
    "quotes": (b'a,b\n"x, y","he said ""no"""\n"","q"\n', {}),
    "newlines_in_cells": (b'a,b\n"one\ntwo\n\nthree",x\n"\n",y\nz,"last\n"\n', {}),
    "crlf": (lines("\r\n", "a,b", "1,2", '"x\r\ny",4'), {}),
    "cr": (lines("\r", "a,b", "1,2", "3,4"), {}),
    "crlf_and_lf": (b"a,b\r\n1,2\n3,4\r\n5,6\n", {}),
    "bom_and_quoted_header": (BOM + b'"id","name"\n1,x\n2,y\n', {}),
    "bom_in_crlf": (BOM + lines("\r\n", "id;name", "1;x"), {"delimiter": ";"}),
    "tabs": (lines("\n", "a\tb", "1,5\t2", "3\t4,7"), {"delimiter": "\t"}),
    "semicolons": (lines("\n", "a;b;c", "1,5;2;x", "3;4,7;y"), {"delimiter": ";"}),
    "bars": (lines("\n", "a|b|c", "1,5|2|x", "3|4,7|y"), {"delimiter": "|"}),
    "declared_bars": (lines("\n", "a,b,c|d", "1,2,3|4", "5,6,7|8"), {"delimiter": "|", "to": "bars"}),
    "ragged": (b"a,b,c\n1,2\n1,2,3\n1,2,3,4,5\nx\n", {}),
    "double_names": (b"price,price,price_2,price\n1,2,3,4\n", {}),
    "empty_names": (b',name,,"  "\n1,2,3,4\n', {}),
    "numbered_name_before_an_empty_one": (b"column_2,,x\n1,2,3\n", {}),
    "blank_lines": (b"\n\na,b\n\n1,2\n\n\n3,4\n\n", {}),
    "blank_crlf_lines": (b"\r\na,b\r\n\r\n1,2\r\n\r\n", {}),
    "windows_1252": ("name,city\nMüller,Köln\n“x”,€ 5\n".encode("cp1252"), {"encoding": "cp1252"}),
    "one_row_without_newline": (b"a,b\n1,2", {}),
    "quoted_row_without_newline": (b'a,b\n1,"2\n3"', {}),
    "empty": (b"", {}),
    "only_a_bom": (BOM, {}),
    "only_newlines": (b"\n\n\n", {}),
    "header_alone": (b"a,b\n", {}),
    "header_without_newline": (b"a,b", {}),
    "one_column": (b"name\nx\ny\n", {}),
    "empty_cells": (b"a,b,c\n,2,\n1,,3\n", {}),
    "a_quote_inside": (b'a,b\n17" wheels,x\n5\' 3",y\n', {}),
    "no_quotes_at_all": (b'a,b\n"x,y"\n"z,1\n', {"to": "plain", "quote": None}),
    "our_names": (b"sp_id,sp_source,sp_extra,sp_x,sp_ragged\n1,2,3,4,5\n", {}),
    "odd_names": ('a"b,"c,\nd",{e},\\f,é\n1,2,3,4,5\n'.encode(), {}),
    "control_signs": (b"a,b\n\x01\x02,\x7f\\n\t\n", {}),
    "wide": (lines("\n", ",".join(f"c{i}" for i in range(4096)), ",".join(map(str, range(4096)))), {}),
    "long_row": (b"a,b\nz,1\n" + b"x" * 900_000 + b",y\n", {}),
    "blanks_around": (b" a , b \n 1 , \t2 \n", {}),
    "as_wide_as_allowed": (lines("\n", ",".join("abcdefgh"), "1,2,3,4,5,6,7,8"), {"to": "small"}),
    "as_long_as_allowed": (b"a\n" + b"x" * (ROW_BYTES - 1) + b"\ny\n", {"to": "small"}),
    "many_rows": (b"n,text\n" + b"".join(b'%d,"row, %d"\n' % (i, i) for i in range(3000)), {}),
}


@pytest.mark.parametrize("name", GOOD)
def test_every_row_comes_out_as_it_was(p, name):
    data, how = GOOD[name]
    fields = {"to": how["to"]} if "to" in how else {}
    taken = Taken(p, p.write(f"{name}.csv", data), **fields)
    compare(taken, data, **{key: value for key, value in how.items() if key != "to"})


def test_a_file_without_header_gets_numbered_columns(p):
    taken = Taken(p, p.write("bare.csv", b"1,2\n3,4,5\n"), to="bare")
    assert [taken.cells(n) for n in (1, 2)] == [{"column_1": "1", "column_2": "2"},
                                                {"column_1": "3", "column_2": "4", "column_3": "5"}]
    assert taken.offset(1) == 0


def test_a_cell_behind_the_last_column_never_hides_another(p):
    """A header may hold the very name that the cell gets."""
    taken = Taken(p, p.write("beyond.csv", b"a,column_3\n1,2,3\n"))
    assert sorted(taken.cells(1).values()) == ["1", "2", "3"]


def test_both_encodings_in_one_file(p):
    taken = Taken(p, p.write("both.csv", "a,b\nKöln,".encode() + "Köln\n".encode("cp1252")))
    assert taken.cells(1) == {"a": "Köln", "b": "Köln"}


BAD = {  # data, stage of the inbox, rows that come, (row, reason, offset, raw bytes) of the letters
    "row_too_long": (b"a,b\n1,2\n" + b"x" * 5000 + b",y\n3,4\n", "small", {1: "1", 3: "3"},
                     [(2, "row_too_long", 8, "x" * 4096)]),
    "one_byte_too_long": (b"a\n" + b"x" * ROW_BYTES + b"\ny\n", "small", {2: "y"},
                          [(1, "row_too_long", 2, "x" * ROW_BYTES)]),
    "too_many_columns": (b"a,b\n1,2\n1,2,3,4,5,6,7,8,9\n3,4\n", "small", {1: "1", 3: "3"},
                         [(2, "too_many_columns", 8, "1,2,3,4,5,6,7,8,9")]),
    "open_quote": (b'a,b\n1,2\n"3,4\n5,6\n7,8\n', "rows", {1: "1", 3: "5", 4: "7"}, [(2, "open_quote", 8, '"3,4')]),
    "open_quote_and_lines_that_are_none": (b'a,b\n1,"2\n3\n4\n\r\n5,6\n', "rows", {2: "5"}, [(1, "open_quote", 4, '1,"2\n3\n4')]),
    "open_quote_in_the_last_line": (b'a,b\n1,2\n3,"4', "rows", {1: "1"}, [(2, "truncated", 8, '3,"4')]),
    "text_behind_a_quote": (b'a,b\n"1"x,2\n3,4\n', "rows", {2: "3"}, [(1, "stray_quote", 4, '"1"x,2')]),
    "raw_bytes_that_are_no_utf8": (b'a,b\n"1"\xff\xe9,2\n3,4\n', "rows", {2: "3"}, [(1, "stray_quote", 4, None)]),
    "all_bad": (b'a,b\n"1"x,2\n"3"x,4\n', "rows", {}, [(1, "stray_quote", 4, '"1"x,2'), (2, "stray_quote", 11, '"3"x,4')]),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_row_is_a_letter_with_its_bytes_and_the_others_go_on(p, name):
    data, stage, good, letters = BAD[name]
    taken = Taken(p, p.write(f"{name}.csv", data), to=stage)
    assert taken.job["state"] == "done"
    assert {row: taken.cells(row)["a"] for row in taken.documents} == good
    assert [(int(d["row"]), d["reason"], int(d["offset"])) for d in taken.dead] == [letter[:3] for letter in letters]
    for letter, (_, _, offset, raw) in zip(taken.dead, letters):
        assert letter["stage"] == stage and letter["src"] == taken.src
        if raw is not None:
            assert json.loads(letter["data"]) == [offset, raw]
    assert taken.source["rows"] == str(len(good) + len(letters))
    begins = sorted([taken.offset(row) for row in good] + [letter[2] for letter in letters] + [len(data)])
    for letter in taken.dead:  # which bytes it stands for, whatever it holds of them
        offset, length = map(int, re.search(r"at offset (\d+), (\d+) bytes", letter["detail"]).groups())
        assert offset + length == begins[begins.index(offset) + 1]


def test_ragged_rows_are_dead_where_that_is_declared(p):
    taken = Taken(p, p.write("ragged_dead.csv", b"a,b\n1\n1,2\n1,2,3\n"), to="strict")
    assert list(taken.documents) == [2]
    assert [(d["stage"], d["reason"], d["row"], d["offset"], json.loads(d["data"]), json.loads(d["cols"]))
            for d in taken.dead] == [("even", "ragged", "1", "4", [4, "1"], ["a", "b"]),
                                     ("even", "ragged", "3", "10", [10, "1", "2", "3"], ["a", "b"])]


def make_link(folder):
    (folder / "target.csv").write_text("a\n1\n")
    (folder / "link.csv").symlink_to(folder / "target.csv")
    return folder / "link.csv"


def make_link_on_the_way(folder):
    (folder / "real").mkdir()
    (folder / "real/x.csv").write_text("a\n1\n")
    (folder / "way").symlink_to(folder / "real")
    return folder / "way/x.csv"


def make_fifo(folder):
    os.mkfifo(folder / "fifo.csv")
    return folder / "fifo.csv"


def make_outside(folder):
    (folder.parent / "outside.csv").write_text("a\n1\n")
    return folder.parent / "outside.csv"


@pytest.mark.parametrize("make", [
    lambda folder: folder / "nothing.csv", make_outside, lambda folder: folder, make_link, make_link_on_the_way,
    make_fifo, lambda folder: folder / "../../../../../../../etc/passwd", lambda _: pathlib.Path("/etc/passwd"),
], ids=["missing", "outside", "folder", "link", "link_on_the_way", "fifo", "dots", "elsewhere"])
def test_what_is_no_file_of_ours_fails_and_says_so(p, make):
    path = make(p.inputs)
    taken = Taken(p, path)
    assert taken.job["state"] == "failed"
    assert taken.job["error"]
    assert [(d["stage"], json.loads(d["data"])) for d in taken.dead] == [("rows", {"uri": uri_of(path)})]
    assert taken.dead[0]["detail"] == taken.job["error"]
    assert not [d for d in p.documents() if d["sp_source"]["uri"] == uri_of(path)]


def test_the_same_file_again_has_the_same_ids(pipeline):
    p = pipeline
    p.apply()
    p.start()
    path = p.write("again.csv", b"a\n1\n2\n")
    for _ in range(2):
        p.send(path)
        p.rest()
    [(src, source)] = p.sources().items()
    assert sorted(d["sp_id"] for d in p.documents()) == sorted(2 * [f"{src}-1-2", f"{src}-2-4"])
    assert (source["rows"], source["delivered"], source["open"]) == ("4", "4", "0")


MANIFEST = SHARED / "MANIFEST.md"
REAL = re.findall(r"^### \w+/(\S+\.csv)\n(?:- .*\n)*?- [\d,]+ bytes, (\d+) records, \d+ columns, delimiter `(.)`, (\S+)",
                  MANIFEST.read_text() if MANIFEST.exists() else "", re.M)


@pytest.mark.skipif(not REAL, reason=f"no {MANIFEST}: STANDPIPE_SHARED_DATA names another folder")
@pytest.mark.parametrize("file, records, delimiter, encoding", REAL, ids=[row[0] for row in REAL])
def test_real_files(p, file, records, delimiter, encoding):
    data = (SHARED / file).read_bytes()
    encoding = {"UTF-8": "utf-8"}.get(encoding.rstrip(","), "cp1252")
    taken = Taken(p, SHARED / file, to="all")
    assert len(taken.documents) == int(records)
    compare(taken, data, delimiter, encoding)


def test_the_books_agree_with_all_of_it(p):
    check(p)
