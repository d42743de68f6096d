"""`tools/demo --enrich` as a person runs it, on two of its files: every row arrives, each address is asked for once, and
nothing is left running."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("STANDPIPE_BUILD", ROOT / "build")).resolve()
FILES = ("mam", "iab")


def number(text):
    return int(text.replace(",", ""))


def users_of(folder):
    """Processes with the folder in their command line."""
    found = []
    for words in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in words.read_bytes():
                found.append(words.parent.name)
        except OSError:
            pass  # it has just gone
    return found


@pytest.mark.skipif(not all(pathlib.Path(f"/usr/share/ieee-data/{x}.csv").exists() for x in FILES), reason="no ieee-data")
def test_the_demo_with_look_ups(tmp_path):
    tools = tmp_path / "tools"  # as it is, but it installs nothing
    tools.mkdir()
    shutil.copy(ROOT / "tools/demo", tools / "demo")
    (tools / "setup").write_text("#!/bin/sh\n")
    (tools / "setup").chmod(0o755)
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    done = subprocess.run([tools / "demo", "--enrich"], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "STANDPIPE_BUILD": str(BUILD), "STANDPIPE_DEMO_FILES": " ".join(FILES),
                               "TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    said = re.search(r"([\d,]+) documents with a place, ([\d,]+) whose address nobody knows: ([\d,]+) look-ups, ([\d,]+) addresses, "
                     r"([\d,]+) calls\ncache hit rate ([\d.]+)%, ([\d,]+) calls saved; ([\d,]+) calls failed and ([\d,]+) were refused",
                     done.stdout)
    placed, missing, asked, addresses, calls, rate, saved, failed, refused = (
        float(x) if "." in x else number(x) for x in said.groups())
    assert placed + missing == asked and missing > 0 and failed > 0
    assert calls == addresses + failed + refused  # each address once
    assert rate > 0 and saved == asked - addresses
    assert "8965 rows in the files, 8965 read = 8965 delivered" in done.stdout
    assert users_of(tmp_path) == []
