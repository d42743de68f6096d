"""`standpipe trace`: from the id of a record back to its bytes, in real files with every kind of row."""
import base64
import json
import os
import subprocess

import pytest
from pipeline import PLAIN, Pipeline
from standpipe_run import DEADLINE_S, STANDPIPE, terminal, wait_for

HEAD = "id,name\r\n"
ROWS = ["1,plain\r\n", '2,"two\r\nlines, and a comma"\r\n', "3,café\r\n", '4,"says ""hi"""\r\n', "5,last"]
REQUIRED = PLAIN.replace("tidy: {normalise: {}}", "tidy: {normalise: {fields: {id: {from: [id], required: true}, "
                                                  "name: {from: [name]}}}}")


@pytest.fixture(scope="module")
def p(tmp_path_factory):
    with Pipeline(tmp_path_factory.mktemp("trace")) as p:
        p.apply(REQUIRED)
        p.start()
        yield p


def sent(p, name, text):
    path = p.write(name, text)
    p.send(path)
    p.rest()
    return path


def ids_of(p, path):
    """Row number to sp_id, of what was delivered from a file."""
    src = next(src for src, fields in p.sources().items() if fields.get("uri", "").endswith(path.name))
    return {int(d["sp_id"].split("-")[1]): d["sp_id"] for d in p.documents(src=src)}


def traced(p, id, *options):
    done = p.command("trace", "--json", id, *options)
    return done.returncode, json.loads(done.stdout)


def test_every_delivered_row_leads_to_its_own_bytes(p):
    path = sent(p, "rows.csv", HEAD + "".join(ROWS))
    ids = ids_of(p, path)
    assert sorted(ids) == [1, 2, 3, 4, 5]
    for row, id in ids.items():
        code, found = traced(p, id)
        assert code == 0
        assert found["bytes"] == ROWS[row - 1]
        assert base64.b64decode(found["base64"]) == ROWS[row - 1].encode()
        assert path.read_bytes()[found["offset"]:found["end"]] == ROWS[row - 1].encode()
        assert (found["row"], found["cols"], found["same_version"]) == (row, ["id", "name"], True)
        assert (found["places"], found["open"], found["looked"]["whole"]) == ([], 0, True)
        assert found["uri"] == "file://" + str(path)


def test_into_a_pipe_go_the_raw_bytes_and_nothing_else(p):
    latin = "id;name\n1;caf\u00e9\n".encode("latin-1")
    path = sent(p, "latin.csv", latin)
    [id] = ids_of(p, path).values()
    done = subprocess.run([STANDPIPE, "trace", id, "--redis", f"unix://{p.redis.socket}"], capture_output=True,
                          timeout=DEADLINE_S)
    assert (done.returncode, done.stdout) == (0, latin.partition(b"\n")[2])
    assert b"unchanged" in done.stderr and b'["id","name"]' in done.stderr
    assert base64.b64decode(traced(p, id)[1]["base64"]) == done.stdout


def test_a_terminal_gets_nothing_that_it_would_obey(p):
    path = sent(p, "escape.csv", "id,name\n1,\x1b[31m\x07caf\u00e9\\\n")
    [id] = ids_of(p, path).values()
    ours, its = terminal()
    done = subprocess.run([STANDPIPE, "trace", id, "--redis", f"unix://{p.redis.socket}"], stdout=its, timeout=DEADLINE_S,
                          stderr=subprocess.DEVNULL)
    shown = os.read(ours, 1000).decode()
    os.close(ours), os.close(its)
    assert (done.returncode, shown) == (0, "1,\\x1b[31m\\x07caf\u00e9\\\\\\n\r\n")


def test_when_the_job_has_expired_the_file_is_looked_at(p):
    path = sent(p, "expired.csv", "\ufeffid\tname\n1\tx\n2\ty\n")
    ids = ids_of(p, path)
    p.r.delete("sp:{0}:job:" + p.jobs[-1])
    assert {row: traced(p, id)[1]["bytes"] for row, id in ids.items()} == {1: "1\tx\n", 2: "2\ty\n"}
    assert traced(p, ids[2])[1]["cols"] == ["id", "name"]


def test_a_changed_file_is_named_as_changed(p):
    path = sent(p, "changed.csv", "id,name\n1,before\n2,after\n")
    ids = ids_of(p, path)
    with path.open("a") as file:
        file.write("3,more\n")
    code, found = traced(p, ids[1])
    assert (code, found["same_version"], found["bytes"]) == (0, False, "1,before\n")
    path.write_text("id,name,and more\n1,other\n")
    assert traced(p, ids[1])[1]["problem"] == "no row begins at byte 8"
    assert "HAS CHANGED" in p.command("trace", ids[1]).stderr
    os.unlink(path)
    code, found = traced(p, ids[1])
    assert code == 1 and "No such file" in found["problem"]


def test_a_dead_row_is_found_among_the_letters(p):
    sent(p, "dead.csv", "id,name\n1,x\n,nobody\n")
    [letter] = [letter for letter in p.dead() if letter["uri"].endswith("dead.csv")]
    code, found = traced(p, f"{letter['src']}-{letter['row']}-{letter['offset']}")
    assert (code, found["bytes"]) == (0, ",nobody\n")
    [place] = found["places"]
    assert (place["topic"], place["stage"], place["reason"]) == ("dead", "tidy", letter["reason"])
    assert p.r.xrange("sp:{0}:dead", place["id"], place["id"])


def test_a_waiting_record_is_found_in_its_topic(p):
    path = p.write("waits.csv", "id,name\n1,x\n2,y\n")
    for stage, worker in (("tidy", "normalise-1"), ("ship", "deliver-1")):
        p.worker(worker).stop()
        p.send(path)
        entry = waiting_in(p, stage)
        src, row = entry["src"], int(entry["row"])
        offset = json.loads(entry["data"].splitlines()[0])[0] if "cols" in entry else \
            json.loads(entry["data"].splitlines()[0])["sp_id"].split("-")[2]
        found = traced(p, f"{src}-{row}-{offset}")[1]
        assert [place["topic"] for place in found["places"]] == [stage]
        assert found["open"] == 2
        p.worker(worker).start()
        p.rest()
        assert traced(p, f"{src}-{row}-{offset}")[1]["places"] == []


def waiting_in(p, stage):
    return wait_for("the entry", lambda: next((fields for _, fields in p.r.xrange(p.topic(stage))), None))


def test_what_came_by_hand_is_not_kept(p):
    p.put(data='{"id":"h1","name":"x"}', to="ship")
    p.rest()
    [id] = [d["sp_id"] for d in p.documents() if d["id"] == "h1"]
    done = p.command("trace", id)
    assert (done.returncode, done.stdout) == (0, "")
    assert "came by hand" in done.stderr and "source   inbox:" in done.stderr


def test_a_record_that_is_put_in_again_keeps_its_source(p):
    path = sent(p, "again.csv", "id,name\n1,x\n")
    [id] = ids_of(p, path).values()
    document = next(d for d in p.documents() if d["sp_id"] == id)
    p.put(data=json.dumps(document), src=id[:16], row=1, to="ship")
    p.rest()
    assert [d["sp_id"] for d in p.documents()].count(id) == 2
    assert traced(p, id)[1]["uri"] == f"file://{path}"


@pytest.mark.parametrize("id, code, said", [
    ("0123456789abcdef-1-0", 1, "no such source"),
    ("0123456789abcdef-1", 2, "is no sp_id"),
    ("x", 2, "is no sp_id"),
])
def test_an_unknown_id_is_refused(p, id, code, said):
    done = p.command("trace", id)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_an_offset_inside_a_row_is_no_row(p):
    path = sent(p, "inside.csv", HEAD + "".join(ROWS))
    src, row, offset = ids_of(p, path)[3].split("-")
    assert traced(p, f"{src}-{row}-{int(offset) + 1}")[0] == 1


def test_the_bound_is_said(p):
    sent(p, "bound.csv", "id,name\n" + ",nobody\n" * 3)
    letter = p.dead()[-3]
    code, found = traced(p, f"{letter['src']}-{letter['row']}-{letter['offset']}", "--limit", "2")
    assert (found["places"], found["looked"]["whole"], found["looked"]["letters"]) == ([], False, 2)
    assert code == 0
