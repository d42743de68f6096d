"""`tests:` in the pipeline file: what `standpipe test` says of them, and that `apply` runs them."""
import json
import subprocess

import pytest
from standpipe_run import STANDPIPE

PIPELINE = """\
stages:
  rows: {split: {}}
  tidy:
    normalise:
      fields:
        id:       {from: ref, required: true}
        price:    {from: asking_price, parse: money, currency: GBP}
        beds:     {from: title, match: '/^(\\d+) bed/', parse: integer}
        postcode: {}
        features: {}
        address.city: {from: city}
      sources:
        - {name: france, files: ['*paris*.csv'], defaults: {currency: EUR}, fields: {country: {value: FR}}}
  ship: {deliver: {firehose: {stream: s, region: eu-west-1}}}
  cheap: {deliver: {firehose: {stream: c, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: tidy}
  - {from: tidy, when: price == 0, drop: free}
  - {from: tidy, when: price == 1, dead: too_cheap}
  - {from: tidy, when: 'price == 2', to: [cheap, ship]}
  - {from: tidy, to: ship}
tests:
"""
GOOD = {
    "a whole document": "{name: t, stage: tidy, in: {ref: A1, asking_price: £250k, title: 2 bed flat}, out: {id: A1, beds: 2}}",
    "numbers by their digits": "{name: t, stage: tidy, in: {ref: A1, asking_price: '250.50'}, out: {price: 250.5}}",
    "text that looks like a number": "{name: t, stage: tidy, in: {ref: A1, postcode: '07426'}, out: {postcode: 07426, beds: null}}",
    "what is not there": "{name: t, stage: tidy, in: {ref: A1}, out: {nobody: null}}",
    "a row": "{name: t, stage: tidy, row: [A1, '5'], cols: [ref, asking price], out: {id: A1, price: 5}}",
    "a nested record": "{name: t, stage: tidy, in: {ref: A1, city: Leeds}, out: {address: {city: Leeds}}}",
    "a list": "{name: t, stage: tidy, in: {ref: A1, features: [a, b]}, out: {features: [a, b]}}",
    "all the way": "{name: t, from: rows, in: {ref: A1, asking_price: 9}, to: ship, out: {id: A1}}",
    "dropped by a route": "{name: t, from: rows, in: {ref: A1, asking_price: 0}, dropped: free}",
    "dead by a route": "{name: t, from: rows, in: {ref: A1, asking_price: 1}, dead: too_cheap}",
    "dead in a stage": "{name: t, stage: tidy, in: {asking_price: 1}, dead: required}",
    "one branch of a fork": "{name: t, from: rows, in: {ref: A1, asking_price: 2}, to: cheap}",
    "behind a stage": "{name: t, from: tidy, in: {price: 0}, dropped: free}",
    "the rules of a source": "{name: t, stage: tidy, file: paris-2.csv, in: {ref: A1}, out: {country: FR}}",
    "issues": "{name: t, stage: tidy, in: {ref: A1, asking_price: cheap}, issues: ['price:unparsed']}",
    "an issue by its field": "{name: t, stage: tidy, in: {ref: A1, asking_price: cheap}, issues: [price]}",
    "no issues": "{name: t, stage: tidy, in: {ref: A1}, issues: []}",
}
BAD = {
    "another number": ("{name: t, stage: tidy, in: {ref: A1, asking_price: 5}, out: {price: 6}}", "price: want 6, got 5"),
    "a number as text": ("{name: t, stage: tidy, in: {ref: A1, asking_price: 5}, out: {price: '5'}}", 'price: want "5", got 5'),
    "a member that is missing": ("{name: t, stage: tidy, in: {ref: A1}, out: {nobody: x}}", 'nobody: want "x", got nothing'),
    "one item more": ("{name: t, stage: tidy, in: {ref: A1, features: [a, b]}, out: {features: [a]}}", 'features[1]: want nothing, got "b"'),
    "nested": ("{name: t, stage: tidy, in: {ref: A1, city: York}, out: {address: {city: Leeds}}}", 'address.city: want "Leeds", got "York"'),
    "dead in place of a document": ("{name: t, stage: tidy, in: {}, out: {price: 6}}", "the record: want arrives, got dead required"),
    "another reason": ("{name: t, from: rows, in: {ref: A1, asking_price: 0}, dropped: cheap}", "want dropped cheap, got dropped free"),
    "another stage": ("{name: t, from: rows, in: {ref: A1, asking_price: 9}, to: cheap}", 'to: want "cheap", got "ship"'),
    "an issue nobody named": ("{name: t, stage: tidy, in: {ref: A1, asking_price: cheap}, issues: []}", 'issues: want nothing, got "price:unparsed"'),
    "an issue that did not come": ("{name: t, stage: tidy, in: {ref: A1}, issues: [price]}", 'issues: want "price", got nothing'),
}
WRONG = {
    "stage and from": ("{name: t, stage: tidy, from: rows, in: {a: b}, out: {a: b}}", "one of 'stage' and 'from'"),
    "no such stage": ("{name: t, stage: tidi, in: {a: b}, out: {a: b}}", "did you mean 'tidy'"),
    "no record": ("{name: t, stage: tidy, out: {a: b}}", "one of 'in' and 'row'"),
    "a row without columns": ("{name: t, stage: tidy, row: [a], out: {a: b}}", "'cols'"),
    "no outcome": ("{name: t, stage: tidy, in: {a: b}}", "what becomes of the record"),
    "two outcomes": ("{name: t, stage: tidy, in: {a: b}, dead: x, out: {a: b}}", "what becomes of the record"),
    "files": ("{name: t, stage: rows, in: {a: b}, out: {a: b}}", "works on files"),
    "to of a stage alone": ("{name: t, stage: tidy, in: {a: b}, to: ship}", "say 'from'"),
    "an unknown key": ("{name: t, stage: tidy, in: {a: b}, outt: {a: b}}", "did you mean 'out'"),
    "no name": ("{stage: tidy, in: {a: b}, out: {a: b}}", "name"),
}


def call(tmp_path, test, *words):
    (tmp_path / "p.yaml").write_text(PIPELINE + f"  - {test}\n")
    return subprocess.run([STANDPIPE, *words], cwd=tmp_path, capture_output=True, text=True, timeout=60, env={})


@pytest.mark.parametrize("test", GOOD.values(), ids=GOOD)
def test_passes(tmp_path, test):
    done = call(tmp_path, test, "test", "p.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "  ok    t\n1 tests: 1 passed, 0 failed\n"


@pytest.mark.parametrize("test, said", BAD.values(), ids=BAD)
def test_fails_with_the_difference(tmp_path, test, said):
    done = call(tmp_path, test, "test", "p.yaml")
    assert done.returncode == 1
    assert f"  FAIL  t  (line {PIPELINE.count(chr(10)) + 1})\n" in done.stdout
    assert said in done.stdout


@pytest.mark.parametrize("test, said", WRONG.values(), ids=WRONG)
def test_mistakes_are_findings_of_check(tmp_path, test, said):
    done = call(tmp_path, test, "check", "p.yaml")
    assert done.returncode == 78 and said in done.stdout
    assert call(tmp_path, test, "test", "p.yaml").returncode == 78


def test_json(tmp_path):
    done = call(tmp_path, BAD["another number"][0], "test", "p.yaml", "--json")
    said = json.loads(done.stdout)
    assert done.returncode == 1 and (said["v"], said["passed"], said["failed"]) == (1, 0, 1)
    assert said["tests"][0]["differences"] == [{"path": "price", "want": "6", "got": "5"}]


def test_apply_refuses_a_file_whose_tests_fail(tmp_path, server, r):
    url = f"unix://{server.socket}"
    done = call(tmp_path, BAD["another number"][0], "apply", "p.yaml", "--redis", url)
    assert done.returncode == 78 and "price: want 6, got 5" in done.stderr and "--no-tests" in done.stderr
    assert r.get("sp:pipeline") is None
    assert call(tmp_path, BAD["another number"][0], "apply", "p.yaml", "--redis", url, "--no-tests").returncode == 0
    assert call(tmp_path, GOOD["a row"], "apply", "p.yaml", "--redis", url).returncode == 0
    assert json.loads(r.get("sp:pipeline"))["version"] == 2
