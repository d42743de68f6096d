"""Tables: loaded whole or not at all, listed, shown, thrown away; and written by records, exact through kills."""
import gzip
import json
import random
import re
import signal
import subprocess
import threading
import urllib.request

import pytest

from pipeline import Pipeline
from standpipe_run import DEADLINE_S, STANDPIPE, wait_for

TABLE = "sp:{0}:table:land"
ROWS = "code,name\nGB,Britain\nDE,\"Deutsch\nland\"\nFR,France\n"


@pytest.fixture
def table(server, r, tmp_path):
    def table(*words):
        return subprocess.run([STANDPIPE, "table", *map(str, words), "--redis", f"unix://{server.socket}"], cwd=tmp_path,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE_S)
    return table


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return name
    return write


def test_rows_of_csv(r, table, write):
    done = table("load", "land", write("land.csv", ROWS), "--key", "code")
    assert (done.returncode, done.stdout) == (0, "table land has 3 rows of land.csv\n"), done.stderr
    assert r.hgetall(TABLE) == {"GB": '{"code":"GB","name":"Britain"}', "DE": '{"code":"DE","name":"Deutsch\\nland"}',
                                "FR": '{"code":"FR","name":"France"}'}
    assert r.ttl(TABLE) == -1
    about = json.loads(r.hget("sp:{0}:tables", "land"))
    assert about.pop("loaded") > 0 and about == {"file": "land.csv", "key": ["code"], "rows": 3}


def test_documents_and_keys_of_several_members(r, table, write):
    file = write("a.ndjson.gz", gzip.compress(b'{"land":"GB","id":1,"x":{"y":[1,null]}}\n{"land":"GB","id":"2"}\n'))
    assert table("load", "land", file, "--key", "land,id").returncode == 0
    assert r.hgetall(TABLE) == {'["GB","1"]': '{"land":"GB","id":1,"x":{"y":[1,null]}}', '["GB","2"]': '{"land":"GB","id":"2"}'}
    assert table("show", "land", "GB", "2").stdout == '["GB","2"]  {"land":"GB","id":"2"}\n'
    assert table("show", "land", "GB", "3").returncode == 1


@pytest.mark.parametrize("content,key,says", [
    ("code,name\nGB,a\n,b\n", "code", "x:3: row 2: no 'code', which is of the key; nothing was changed"),
    ("code,name\nGB,a\nDE,b,c\n", "code", "x:3: row 2: more cells than the 2 columns"),
    ('{"code":1}\n{"code":null}\n', "code", "x:2: row 2: no 'code'"),
    ('{"code":1}\n\n{"code":\n', "code", "x:3: row 2: row of"),
    (ROWS, "cod", "x: it has no column 'cod': did you mean 'code'?"),
    (ROWS, "", "say which columns name a row"),
    ("code,name\n", "code", "x: no row is good"),
    (b"\x1f\x8b\x08cut", "code", "x: "),
    (gzip.compress(b"code,name\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(9999)), mtime=0)[:9000], "code", "nothing was changed"),
])
def test_what_is_wrong_changes_nothing(r, table, write, content, key, says):
    r.hset(TABLE, "old", "{}")
    done = table("load", "land", write("x", content), *(["--key", key] if key else []))
    assert done.returncode in (1, 2) and says in done.stderr, done.stderr
    assert r.keys() == [TABLE] and r.hgetall(TABLE) == {"old": "{}"}


def test_bad_rows_are_left_out_when_asked(r, table, write):
    done = table("load", "land", write("x", "code,n\nGB,1\n,2\nGB,3\nDE,4,5\n"), "--key", "code", "--skip-bad", "--json")
    assert json.loads(done.stdout) == {"v": 1, "table": "land", "dry_run": False, "file_rows": 4, "skipped": 2, "rows": 1,
                                       "doubles": 1, "examples": [{"row": 3, "key": "GB"}]}
    assert r.hgetall(TABLE) == {"GB": '{"code":"GB","n":"3"}'}


def test_dry_run(r, table, write):
    done = table("load", "land", write("x", ROWS), "--key", "code", "--dry-run")
    assert done.stdout == "3 rows of x are good; nothing was changed\n" and not r.keys()


def test_list_show_and_drop(r, table, write):
    assert table().stdout == "no table was loaded, and no records write one\n"
    table("load", "land", write("land.csv", ROWS), "--key", "code")
    assert table("list").stdout.startswith("land: 3 rows, loaded from land.csv by code, ")
    assert len(table("show", "land", "--limit", 2).stdout.splitlines()) == 2
    assert {json.loads(line)["key"] for line in table("show", "land", "--json").stdout.splitlines()} == {"GB", "DE", "FR"}
    refused = table("drop", "land")
    assert refused.returncode == 2 and "say --yes" in refused.stderr and r.exists(TABLE)
    assert table("drop", "land", "--yes").stdout == "dropped 3 rows\n" and not r.keys()


def test_who_reads_meanwhile_sees_all_of_one_table(server, r, table, write):
    def rows(n):
        return write("x", "code,n\n" + "".join(f"{i},{n}\n" for i in range(20000)))

    seen, over = set(), threading.Event()

    def read():
        with server.client() as mine:
            while not over.is_set():
                seen.add(mine.hlen(TABLE))

    assert table("load", "land", rows(0), "--key", "code").returncode == 0
    r.hset(TABLE + ":at", "1", "5")  # as if records had written it
    reader = threading.Thread(target=read)
    reader.start()
    for n in range(1, 4):
        assert table("load", "land", rows(n), "--key", "code").returncode == 0
    over.set()
    reader.join()
    assert seen == {20000} and r.hget(TABLE, "19999") == '{"code":"19999","n":"3"}' and not r.exists(TABLE + ":at")


def test_a_killed_loader_leaves_the_old_table(server, r, table, write, tmp_path):
    table("load", "land", write("land.csv", ROWS), "--key", "code")
    write("big.csv", "code,n\n" + "".join(f"{i},{i}\n" for i in range(300000)))
    loader = subprocess.Popen([STANDPIPE, "table", "load", "land", "big.csv", "--key", "code", "--redis", f"unix://{server.socket}"],
                              cwd=tmp_path)
    loading = wait_for("its first rows", lambda: r.keys(TABLE + ":loading:*"))
    loader.send_signal(signal.SIGKILL)
    loader.wait(DEADLINE_S)
    assert r.hlen(TABLE) == 3 and 0 < r.ttl(loading[0]) <= 600


PIPELINE = """\
pipeline: offices
stages:
  rows: {split: {format: csv}}
  tidy: {normalise: {fields: {id: {from: [id]}, city: {from: [city]}, at: {from: [at]}}}}
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: tidy}
  - {from: tidy, to: ship}
tables:
  offices: {on: tidy, key: id, set: [city, at], time: at, max: 800}
"""
WORKERS = ("dispatch", "split-1", "normalise-1", "normalise-2", "deliver-1")


def refused_by_metric(p):
    with urllib.request.urlopen(f"http://{p.worker('dispatch').http()}/metrics") as page:
        found = re.search(r'^standpipe_table_refused_total{table="offices"} (\d+)$', page.read().decode(), re.M)
    return found and int(found[1])


def test_records_write_a_table_through_kills(tmp_path):
    chance, model = random.Random(5), {}
    rows = [(f"o{chance.randrange(500)}", f"c{chance.randrange(1000)}", 1700000000 + chance.randrange(400)) for _ in range(8000)]
    for id, city, at in rows:
        value = json.dumps({"city": city, "at": str(at)}, separators=(",", ":"))
        model[id] = max(model.get(id, (0, "")), (at, value))
    with Pipeline(tmp_path, lease="2s", appendonly="yes", appendfsync="always") as p:
        p.apply(PIPELINE)
        p.start(*WORKERS)
        for i in range(8):
            before = p.books().get("tidy:out", 0)
            p.send(p.write(f"{i}.csv", "id,city,at\n" + "".join(f"{id},{c},{at}\n" for id, c, at in rows[i * 1000:][:1000])))
            wait_for("some of it", lambda before=before: p.books().get("tidy:out", 0) > before)
            p.worker(f"normalise-{1 + i % 2}").restart()
            if i % 3 == 1:
                p.kill("redis")
                p.revive("redis")
        p.rest()
        assert p.r.hgetall("sp:{0}:table:offices") == {id: value for id, (_, value) in model.items()}
        assert p.r.hgetall("sp:{0}:table:offices:at") == {id: str(at * 1000) for id, (at, _) in model.items()}
        file = p.write("more.csv", "id,city,at\n" + "".join(f"n{i},x,1700000000\n" for i in range(400)))
        p.send(file)
        p.rest()
        assert p.r.hlen("sp:{0}:table:offices") == 800
        assert '"true":true' in p.command("audit", "--json").stdout
        assert p.books()["table:offices:refused"] == len(model) + 400 - 800
        listed = p.command("table", "list").stdout
        assert listed == ("offices: 800 rows, written by records of tidy, at most 800 rows, "
                          f"{len(model) + 400 - 800} new rows were not stored\n")
        wait_for("the gauge", lambda: refused_by_metric(p) == len(model) + 400 - 800)
        assert "were not stored" in p.command("doctor").stdout
        refused = p.command("table", "load", "offices", file, "--key", "id")
        assert "which records of stage 'tidy' write" in refused.stderr and p.r.hlen("sp:{0}:table:offices") == 800


def test_replays(tmp_path):
    with Pipeline(tmp_path, lease="2s") as p:
        p.apply(PIPELINE.replace("max: 800", "max: 8") + "  newest: {on: tidy, key: id, set: city}\n")
        p.start(*WORKERS)
        first = p.write("1.csv", "id,city,at\na,old,1700000000\n")
        for file in (first, p.write("2.csv", "id,city,at\na,new,1700000009\n")):
            p.send(file)
            p.rest()
        newest, offices = "sp:{0}:table:newest", "sp:{0}:table:offices"
        p.r.delete(offices, offices + ":at")
        p.send(first, run="again")
        p.rest()
        assert p.r.hget(newest, "a") == '{"city":"new"}'
        assert p.r.hget(offices, "a") == '{"city":"old","at":"1700000000"}'
        p.send(first, run="+again")
        p.rest()
        assert p.r.hget(newest, "a") == '{"city":"old"}'


def test_try_needs_no_redis_for_tables_and_duplicates(tmp_path):
    pipeline = tmp_path / "p.yaml"
    pipeline.write_text(PIPELINE.replace("at: {from: [at]}}}}", "at: {from: [at]}}}, dedupe: {key: id, within: 1h}}"))
    (tmp_path / "x.csv").write_text("id,city,at\na,b,1\na,b,1\n")
    done = subprocess.run([STANDPIPE, "try", tmp_path / "x.csv", "--pipeline", pipeline], capture_output=True, text=True)
    assert "2 rows: 2 ok" in done.stdout, done.stdout + done.stderr
    pipeline.write_text(PIPELINE.replace("max: 800", "reduce: true"))
    done = subprocess.run([STANDPIPE, "try", tmp_path / "x.csv", "--pipeline", pipeline], capture_output=True, text=True)
    assert "2 rows: 0 ok, 2 filtered" in done.stdout, done.stdout + done.stderr
