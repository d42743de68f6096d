"""`standpipe schema`: the JSON Schema for editors says what `check` says."""
import json
import pathlib
import re
import subprocess

import jsonschema
import pytest
import yaml
from standpipe_run import STANDPIPE

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "deploy/examples"
GOOD = """\
pipeline: homes
stages:
  rows: {split: {delimiter: ';', columns: 2k}, high: 64MiB, low: 0}
  tidy:
    retry: {attempts: 3, wait: 200ms..30s}
    normalise:
      defaults: {nothing: ['-'], currency: GBP}
      rules: {gbp: {parse: money}}
      fields:
        id: {from: [ref, listing id], required: true}
        price: {use: gbp}
        rooms: integer
        zip: {pad: {width: 5, with: '0'}}
        flat: {default: false, parse: boolean, truthy: [yes, y]}
        note:
      sources:
        - {name: one, files: '*one*.csv', fields: {price: {currency: EUR}}}
  ship:
    deliver: {linger: 1s, firehose: {stream: homes, region: "${AWS_REGION:-eu-west-1}", record_bytes: "${SIZE:-100KiB}", pack: false}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: [tidy]}
  - {from: tidy, when: price == 0, drop: free}
  - {from: tidy, to: ship}
counts: {by_rooms: {on: tidy, key: rooms, every: 1h}}
dead: {keep: 30d, high: 256MiB, full: drop_oldest}
tests:
  - {name: a flat, stage: tidy, in: {ref: A1, price: 5}, out: {price: 5.0}}
"""


class Loader(yaml.SafeLoader):
    """Scalars as editors type them: YAML 1.2, no dates, no octal, no `yes`."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in [("null", r"^(?:null|)$", ["n", ""]), ("bool", r"^(?:true|false)$", list("tf")),
                            ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")), ("float", r"^[-+]?[0-9]+\.[0-9]+$", list("-+0123456789"))]:
    Loader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(pattern), first)


@pytest.fixture(scope="module")
def schema():
    done = subprocess.run([STANDPIPE, "schema"], capture_output=True, text=True, timeout=20, check=True)
    schema = json.loads(done.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def check(tmp_path, text):
    (tmp_path / "p.yaml").write_text(text)
    return subprocess.run([STANDPIPE, "check", "p.yaml"], cwd=tmp_path, capture_output=True, text=True, timeout=20, env={})


@pytest.mark.parametrize("loader", [Loader, yaml.BaseLoader])
def test_a_good_file(tmp_path, schema, loader):
    done = check(tmp_path, GOOD)
    assert done.returncode == 0, done.stdout
    schema.validate(yaml.load(GOOD, loader))


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.yaml")), ids=lambda f: f.name)
def test_the_examples(schema, example):
    schema.validate(yaml.load(example.read_text(), Loader))


@pytest.mark.parametrize("was, now", [
    ("pipeline:", "pipelines:"),
    ("routes:\n", "routs:\n"),
    ("delimiter:", "delimeter:"),
    ("columns: 2k", "columns: 2q"),
    ("64MiB, low", "64, low"),
    ("200ms..30s", "200ms-30s"),
    ("required: true", "required: maybe"),
    ("currency: EUR", "currancy: EUR"),
    ("from: [ref, listing id]", "form: [ref, listing id]"),
    ("files:", "file:"),
    ("linger: 1s", "linger: 1"),
    ("stream: homes, ", ""),
    ("pack: false", "packed: false"),
    ("when: price == 0", "whenever: price == 0"),
    ("from: inbox, ", ""),
    ("every: 1h", "each: 1h"),
    ("keep: 30d", "keep: 30"),
    ("name: a flat, ", ""),
    ("rows: {split: {delimiter: ';', columns: 2k}", "rows: {split: {}, deliver: {}"),
    ("rows: {split: {delimiter: ';', columns: 2k}", "rows: {spilt: {}"),
])
def test_what_check_refuses_the_schema_refuses(tmp_path, schema, was, now):
    assert was in GOOD
    text = GOOD.replace(was, now, 1)
    assert check(tmp_path, text).returncode == 78
    assert not schema.is_valid(yaml.load(text, Loader))


def test_every_key_is_explained(schema):
    def walk(part):
        for name, inner in part.get("properties", {}).items():
            assert inner["description"].endswith((".", ")", "_ . -")), name
            walk(inner)
        for inner in (part.get("additionalProperties"), part.get("items")):
            if isinstance(inner, dict):
                walk(inner)
    walk(schema.schema)
