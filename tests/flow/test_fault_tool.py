"""tools/fault keeps the seeds that found something, and runs a row with them first. What its rig sees of a worker that is hit
is all that this one held: copies are judged by it."""
import importlib.machinery
import importlib.util
import json
import pathlib
import sys
import types
from tempfile import mkdtemp

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/fault"))
import kept  # noqa: E402
from rig import Rig  # noqa: E402


@pytest.fixture
def fault(tmp_path, monkeypatch):
    """The tool with two rows of its own, called with words; what it says, and its exit status."""
    loader = importlib.machinery.SourceFileLoader("fault", str(ROOT / "tools/fault"))
    tool = importlib.util.module_from_spec(importlib.util.spec_from_loader("fault", loader))
    loader.exec_module(tool)
    found = tmp_path / "found.txt"
    found.touch()
    rows = types.ModuleType("rows")
    rows.ROWS = [("F01", "odd seeds fail", lambda ctx: ({}, ["it was odd"] if ctx.seed % 2 else [])),
                 ("F02", "nothing fails", lambda ctx: ({}, []))]
    monkeypatch.setattr(tool.tempfile, "mkdtemp", lambda **_: mkdtemp(dir=tmp_path))  # rows that fail leave theirs
    monkeypatch.setitem(sys.modules, "rows", rows)
    monkeypatch.setattr(kept.seeds, "__defaults__", (found,))
    monkeypatch.setattr(kept.keep, "__defaults__", (found,))

    def call(capsys, *words):
        monkeypatch.setattr(sys, "argv", ["fault", "--json", *words])
        status = tool.main()
        table = json.loads(capsys.readouterr().out)["table"]
        return status, [(r["fault"], r["seed"], r["passed"]) for r in table], found.read_text()
    return call


def test_a_seed_that_found_something_runs_first(fault, capsys):
    assert fault(capsys, "--seed", "3", "--write-seed") == (1, [("F01", 3, False), ("F02", 3, True)], "F01 3 it was odd\n")
    assert fault(capsys, "--seed", "2")[:2] == (1, [("F01", 3, False), ("F01", 2, True), ("F02", 2, True)])
    assert fault(capsys, "--seed", "3", "--write-seed")[1:] == ([("F01", 3, False), ("F02", 3, True)], "F01 3 it was odd\n")


def test_nothing_is_kept_unasked(fault, capsys):
    assert fault(capsys, "--seed", "5") == (1, [("F01", 5, False), ("F02", 5, True)], "")


def test_all_that_a_deliverer_held_is_noted(tmp_path):
    with Rig(tmp_path, fleet=()) as p:
        topic = p.topic("ship")
        p.r.xgroup_create(topic, "sp", "0", mkstream=True)
        for name in ("deliver-1", "deliver-2"):  # the one that is hit holds what stands behind all of the other
            with p.r.pipeline() as adds:
                for i in range(1200):
                    adds.xadd(topic, {"data": f'{{"sp_id":"{name}-{i}"}}\n{{"sp_id":"{name}-{i}-too"}}'})
                adds.execute()
            p.r.xreadgroup("sp", f"{name}:abc", {topic: ">"}, count=1200)
        p.note_in_hand("deliver-2")
    assert p.in_hand == {f"deliver-2-{i}{end}" for i in range(1200) for end in ("", "-too")}
