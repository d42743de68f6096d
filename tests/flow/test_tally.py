"""tools/tally.py adds up what the steps of tools/test found, and hides no failure."""
import pathlib
import subprocess

import pytest

TALLY = pathlib.Path(__file__).resolve().parents[2] / "tools/tally.py"
SUITE = """<testsuites><testsuite>
<testcase classname="a" name="1"/><testcase classname="a" name="2">{}</testcase>
</testsuite></testsuites>"""


@pytest.mark.parametrize("case, steps, last, status", [
    (None, "build\t0\nformat\t0\n", "2 passed, 0 failed", 0),
    (None, "build\t0\nformat\t1\n", "1 passed, 1 failed", 1),
    ("", "unit\t0\n", "2 passed, 0 failed", 0),
    ("<failure/>", "unit\t1\n", "1 passed, 1 failed", 1),
    ("<error/>", "unit\t1\n", "1 passed, 1 failed", 1),
    ("<skipped/>", "unit\t0\n", "1 passed, 0 failed, 1 skipped", 0),
    ("", "unit\t1\n", "2 passed, 1 failed", 1),  # it died behind its last case
    (None, "", "0 passed, 0 failed", 1),  # nothing ran
])
def test_tally(tmp_path, case, steps, last, status):
    (tmp_path / "steps").write_text(steps.replace("\n", "\t61.5 7.25 0.5\n"))
    if case is not None:
        (tmp_path / "unit.xml").write_text(SUITE.format(case))
    done = subprocess.run([TALLY, tmp_path], capture_output=True, text=True)
    assert (done.stdout.splitlines()[-1], done.returncode) == (last, status)
    assert done.stdout.count(" 61.5 s,    7.8 s of processors\n") == steps.count("\n")
