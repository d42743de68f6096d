"""A file that is appended to while it is read: what was there when it was opened is one version, all of it as it now
stands another, and no row of either goes out twice or cut in two."""
import collections

import pytest
from checker import check
from pipeline import PLAIN, WORKERS
from standpipe_run import wait_for

ROWS, MORE = 60_000, 1000
HELD = PLAIN.replace("normalise: {}", "normalise: {fields: {n: {from: [n]}}}, high: 512KiB")


def line(i):
    return f"{i},{'x' * 80}"


@pytest.fixture
def p(pipeline):
    pipeline.apply(HELD)
    return pipeline.start(*(name for name in WORKERS if name != "normalise-1"))


@pytest.mark.parametrize("cut", [0, 40], ids=["whole_rows", "inside_a_row"])
def test_what_is_appended_while_it_is_read_is_a_new_version(p, cut):
    whole = "\n".join(["n,text", *map(line, range(ROWS)), ""])
    path = p.write("log.csv", whole[:len(whole) - cut])
    job = p.send(path)
    wait_for("the splitter to wait", lambda: int(p.job(job).get("offset", 0)) > 0 and
             p.r.hget("sp:worker:split-1", "state") == "held")
    with path.open("a") as file:
        file.write(whole[len(whole) - cut:] + "\n".join([*map(line, range(ROWS, ROWS + MORE)), ""]))
    p.start("normalise-1").rest()
    old = p.job(job)
    letter, = p.dead()
    assert (old["state"], letter["reason"]) == ("failed", "source_changed") and "changed" in old["error"]
    came = [int(d["n"]) for d in p.documents()]
    assert sorted(came) == list(range(ROWS - bool(cut)))  # nothing of what was appended, nor the row that was not all there
    source = p.sources()[old["src"]]
    assert (int(source["rows"]), int(source["delivered"]), int(source["dead"])) == (len(came) + 1, len(came), 1)

    new = p.send(path)
    p.rest()
    assert p.job(new)["state"] == "done" and p.job(new)["src"] != old["src"]
    by_source = collections.defaultdict(list)
    for d in p.documents():
        by_source[d["sp_id"].partition("-")[0]].append(int(d["n"]))
    assert sorted(by_source[p.job(new)["src"]]) == list(range(ROWS + MORE))
    assert len(by_source[old["src"]]) == len(came)
    check(p)
