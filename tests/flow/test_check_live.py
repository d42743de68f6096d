"""`standpipe check --live`: Redis, the library in it, folders, credentials, destinations; each with its remedy."""
import json
import socket
import subprocess

import pytest
from standpipe_run import STANDPIPE

PIPELINE = """\
stages:
  rows: {split: {}}
  ship:
    deliver: {firehose: {stream: s, region: eu-west-1, endpoint: "%s"}}
routes: [{from: inbox, to: rows}, {from: rows, to: ship}]
"""
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


def check(folder, url, *words, env=None):
    return subprocess.run([STANDPIPE, "check", "--live", "p.yaml", "--redis", url, *map(str, words)], cwd=folder, capture_output=True,
                          text=True, timeout=60, env={"HOME": "/nowhere", **(KEYS if env is None else env)})


@pytest.fixture
def redis_url(server, r):
    return f"unix://{server.socket}"


@pytest.fixture
def folder(tmp_path, firehose):
    (tmp_path / "p.yaml").write_text(PIPELINE % firehose.url)
    (tmp_path / "in").mkdir()
    return tmp_path


def test_all_is_there(folder, redis_url):
    done = check(folder, redis_url, "--roots", folder / "in")
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 errors, 0 warnings.\n", "")


def test_redis_is_away(folder):
    done = check(folder, f"unix://{folder}/none.sock", "--roots", folder / "in")
    assert done.returncode == 69 and "error: Redis: connect to unix socket" in done.stdout and "--redis" in done.stdout


def test_the_library_is_not_there(folder, redis_url, r):
    r.function_flush()
    done = check(folder, redis_url, "--roots", folder / "in")
    assert done.returncode == 0 and "warning: Redis: the function library is not there yet; 'standpipe apply'" in done.stdout


def test_folders(folder, redis_url):
    (folder / "file").write_text("")
    (folder / "file").chmod(0o755)
    done = check(folder, redis_url, "--roots", f"{folder}/in:{folder}/none:{folder}/file")
    assert done.returncode == 69
    assert f"folder '{folder}/none' of --roots: No such file" in done.stdout
    assert f"folder '{folder}/file' of --roots: is no folder" in done.stdout
    assert "2 errors" in done.stdout
    assert "no folder is named" in check(folder, redis_url).stdout


def test_no_credentials(folder, redis_url):
    done = check(folder, redis_url, env={"AWS_ACCESS_KEY_ID": "a"})
    assert done.returncode == 69
    assert "p.yaml:4:5: error: stage 'ship': " in done.stdout and "AWS_SECRET_ACCESS_KEY" in done.stdout


def test_the_destination_does_not_answer(folder, redis_url):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        (folder / "p.yaml").write_text(PIPELINE % f"http://127.0.0.1:{free.getsockname()[1]}")
        done = check(folder, redis_url, "--json")
    assert done.returncode == 69
    texts = [f["text"] for f in json.loads(done.stdout)["findings"]]
    assert any("stage 'ship': http://127.0.0.1:" in t and "does not answer" in t for t in texts)


def test_a_file_with_mistakes_is_not_looked_further_at(folder):
    (folder / "p.yaml").write_text("stages: {}\n")
    done = check(folder, "unix:///none.sock")
    assert done.returncode == 78 and "Redis" not in done.stdout
