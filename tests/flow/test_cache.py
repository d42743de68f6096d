"""sp1_cache_put, sp1_lease, sp1_cache_tell, sp1_cache_drop: what a pool of look-ups remembers, and who fetches."""
import random

import pytest

from library import dump

CACHE = "sp:cache:{locate:0123456789abcdef}"
NEW, OLD, ABOUT = f"{CACHE}:new", f"{CACHE}:old", f"{CACHE}:about"
OVERHEAD = 64


def lease(field):
    return f"{CACHE}:lease:{field}"


def take(r, field, token="t", ms=10000):
    return r.set(lease(field), token, nx=True, px=ms)


def put(r, values, moves=(), token="t", epoch="", entries=100, size=100000, keep=60000):
    keys = [NEW, OLD, ABOUT, *map(lease, values)]
    return r.fcall("sp1_cache_put", len(keys), *keys, token, epoch, entries, size, keep, len(values),
                   *(x for pair in values.items() for x in pair), len(moves), *moves)


def drop(r, *fields, leases=()):
    keys = [NEW, OLD, ABOUT, *map(lease, leases)]
    return r.fcall("sp1_cache_drop", len(keys), *keys, *fields)


def tell(r, **deltas):
    return r.fcall("sp1_cache_tell", 1, ABOUT, 60000, *(x for pair in deltas.items() for x in pair))


def logical(r, key):
    return sum(len(f) + len(v) + OVERHEAD for f, v in r.hgetall(key).items())


def test_who_holds_the_lease_puts_and_gives_it_up(r):
    take(r, "a")
    take(r, "b", token="other")
    assert put(r, {"a": "+1 {}", "b": "+1 {}", "c": "-1"}) == [1, 0, 0]
    assert r.hgetall(NEW) == {"a": "+1 {}"}
    assert not r.exists(lease("a")) and r.get(lease("b")) == "other"
    assert 0 < r.pttl(NEW) <= 60000 and r.pttl(ABOUT) > 0


def test_a_late_put_of_a_lost_lease_keeps_the_newer_value(r):
    take(r, "a", token="slow")
    r.delete(lease("a"))
    take(r, "a", token="next")
    put(r, {"a": "+9 new"}, token="next")
    assert put(r, {"a": "+1 outdated"}, token="slow") == [0]
    assert r.hget(NEW, "a") == "+9 new"


def test_leases_are_renewed_and_given_up_by_their_holder(r):
    take(r, "a", ms=1000)
    take(r, "b", token="other", ms=1000)
    call = lambda ms: r.fcall("sp1_lease", 3, lease("a"), lease("b"), lease("c"), "t", ms)  # noqa: E731
    assert call(50000) == [1, 0, 0]
    assert r.pttl(lease("a")) > 40000 and r.pttl(lease("b")) <= 1000
    assert call(0) == [1, 0, 0]
    assert not r.exists(lease("a")) and r.exists(lease("b")) and not r.exists(lease("c"))


def test_full_generations_turn_and_what_is_used_stays(r):
    for i in range(60):
        take(r, f"k{i}")
        assert put(r, {f"k{i}": f"+1 {i}"}) == [1]
    assert r.hlen(NEW) == 10 and r.hlen(OLD) == 50
    put(r, {}, moves=["k3", "k4", "k55", "nobody"])
    assert r.hlen(NEW) == 12
    for i in range(60, 105):
        take(r, f"k{i}")
        put(r, {f"k{i}": f"+1 {i}"})
    kept = {**r.hgetall(OLD), **r.hgetall(NEW)}
    assert kept["k3"] == "+1 3" and "k5" not in kept and "k104" in kept
    assert r.hget(ABOUT, "turned") == "2"


def test_a_newer_value_is_not_undone_by_a_move(r):
    r.hset(OLD, "a", "+1 old")
    take(r, "a")
    put(r, {"a": "+2 new"})
    put(r, {}, moves=["a"])
    assert r.hget(NEW, "a") == "+2 new"


def test_a_value_too_large_is_not_kept(r):
    take(r, "a")
    assert put(r, {"a": "+1 " + "x" * 50000}, size=100000) == [0]
    assert not r.exists(NEW) and not r.exists(lease("a"))


@pytest.mark.parametrize("seed", range(3))
def test_both_bounds_hold_and_the_bytes_are_right(r, seed):
    """Whatever is put, again, moved and dropped."""
    rng = random.Random(seed)
    for _ in range(700):
        field = f"k{rng.randrange(90)}"
        what = rng.randrange(10)
        if what < 6:
            take(r, field)
            put(r, {field: "+1 " + "x" * rng.randrange(300)}, entries=60, size=8000, epoch=tell(r))
        elif what < 9:
            put(r, {}, moves=list({f"k{rng.randrange(90)}" for _ in range(10)}), entries=60, size=8000)
        elif rng.random() < 0.2:
            drop(r, *([] if rng.random() < 0.1 else [field]))
        assert r.hlen(NEW) <= 30 and r.hlen(OLD) <= 30
        assert logical(r, NEW) <= 4000 and logical(r, OLD) <= 4000
        about = r.hgetall(ABOUT)
        if r.exists(NEW):
            assert int(about["bytes"]) == logical(r, NEW)
        if r.exists(OLD):
            assert int(about["old_bytes"]) == logical(r, OLD)
    assert int(r.hget(ABOUT, "turned")) > 3


def test_counters_add_up_and_tell_of_drops(r):
    assert tell(r) == "" and not r.exists(ABOUT)
    assert tell(r, hits=3, fetched=1) == ""
    assert tell(r, hits=4) == ""
    assert r.hmget(ABOUT, "hits", "fetched") == ["7", "1"]
    r.hset(NEW, mapping={"a": "+1 x", "b": "+1 y"})
    r.hset(OLD, mapping={"a": "+1 w"})
    assert drop(r, "a") == 2
    epoch = tell(r)
    assert epoch != "" and r.hgetall(NEW) == {"b": "+1 y"} and not r.exists(OLD)
    assert drop(r) == 1
    assert tell(r, hits=1) not in ("", epoch) and not r.exists(NEW)


def test_what_was_fetched_before_a_drop_is_not_kept(r):
    take(r, "a")
    epoch = tell(r)
    drop(r)
    assert put(r, {"a": "+1 outdated"}, epoch=epoch) == [0]
    assert not r.exists(NEW) and not r.exists(lease("a"))
    take(r, "a")
    assert put(r, {"a": "+1 new"}, epoch=tell(r)) == [1]


def test_a_drop_of_a_key_takes_its_lease(r):
    take(r, "a")
    drop(r, "a", leases=["a"])
    assert not r.exists(lease("a"))


def test_a_full_redis_keeps_nothing_more_but_gives_leases_up(r):
    take(r, "a")
    r.config_set("maxmemory", 1)
    with pytest.raises(Exception, match="^OOM|command not allowed when used memory"):
        put(r, {"a": "+1 x"})
    with pytest.raises(Exception, match="OOM|command not allowed when used memory"):
        take(r, "b")
    assert r.fcall("sp1_lease", 1, lease("a"), "t", 0) == [1]
    assert tell(r, hits=1) == ""
    assert drop(r) == 0
    assert not r.exists(NEW)


@pytest.mark.parametrize("call, says", [
    (lambda r: put(r, {"a": "x"}, keep=0), "BADARG 5"), (lambda r: put(r, {"a": "x"}, entries="x"), "BADARG 3"),
    (lambda r: put(r, {str(i): "x" for i in range(257)}), "BADARG 6"), (lambda r: put(r, {}, moves=["x"] * 257), "BADARG 7"),
    (lambda r: r.fcall("sp1_cache_put", 4, NEW, OLD, ABOUT, "l", "t", "", 1, 1, 1, 0, 0), "BADARG 6"),
    (lambda r: r.fcall("sp1_lease", 0, "t", 0), "BADARG 1"), (lambda r: tell(r, x="y"), "BADARG 3"),
    (lambda r: r.fcall("sp1_cache_tell", 1, ABOUT, 1, "x"), "BADARG 1"), (lambda r: r.fcall("sp1_cache_drop", 2, NEW, OLD), "BADARG 1")])
def test_bad_arguments(r, call, says):
    with pytest.raises(Exception, match=f"^{says}$"):
        call(r)


@pytest.mark.parametrize("key", [NEW, OLD, ABOUT])
@pytest.mark.parametrize("call", [lambda r: put(r, {"a": "x"}), drop])
def test_refused_it_changes_nothing(r, key, call):
    take(r, "a")
    r.set(key, "x")
    before = dump(r)
    with pytest.raises(Exception, match=f"^WRONGTYPE {key}$"):
        call(r)
    assert dump(r) == before
