"""What the dispatcher does when Redis refuses an admission."""
import pytest
from pipeline import Pipeline, Worker
from redis_proxy import Proxy
from standpipe_run import wait_for

TIDY = "sp:{0}:tidy"


@pytest.fixture
def pipeline(tmp_path):
    with Pipeline(tmp_path) as p:
        p.apply()
        p.put(data='{"a":1}', to="tidy")
        yield p


def test_a_library_that_vanished_comes_back_and_leaves_nothing_twice(pipeline):
    pipeline.start("dispatch")
    wait_for("the first entry to go in", lambda: pipeline.r.xlen("sp:inbox") == 0)
    pipeline.r.function_flush()
    pipeline.put(data='{"a":2}', to="tidy")
    wait_for("the second entry to go in", lambda: pipeline.r.xlen("sp:inbox") == 0)
    assert pipeline.r.xlen(TIDY) == pipeline.books()["tidy:in"] == 2


def test_a_missing_grant_ends_it_with_one_sentence(pipeline):
    pipeline.r.execute_command("ACL", "SETUSER", "door", "on", ">secret", "allkeys", "allchannels", "+@all", "-xadd")
    password = pipeline.folder / "password"
    password.write_text("secret\n")
    worker = Worker(pipeline, "dispatch", "--redis-user", "door", "--redis-password-file", str(password))
    pipeline.workers["dispatch"] = worker.start()
    assert worker.process.wait(20) == 78
    assert "denies the dispatcher to write" in worker.log.read_text()
    assert pipeline.r.xlen("sp:inbox") == 1


def test_an_entry_deleted_while_its_answer_was_lost_is_let_go(pipeline):
    pipeline.r.delete("sp:inbox")
    with Proxy(pipeline.folder, pipeline.redis) as proxy:
        worker = Worker(pipeline, "dispatch")
        worker.address = proxy.url.removeprefix("unix://")
        pipeline.workers["dispatch"] = worker.start()
        wait_for("the dispatcher to read", lambda: proxy.seen[b"XREADGROUP"] > 1)
        proxy.faults[b"XREADGROUP"] += ["lose", "cut", "cut", "cut"]
        wait_for("a read whose answer will be lost", lambda: len(proxy.faults[b"XREADGROUP"]) == 3)
        lost = pipeline.put(data='{"a":1}', to="tidy")
        wait_for("Redis to hand it out", lambda: pipeline.r.xpending("sp:inbox", "sp")["pending"] == 1)
        pipeline.r.xdel("sp:inbox", lost)
        pipeline.put(data='{"a":2}', to="tidy")
        wait_for("the next entry to go in", lambda: pipeline.r.xlen(TIDY) == 1)
        wait_for("the lost one to be let go", lambda: pipeline.r.xpending("sp:inbox", "sp")["pending"] == 0)
