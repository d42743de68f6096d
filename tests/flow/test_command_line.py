"""The one program: help, version, and words that it does not know."""
import re
import subprocess

import pytest
from standpipe_run import STANDPIPE


def call(*words, **env):
    return subprocess.run([STANDPIPE, *words], capture_output=True, text=True, timeout=20, env=env)


def test_help_lists_every_command_and_each_has_help_of_its_own():
    said = call("--help")
    assert said.returncode == 0
    names = re.findall(r"^  ([a-z]+) {2,}[A-Z]", said.stdout, re.M)
    assert {"apply", "check", "dead", "replay", "run", "send", "top", "trace", "dispatch", "split", "normalise", "deliver"} <= set(names)
    for name in names:
        one = call(name, "--help")
        assert one.returncode == 0 and f"Usage: standpipe {name}" in one.stdout


def test_version():
    assert re.fullmatch(r"standpipe \d+\.\d+\.\d+\n", call("--version").stdout)


@pytest.mark.parametrize("words, said", [
    ([], "no command"),
    (["sned"], "did you mean 'send'"),
    (["enqueue"], "it is called 'send' here"),
    (["send", "--wiat", "x"], "did you mean '--wait'"),
    (["split", "x"], "takes no word 'x'"),
    (["top", "--every", "1ms"], "--every is at least 100ms"),
    (["top", "--log", "xml"], "--log is logfmt or json"),
])
def test_mistakes_exit_2_with_the_nearest_word(words, said):
    done = call(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_options_come_from_the_environment_too(tmp_path):
    done = call("top", "--once", STANDPIPE_REDIS="redis-is-not-this://x")
    assert done.returncode == 78
    assert "redis-is-not-this" in done.stderr
