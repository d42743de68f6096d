"""Files made to exhaust whoever reads them: the row that is at fault is a dead letter, the file goes on behind it or fails
with a word, and the splitter stays small."""
import pytest
from checker import check
from pipeline import PLAIN, Pipeline

GIB, PEAK_MIB = 1 << 30, 64
FILES = PLAIN.replace("  tidy:", "  bare: {split: {format: csv, header: none, delimiter: ','}}\n  tidy:") \
    .replace("  - {from: rows", "  - {from: bare, to: tidy}\n  - {from: rows")
WIDE = ",".join(["1"] * 100_000)


@pytest.fixture(scope="module")
def p(tmp_path_factory):
    with Pipeline(tmp_path_factory.mktemp("huge")) as p:
        p.apply(FILES)
        yield p.start()


def sparse(p, name, start, end, size=GIB):
    path = p.inputs / name
    with path.open("wb") as file:
        file.write(start)
        file.seek(size)
        file.write(end)
    return path


CASES = {  # what is in it, where it goes; rows delivered, reasons and offsets of the letters, state of the job
    "open_quote_at_byte_1": (lambda p: sparse(p, "q.csv", b'"', b"\n7,8\n9,10\n"), "bare", 0, [("bad_header", None)], "failed"),
    "open_quote_below_a_header": (lambda p: sparse(p, "b.csv", b'a,b\n"', b"\n7,8\n"), "rows", 1, [("row_too_long", 4)], "done"),
    "open_quote_in_the_header": (lambda p: sparse(p, "h.csv", b'"', b"\n7,8\n"), "rows", 0, [("bad_header", None)], "failed"),
    "open_quote_and_many_lines": (lambda p: p.write("m.csv", 'a,b\n"' + "1,2\n" * 300_000), "rows", 299_999,
                                  [("open_quote", 4)], "done"),
    "one_row_of_nul": (lambda p: sparse(p, "z.csv", b"a,b\n1,2\n", b"\n3,4\n"), "rows", 2, [("row_too_long", 8)], "done"),
    "nul_in_cells": (lambda p: p.write("n.csv", b"a,b\n1,\0\n\0,2\n"), "rows", 2, [], "done"),
    "wide_header": (lambda p: p.write("w.csv", WIDE + "\n1,2\n"), "rows", 0, [("bad_header", None)], "failed"),
    "wide_row": (lambda p: p.write("r.csv", "a,b\n1,2\n" + WIDE + "\n3,4\n"), "rows", 2, [("too_many_columns", 8)], "done"),
    "a_row_without_end": (lambda p: p.write("l.csv", "a,b\n1,2\n3," + "x" * (20 << 20)), "rows", 1, [("row_too_long", 8)], "done"),
    "cr_alone": (lambda p: p.write("c.csv", "a,b\r" + "1,2\r" * 100_000), "rows", 100_000, [], "done"),
}


@pytest.mark.parametrize("name", CASES)
def test_it_stays_small_and_says_what_was_wrong(p, name):
    make, to, rows, letters, state = CASES[name]
    before = len(p.dead())
    path = make(p)
    id = p.send(path, to=to)
    p.rest(120)
    job = p.job(id)
    assert job["state"] == state, job
    found = [(d["reason"], int(d["offset"]) if "offset" in d else None) for d in p.dead()[before:]]
    assert found == letters
    source = p.sources()[job["src"]] if "src" in job else {"delivered": 0}
    assert int(source.get("delivered", 0)) == rows
    assert p.worker("split-1").stayed_below(PEAK_MIB)
    path.unlink()


def test_the_books_agree_with_all_of_it(p):
    check(p)
