"""The real files that Standpipe was made for, and the values that people read in them. They are no part of this project:
STANDPIPE_SHARED_DATA names their folder, or it lies beside the checkout."""
import csv
import functools
import io
import json
import os
import pathlib
import subprocess

import pytest

from standpipe_run import STANDPIPE

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "deploy/examples"
PIPELINES = {"property_listing": EXAMPLES / "property.yaml", "used_car_ad": EXAMPLES / "cars.yaml"}


def folder():
    for place in (os.environ.get("STANDPIPE_SHARED_DATA"), ROOT.parent / "shared/data", ROOT.parents[1] / "shared/data"):
        if place and pathlib.Path(place, "expected").is_dir():
            return pathlib.Path(place)
    return None


FOLDER = folder()
needs_data = pytest.mark.skipif(FOLDER is None, reason="no folder of real files (STANDPIPE_SHARED_DATA)")


def oracles():
    """What people read in each file."""
    if FOLDER is None:
        return []
    found = [json.loads(path.read_text()) for path in sorted((FOLDER / "expected").rglob("*.json")) if path.parent.name != "webhooks"]
    return [oracle for oracle in found if oracle["target_schema"] in PIPELINES]


def path_of(oracle):
    return FOLDER / oracle["file"]


@functools.lru_cache(maxsize=2)
def tried(file, pipeline):
    """What becomes of every record of a file, as `standpipe try` tells it."""
    done = subprocess.run([STANDPIPE, "try", file, "--pipeline", pipeline, "--limit", "0", "--json"], capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)["files"][0]


def try_file(oracle, pipeline=None):
    return tried(path_of(oracle), pipeline or PIPELINES[oracle["target_schema"]])


def text_of(oracle):
    """All of it, by the declared encoding."""
    data = path_of(oracle).read_bytes()
    encoding = "cp1252" if "8859" in oracle["encoding"] else "utf-8-sig"
    return data.decode(encoding)


def rows_of(oracle):
    """Its records as another reader sees them, without the header."""
    rows = list(csv.reader(io.StringIO(text_of(oracle), newline=""), delimiter=oracle["delimiter"]))
    return [row for row in rows[1:] if row]
