"""The built programs are position independent, bound at start with a read-only relocation table,
and without an executable stack."""
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("STANDPIPE_BUILD", ROOT / "build"))
PROGRAMS = ["workers/standpipe", "tools/firehose-local"]


def readelf(program, *flags):
    return subprocess.run(["readelf", "-W", *flags, BUILD / program], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_is_position_independent(program):
    assert "DYN (Position-Independent Executable file)" in readelf(program, "-h")


@pytest.mark.parametrize("program", PROGRAMS)
def test_binds_at_start(program):
    assert "BIND_NOW" in readelf(program, "-d")


@pytest.mark.parametrize("program", PROGRAMS)
def test_relocations_are_read_only(program):
    assert "GNU_RELRO" in readelf(program, "-l")


@pytest.mark.parametrize("program", PROGRAMS)
def test_stack_is_not_executable(program):
    stack = next(x for x in readelf(program, "-l").splitlines() if "GNU_STACK" in x)
    assert stack.split()[6] == "RW"


@pytest.mark.parametrize("program", PROGRAMS)
def test_library_calls_are_fortified(program):
    assert "_chk@GLIBC" in readelf(program, "--dyn-syms")


@pytest.mark.parametrize("program", PROGRAMS)
def test_stack_is_protected(program):
    assert "__stack_chk_fail" in readelf(program, "--dyn-syms")
