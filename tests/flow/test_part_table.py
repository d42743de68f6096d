"""Rows of a table that a stream writes: the last value by event time, whatever the order of the records."""
import itertools
import random

import pytest

from library import Commit, dump

IN, BOOKS = "sp:{0}:a", "sp:{0}:books"
TABLE, AT = "sp:{0}:table:shops", "sp:{0}:table:shops:at"


@pytest.fixture
def write(r):
    """One commit with rows (key, ms, value); its answer."""
    def write(*rows, most=1000):
        id = r.xadd(IN, {"data": "x"})
        r.xgroup_create(IN, "sp", "0", mkstream=True) if not r.xinfo_groups(IN) else None
        r.xreadgroup("sp", "me", {IN: ">"})
        part = ("table", [TABLE, AT, BOOKS], [most, len(rows), *(x for row in rows for x in row)])
        return Commit(IN, [id], "me", hashes={BOOKS: {"a:out": 1}}, parts=[part]).settle(r)
    return write


def test_every_order_gives_the_same_table(r, write):
    rows = [("x", 5, '{"n":1}'), ("x", 7, '{"n":2}'), ("x", 7, '{"n":10}'), ("x", 7, '{"n":"\u00e9"}'), ("y", 1, "{}")]
    found = set()
    for order in itertools.permutations(rows):
        for row in order:
            write(row)
        found.add((tuple(sorted(r.hgetall(TABLE).items())), tuple(sorted(r.hgetall(AT).items()))))
        r.delete(TABLE, AT)
    assert found == {((("x", '{"n":2}'), ("y", "{}")), (("x", "7"), ("y", "1")))}


def test_against_a_model(r, write):
    chance, model = random.Random(3), {}
    for _ in range(40):
        rows = {f"k{chance.randrange(900)}": (chance.randrange(50), '{"n":%d}' % chance.randrange(9)) for _ in range(700)}
        assert write(*((k, *v) for k, v in rows.items())) is not None
        for k, v in rows.items():
            model[k] = max(model.get(k, (-1, "")), v)
    assert r.hgetall(TABLE) == {k: v for k, (_, v) in model.items()}
    assert r.hgetall(AT) == {k: str(ms) for k, (ms, _) in model.items()}


def test_a_full_table_keeps_what_it_has(r, write):
    write(("a", 1, "{}"), ("b", 1, "{}"), most=2)
    write(("c", 1, "{}"), ("a", 2, '{"n":1}'), ("d", 1, "{}"), most=2)
    write(("c", 5, "{}"), most=2)
    assert r.hgetall(TABLE) == {"a": '{"n":1}', "b": "{}"}
    assert r.hget(BOOKS, "table:shops:refused") == "3"


def test_what_was_loaded_is_older_than_any_record(r, write):
    r.hset(TABLE, "a", '{"from":"file"}')
    write(("a", 1, "{}"), ("b", 1, "{}"), most=1)
    assert r.hgetall(TABLE) == {"a": "{}"} and r.hgetall(AT) == {"a": "1"}


@pytest.mark.parametrize("key,field,says", [(TABLE, None, f"WRONGTYPE {TABLE}"), (AT, None, f"WRONGTYPE {AT}"),
                                            (AT, "a", f"COUNT {AT} a"),
                                            (BOOKS, "table:shops:refused", f"COUNT {BOOKS} table:shops:refused")])
def test_foreign_data(r, write, key, field, says):
    r.hset(key, field, "x") if field else r.set(key, "x")
    before = dump(r)
    assert str(write(("a", 1, "{}"), ("b", 1, "{}"), most=1)) == says
    after = dump(r)
    assert {k: v for k, v in after.items() if k != IN} == before


@pytest.mark.parametrize("rows", [[("a", "soon", "{}")], [("a", 1)], [("a", 1, "{}", "b")]])
def test_nonsense(r, write, rows):
    assert str(write(*rows)).split()[0] == "BADARG" and not r.exists(TABLE)
