"""A file that kills whoever splits it: the row that does it becomes a dead letter and the rest goes on behind it; where no
row is to blame the file is given up, and says so. With the splitter of flaky.c."""
import pytest
from checker import check
from pipeline import PLAIN, WORKERS
from standpipe_run import BUILD
from test_poison import run_until_rest

DEATHS = 7  # at most: two before anything is suspected, one of a step, one of a piece, three of a row


@pytest.fixture
def p(pipeline):
    pipeline.program = BUILD / "tests/flow/flaky"
    pipeline.lease = "2s"
    pipeline.apply(PLAIN.replace("normalise: {}", "normalise: {fields: {number: {from: [number]}}}"))
    return pipeline.start(*WORKERS, "split-2")


def numbered(n, *bad, text="kill me"):
    return [f"{i},{text if i in bad else 'x' * (i % 90)}" for i in range(1, n + 1)]


def content(lines, head="number,text"):
    return "\n".join([head, *lines, ""])


def delivered(p):
    return sorted(int(d["number"]) for d in p.documents())


def offset_of(text, line):
    return str(text.encode().index(line.encode()))


@pytest.mark.parametrize("bad, most", [([1], DEATHS), ([4711], DEATHS), ([20000], DEATHS), ([700, 701, 15000], 2 * DEATHS + 3)])
def test_only_the_rows_that_kill_are_dead_letters(p, bad, most):
    text = content(numbered(20000, *bad))
    job = p.send(p.write("rows.csv", text))
    assert run_until_rest(p, "split-1", "split-2") <= most
    letters = p.dead()
    assert {(x["stage"], x["reason"], x["attempts"]) for x in letters} == {("rows", "poison", "3")}
    assert [(x["row"], x["offset"]) for x in letters] == [(str(i), offset_of(text, f"{i},kill me")) for i in bad]
    assert all(f'"{i},kill me"' in x["data"] for i, x in zip(bad, letters))
    assert set(delivered(p)) == set(range(1, 20001)) - set(bad)
    assert p.job(job)["state"] == "done" and p.job(job)["poison"] == str(len(bad))
    check(p)


def test_row_of_many_lines_is_passed_over_up_to_its_first_line_end(p):
    lines = numbered(100)
    lines[49] = '50,"kill me\r\n51,the rest"'
    p.send(p.write("rows.csv", content(lines)))
    run_until_rest(p, "split-1", "split-2")
    letter = p.dead()[0]
    assert letter["reason"] == "poison" and letter["row"] == "50" and letter["data"].endswith('"50,\\"kill me"]')
    assert set(range(1, 50)) | set(range(52, 101)) <= set(delivered(p))
    check(p)


def test_file_whose_header_kills_is_given_up(p):
    job = p.send(p.write("bad-head.csv", content(numbered(10))))
    p.send(p.write("good.csv", content(numbered(10))))
    assert run_until_rest(p, "split-1", "split-2") <= DEATHS
    letter, = p.dead()
    assert (letter["stage"], letter["reason"], letter["row"]) == ("rows", "poison", "1")
    assert "bad-head.csv" in letter["data"] and "offset 0" in letter["detail"]
    assert p.job(job)["state"] == "failed" and "bad-head.csv" in p.job(job)["error"]
    assert delivered(p) == list(range(1, 11))
    check(p)


def test_file_that_cannot_even_be_passed_over_is_given_up_where_it_stands(p):
    text = content(numbered(3000, 2000))
    job = p.send(p.write("untouchable.csv", text))
    assert run_until_rest(p, "split-1", "split-2") <= DEATHS + 1
    letter, = p.dead()
    at = offset_of(text, "2000,kill me")
    assert (letter["reason"], letter["row"]) == ("poison", "2000") and f"offset {at}" in letter["detail"]
    assert (p.job(job)["state"], p.job(job)["offset"]) == ("failed", at)
    assert set(delivered(p)) == set(range(1, 2000))
    check(p)


def test_file_of_nothing_but_poison_is_given_up_after_16_rows(p):
    job = p.send(p.write("rows.csv", content(numbered(40, *range(11, 41)))))
    run_until_rest(p, "split-1", "split-2")
    assert p.job(job)["state"] == "failed" and "16 rows" in p.job(job)["error"]
    assert [x["row"] for x in p.dead()] == [str(i) for i in range(11, 28)]
    assert delivered(p) == list(range(1, 11))
    check(p)


def objects(n, *bad):
    return "[" + ",\n ".join('{"number":%d,"text":"%s"}' % (i, "kill me, [" if i in bad else "x" * (i % 90)) for i in range(1, n + 1)) + "]\n"


ODD_FILES = {
    "items": (lambda: objects(3000, 1700).encode(), 1700, "auto"),
    "first item": (lambda: objects(300, 1).encode(), 1, "auto"),
    "last item": (lambda: objects(300, 300).encode(), 300, "auto"),
    "utf-16": (lambda: content(numbered(3000, 1700)).encode("utf-16"), 1700, "auto"),
    "utf-16be": (lambda: content(numbered(3000, 1700)).encode("utf-16-be"), 1700, "utf-16be"),
    "iso-8859-2": (lambda: content(numbered(3000, 1700, text="kill me, \u0142")).encode("iso-8859-2"), 1700, "iso-8859-2"),
}


@pytest.mark.parametrize("name", ODD_FILES)
def test_in_json_and_in_other_encodings_only_the_row_is_dead(pipeline, name):
    make, bad, encoding = ODD_FILES[name]
    p = pipeline
    p.program = BUILD / "tests/flow/flaky"
    p.lease = "2s"
    p.apply(PLAIN.replace("normalise: {}", "normalise: {fields: {number: {from: [number]}}}")
            .replace("{format: csv}", "{encoding: %s}" % encoding))
    p.start(*WORKERS, "split-2")
    data = make()
    job = p.send(p.write("rows.x", data))
    assert run_until_rest(p, "split-1", "split-2") <= DEATHS
    letter, = p.dead()
    assert (letter["reason"], letter["row"], letter["attempts"]) == ("poison", str(bad), "3")
    start = data.index("kill me".encode({"utf-16": "utf-16-le", "utf-16be": "utf-16-be"}.get(name, "ascii")))
    assert start - 40 < int(letter["offset"]) < start
    assert delivered(p) == [i for i in range(1, {1700: 3000}.get(bad, 300) + 1) if i != bad]
    assert (p.job(job)["state"], p.job(job)["poison"]) == ("done", "1")
    check(p)
