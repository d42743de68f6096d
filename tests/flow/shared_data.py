"""The real files that Standpipe was made for, and the values that people read in them. They are no part of this project:
STANDPIPE_SHARED_DATA names their folder, or it lies beside the checkout."""
import csv
import io
import json
import os
import pathlib
import subprocess

from standpipe_run import STANDPIPE

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "deploy/examples"
PIPELINES = {"property_listing": EXAMPLES / "property.yaml", "used_car_ad": EXAMPLES / "cars.yaml"}
SCHEMAS = {name: EXAMPLES / f"{name}.avsc" for name in PIPELINES}


def find_folder():
    for place in (os.environ.get("STANDPIPE_SHARED_DATA"), ROOT.parent / "shared/data", ROOT.parents[1] / "shared/data"):
        if place and pathlib.Path(place, "expected").is_dir():
            return pathlib.Path(place)
    return None


FOLDER = find_folder()


def read_oracles():
    """What people read in each file."""
    if FOLDER is None:
        return []
    found = [json.loads(path.read_text()) for path in sorted((FOLDER / "expected").rglob("*.json")) if path.parent.name != "webhooks"]
    return [oracle for oracle in found if oracle["target_schema"] in PIPELINES]


def try_file(path, pipeline):
    """What becomes of every record of a file, as `standpipe try` tells it."""
    done = subprocess.run([STANDPIPE, "try", path, "--pipeline", pipeline, "--limit", "0", "--json"], capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)["files"][0]


class File:
    """One of them, and what the pipeline of its kind makes of it."""

    def __init__(self, oracle):
        self.oracle, self.kind = oracle, oracle["target_schema"]
        self.path, self.schema, self.pipeline = FOLDER / oracle["file"], SCHEMAS[self.kind], PIPELINES[self.kind]
        self.told = try_file(self.path, self.pipeline)

    @property
    def records(self):
        return self.told["records"]

    def documents(self):
        return [record["record"] for record in self.records if record["fate"] == "ok"]

    def rows(self):
        """Names and records as another reader sees them, under the names that we give to columns."""
        encoding = "cp1252" if "8859" in self.oracle["encoding"] else "utf-8-sig"
        text = self.path.read_bytes().decode(encoding)
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=self.oracle["delimiter"]) if row]
        names = [name.strip() or f"column_{i}" for i, name in enumerate(rows[0], 1)]
        return names, rows[1:]
