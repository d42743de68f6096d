"""Fixtures for all flow tests: a server a module, an empty database a test."""
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tools")]

from firehose_local import FirehoseLocal  # noqa: E402
from library import load_library  # noqa: E402
from pipeline import Pipeline  # noqa: E402
from redis_server import RedisServer  # noqa: E402


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def r(server):
    """A client of the module's server: no keys, no limits, no users but default, our functions loaded."""
    with server.client() as client:
        client.flushall()
        client.config_set("maxmemory", 0)
        load_library(client)
        yield client
        client.config_set("maxmemory", 0)


@pytest.fixture
def pipeline(tmp_path):
    """A whole pipeline without workers and without a pipeline file: start() and apply() what is wanted."""
    with Pipeline(tmp_path) as p:
        yield p


@pytest.fixture
def firehose(tmp_path):
    """firehose-local with a stream `s`."""
    with FirehoseLocal(tmp_path / "objects", "--stream", "s") as firehose:
        yield firehose


@pytest.fixture
def client(firehose):
    return firehose.client()
