"""/metrics of every worker, as Prometheus' own linter sees it."""
import json
import shutil
import subprocess
import urllib.request

import pytest
from standpipe_run import Run, wait_for


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with Run(tmp_path_factory.mktemp("run")) as run:
        file = run.folder / "in.csv"
        file.write_text("id,name\n1,x\n,y\n")
        assert run.command("send", file, "--wait").returncode == 0
        yield run


def metrics_of(run, worker):
    address = run.r.hget(f"sp:worker:{worker}", "http")
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        return answer.read().decode()


@pytest.mark.parametrize("worker", ["run-dispatch-1", "run-split-1", "run-normalise-1", "run-deliver-1"])
def test_promtool_finds_nothing(run, worker):
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed")
    text = metrics_of(run, worker)
    assert text.startswith("# HELP standpipe_")
    found = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "")


def test_the_books_are_told_by_the_dispatcher_alone(run):
    wait_for("the gauges to follow", lambda: 'standpipe_records_out_total{stage="ship"} 1'
             in metrics_of(run, "run-dispatch-1"))
    told = dict(line.rsplit(" ", 1) for line in metrics_of(run, "run-dispatch-1").splitlines() if line[0] != "#")
    for name, field in [("records_accepted_total", "in"), ("records_out_total", "out"), ("records_dead_total", "dead"),
                        ("topic_records", "records")]:
        for stage in ("rows", "tidy", "ship"):
            book = run.r.hget("sp:{0}:books", f"{stage}:{field}")
            assert told.get(f'standpipe_{name}{{stage="{stage}"}}') == book
    assert told['standpipe_records_delivered_total{stage="ship"}'] == told['standpipe_records_out_total{stage="ship"}']
    assert 'standpipe_records_delivered_total{stage="tidy"}' not in told
    version = json.loads(run.r.get("sp:pipeline"))["version"]
    assert told[f'standpipe_pipeline_info{{version="{version}"}}'] == "1"
    assert [value for name, value in told.items() if name.startswith("standpipe_build_info{version=")] == ["1"]
    assert told["standpipe_dead_entries"] == str(run.r.xlen("sp:{0}:dead"))
    assert told["standpipe_later_entries"] == told['standpipe_pending_entries{stage="ship"}'] == "0"
    assert told['standpipe_vanished_entries{stage="inbox"}'] == "0"
    assert "standpipe_records_out_total" not in metrics_of(run, "run-deliver-1")
