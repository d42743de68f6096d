"""A worker that lives is seen to live, in a full Redis too: nobody may take its entries over."""
from pipeline import Pipeline
from standpipe_run import wait_for

KEY = "sp:worker:normalise-1"


def test_the_heart_beats_in_a_full_redis(tmp_path):
    with Pipeline(tmp_path) as p:
        p.apply()
        p.start("dispatch", "normalise-1")
        wait_for("a first beat", lambda: p.r.hget(KEY, "beat"))
        p.r.config_set("maxmemory", 1)
        beat = int(p.r.hget(KEY, "beat"))
        wait_for("two more beats", lambda: int(p.r.hget(KEY, "beat")) >= beat + 2)
        assert 0 < p.r.pttl(KEY) <= 60000
