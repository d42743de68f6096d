"""Every process tells how it is: /metrics that promtool likes, /healthz, /readyz."""
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest
from pipeline import WORKERS
from standpipe_run import wait_for


def get(address, path):
    """Status and text."""
    try:
        with urllib.request.urlopen(f"http://{address}/{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


@pytest.fixture
def addresses(pipeline):
    p = pipeline
    p.apply()
    p.start()
    p.send(p.write("a.csv", "a,b\n1,2\n3\n"))
    p.rest()
    wait_for("all heartbeats", lambda: all(p.r.hget(f"sp:worker:{name}", "http") for name in WORKERS))
    return {name: p.r.hget(f"sp:worker:{name}", "http") for name in WORKERS}


def values(text):
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines()
            if line and not line.startswith("#")}


def test_every_process_answers(pipeline, addresses):
    for name, address in addresses.items():
        assert get(address, "healthz")[0] == get(address, "readyz")[0] == 200, name
        status, text = get(address, "metrics")
        assert status == 200 and "standpipe_" in text, name
        assert get(address, "nothing")[0] == 404
    assert values(get(addresses["split-1"], "metrics")[1])['standpipe_records_total{stage="rows"}'] == 2
    wait_for("the books in the dispatcher's metrics", lambda: values(get(addresses["dispatch"], "metrics")[1]).get(
        'standpipe_records_out_total{stage="ship"}') == 2, 10)


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_promtool_has_nothing_to_say(addresses):
    for name, address in addresses.items():
        done = subprocess.run(["promtool", "check", "metrics"], input=get(address, "metrics")[1], capture_output=True,
                              text=True)
        assert (done.returncode, done.stderr + done.stdout) == (0, ""), name


def test_not_ready_while_redis_is_away(pipeline, addresses):
    p = pipeline
    p.r.save()  # another data set would end them
    p.kill("redis")
    for name, address in addresses.items():
        wait_for(f"{name} to see it", lambda: get(address, "readyz")[0] == 503, 10)
        assert get(address, "healthz")[0] == 200, name
    p.revive("redis")
    for name, address in addresses.items():
        wait_for(f"{name} to be ready", lambda: get(address, "readyz")[0] == 200, 10)


def test_not_ready_without_a_pipeline(pipeline):
    p = pipeline
    p.start()
    wait_for("all heartbeats", lambda: all(p.r.hget(f"sp:worker:{name}", "http") for name in WORKERS))
    found = {name: p.r.hget(f"sp:worker:{name}", "http") for name in WORKERS}
    assert {get(address, "readyz")[0] for address in found.values()} == {503}
    p.apply()
    for name, address in found.items():
        wait_for(f"{name} to be ready", lambda: get(address, "readyz")[0] == 200, 10)
