"""`standpipe send --wait` and `standpipe top --once` show true figures."""
import json

import pytest
from standpipe_run import PIPELINE, Run

ROWS = 3000


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with Run(tmp_path_factory.mktemp("run")) as run:
        yield run


@pytest.fixture
def file(tmp_path):
    """Every hundredth row has no id, which the pipeline requires."""
    file = tmp_path / "in put é.csv"
    file.write_text("id,name\n" + "".join(f"{'' if i % 100 == 7 else i},n{i}\n" for i in range(ROWS)))
    return file


def test_send_waits_until_every_record_has_its_end(run, file):
    for _ in range(2):  # the second time the source's books are not empty
        sent = run.command("send", file, "--wait")
        assert sent.stdout == "done: 3,000 rows, 2,970 delivered, 30 dead, 0 filtered\n"
        assert sent.returncode == 0
    assert run.command("send", file, "--wait", "--fail-on-dead").returncode == 1


def test_send_of_several_files_shows_each_and_the_sum(run, tmp_path):
    names = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    for name in names:
        with open(name, "w") as file:
            file.write("id,name\n1,x\n2,y\n")
    sent = run.command("send", *names, "--wait")
    assert sent.stdout == (f"{names[0]}: 2 rows, 2 delivered, 0 dead, 0 filtered\n"
                           f"{names[1]}: 2 rows, 2 delivered, 0 dead, 0 filtered\n"
                           "done: 4 rows, 4 delivered, 0 dead, 0 filtered\n")


def test_send_without_wait_prints_the_entry(run, file):
    id, uri = run.command("send", file).stdout.split()
    assert uri == f"file://{file.parent}/in%20put%20%C3%A9.csv"
    assert int(id.partition("-")[0]) > 0


@pytest.mark.parametrize("name, said", [("nothing.csv", "No such file"), (".", "not a plain file")])
def test_send_refuses_what_is_no_file(run, tmp_path, name, said):
    sent = run.command("send", tmp_path / name)
    assert sent.returncode == 1 and said in sent.stderr


def test_send_says_why_a_file_failed(run, tmp_path):
    file = tmp_path / "long.csv"
    file.write_text("id," + "x" * 3_000_000 + "\n1,2\n")
    sent = run.command("send", file, "--wait")
    assert sent.returncode == 1
    assert f"'{file}' failed: the first row, at offset 0, cannot be read: row_too_long" in sent.stderr
    assert "0 delivered, 1 dead" in sent.stdout


def test_an_empty_file_is_through_at_once(run, tmp_path):
    file = tmp_path / "empty.csv"
    file.write_text("")
    sent = run.command("send", file, "--wait")
    assert (sent.returncode, sent.stdout) == (0, "done: 0 rows, 0 delivered, 0 dead, 0 filtered\n")


def test_send_does_not_wait_for_what_the_dispatcher_refused(tmp_path, file):
    with Run(tmp_path, pipeline=PIPELINE.replace("{from: inbox, to: rows}", "{from: inbox, dead: closed}")) as run:
        sent = run.command("send", file, "--wait")
        assert sent.returncode == 1
        assert "was not taken in" in sent.stderr


def test_top_shows_the_books(run, file):
    before = {s["stage"]: s for s in json.loads(run.command("top", "--once", "--json").stdout)["stages"]}
    run.command("send", file, "--wait")
    top = json.loads(run.command("top", "--once", "--json").stdout)
    after = {s["stage"]: s for s in top["stages"]}
    moved = {name: {key: after[name][key] - before[name][key] for key in ("in", "out", "dead")} for name in after}
    assert moved["tidy"] == {"in": ROWS, "out": ROWS - 30, "dead": 30}
    assert moved["ship"] == {"in": ROWS - 30, "out": ROWS - 30, "dead": 0}
    assert moved["rows"]["out"] == ROWS
    assert all((s["records"], s["workers"], s["state"]) == (0, 1, "ok") for s in top["stages"])
    assert top["dispatcher"] and top["workers"] == 4


def test_dead_groups_letters_by_stage_and_reason(run, file):
    def groups():
        return [json.loads(line) for line in run.command("dead", "--json").stdout.splitlines()]

    before = {(g["stage"], g["reason"]): g["count"] for g in groups()}
    run.command("send", file, "--wait")
    mine = next(g for g in groups() if g["stage"] == "tidy")
    assert mine["count"] - before.get(("tidy", mine["reason"]), 0) == 30
    assert "id" in mine["sample"]
    table = run.command("dead", "--limit", "3").stdout.splitlines()
    assert [line.split()[0] for line in table] == ["STAGE", "tidy"]
    assert table[1].split()[1:3] == [mine["reason"], "3"]


def test_top_once_prints_a_table_with_raw_numbers(run):
    lines = run.command("top", "--once").stdout.splitlines()
    assert lines[0].split()[:4] == ["STAGE", "KIND", "IN/s", "OUT/s"]
    assert [line.split()[0] for line in lines[1:4]] == ["rows", "tidy", "ship"]
    assert lines[4].startswith("inbox 0 ")
    assert "\033" not in "".join(lines)


def test_commands_without_redis_exit_69(run, tmp_path):
    done = run.command("top", "--once", "--redis", f"unix://{tmp_path}/none.sock")
    assert done.returncode == 69
    assert f"{tmp_path}/none.sock" in done.stderr
