"""The library as a whole: it outlives the server, is replaced under running workers, and makes room for its successor."""
import pytest
import redis

from library import Commit, library_text, load_library
from redis_server import RedisServer

IN, OUT = "sp:{0}:a", "sp:{0}:b"


def test_lost_answer_of_a_killed_redis(tmp_path):
    """kill -9 right behind a commit: the same commit again, to the server that came back, is DONE."""
    with RedisServer(tmp_path, appendonly="yes", appendfsync="always") as server:
        with server.client() as r:
            load_library(r)
            r.xgroup_create(IN, "sp", "0", mkstream=True)
            ids = [r.xadd(IN, {"data": "x"}) for _ in range(2)]
            r.xreadgroup("sp", "me", {IN: ">"})
            first, second = (Commit(IN, [id], "me", {OUT: [{"data": "x"}]}) for id in ids)
            assert first.settle(r) == []
        server.kill()
        with server.start().client() as r:
            assert str(first.settle(r)) == f"DONE {ids[0]}"
            assert second.settle(r) == []
            assert r.xlen(OUT) == 2 and r.xlen(IN) == 0


def functions(r, library):
    """The flags of each function of a library."""
    (found,) = r.function_list(library)
    return {f[1]: f[5] for f in found[found.index("functions") + 1]}


def test_successor_stands_beside_it(r):
    text = library_text()
    successor = text.replace("standpipe_1", "standpipe_2", 1)
    with pytest.raises(redis.exceptions.ResponseError, match="already exists"):
        r.function_load(successor)
    r.function_load(successor.replace("'sp1_", "'sp2_"))
    r.function_load(text, replace=True)
    assert {name.replace("sp1_", "sp2_") for name in functions(r, "standpipe_1")} == set(functions(r, "standpipe_2"))
    r.function_delete("standpipe_2")


def test_flags(r):
    """What drains a full Redis may run over the limit, what fills it may not."""
    assert functions(r, "standpipe_1") == {"sp1_settle": [], "sp1_admit": [], "sp1_settle_oom": ["allow-oom"],
                                           "sp1_note": ["allow-oom"], "sp1_park": ["allow-oom"], "sp1_due": ["allow-oom"],
                                           "sp1_adopt": ["allow-oom"], "sp1_beat": ["allow-oom"], "sp1_replay": [], "sp1_trim": ["allow-oom"],
                                           "sp1_oldest": ["no-writes"], "sp1_redrive": [], "sp1_drop": ["allow-oom"],
                                           "sp1_expire": ["allow-oom"], "sp1_leave": ["allow-oom"], "sp1_vanished": ["allow-oom"],
                                           "sp1_gate": ["allow-oom"], "sp1_cache_put": [], "sp1_lease": ["allow-oom"],
                                           "sp1_cache_tell": ["allow-oom"], "sp1_cache_drop": ["allow-oom"],
                                           "sp1_close": [], "sp1_window": [], "sp1_results": ["allow-oom"]}
