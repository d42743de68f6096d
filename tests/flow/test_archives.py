"""gzip and zstd behind a source: rows and offsets are those of what they hold, whoever is killed on the way; what breaks
off gives what came before the break once, and is never done; a bomb stops at its cap in bounded memory."""
import ctypes
import gzip
import json
import zlib

import pytest
from checker import check
from pipeline import Worker
from standpipe_run import wait_for

ROWS = 150_000
TEXT = b"n,text\n" + b"".join(b"%d,row %d of many\n" % (n, n * 7919 % 100_003) for n in range(ROWS))


def zstd(data):
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_compress.restype = ctypes.c_size_t
    out = ctypes.create_string_buffer(len(data) + 1024)
    n = library.ZSTD_compress(out, ctypes.c_size_t(len(out)), data, ctypes.c_size_t(len(data)), 3)
    return out.raw[:n]


def members(pack, n):
    """Cut anywhere, also inside a row."""
    step = len(TEXT) // n + 1
    return b"".join(pack(TEXT[at:at + step]) for at in range(0, len(TEXT), step))


def rows_of(p):
    return sorted(int(d["sp_extra"]["n"]) for d in p.documents())


@pytest.fixture
def p(pipeline):
    pipeline.apply()
    return pipeline


ARCHIVES = {"gzip": lambda: gzip.compress(TEXT), "gzip_members": lambda: members(gzip.compress, 37),
            "zstd": lambda: zstd(TEXT), "zstd_members": lambda: members(zstd, 5),
            "gzip_on_tape": lambda: gzip.compress(TEXT) + bytes(512)}


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_packed_file_is_the_file(p, name):
    job = p.start().send(p.write("rows.csv.packed", ARCHIVES[name]()))
    p.rest()
    assert rows_of(p) == list(range(ROWS)) and p.dead() == []
    for d in p.documents()[::997]:
        _, row, offset = d["sp_id"].split("-")
        assert TEXT[int(offset):].startswith(b"%s," % d["sp_extra"]["n"].encode()) and int(row) == int(d["sp_extra"]["n"]) + 1
    assert (p.job(job)["state"], p.job(job)["compression"]) == ("done", name.partition("_")[0])
    check(p)


@pytest.mark.parametrize("name", ["gzip", "gzip_members"])
def test_kill_9_in_the_middle_of_an_archive(p, name):
    """The successor unpacks it again, from a member or from the start."""
    p.lease = "2s"
    p.start("dispatch", "split-1", "deliver-1")  # nobody normalises: the splitter comes to a stop at the mark
    job = p.send(p.write("killed.gz", ARCHIVES[name]()))
    for _ in range(3):
        at = int(p.job(job).get("offset", 0))
        wait_for("the splitter to go on", lambda: int(p.job(job).get("offset", 0)) > at or p.job(job).get("state") == "done")
        p.worker("split-1").restart()
    p.start("normalise-1").rest()
    assert rows_of(p) == list(range(ROWS)) and len(TEXT) == int(p.job(job)["offset"])
    check(p)


@pytest.mark.parametrize("share", [0.3, 0.71, 0.999])
def test_a_cut_archive_gives_what_came_before_the_break_once(p, share):
    packed = members(gzip.compress, 4)
    job = p.start().send(p.write("cut.csv.gz", packed[:int(len(packed) * share)]))
    p.rest()
    rows = rows_of(p)
    assert rows == list(range(len(rows))) and 0 < len(rows) < ROWS
    assert p.job(job)["state"] == "incomplete" and "ends early" in p.job(job)["error"]
    *halves, letter = p.dead()
    assert {d["reason"] for d in (*halves, letter)} == {"incomplete"} and len(halves) <= 1
    assert "byte" in letter["detail"] and json.loads(letter["data"])["uri"].endswith("cut.csv.gz")
    for half in halves:  # its bytes are not lost
        cells = json.loads(half["data"])
        assert TEXT[cells[0]:].startswith(",".join(cells[1:]).encode())
    check(p)


def test_rows_behind_a_wrong_quote_come_out_of_a_cut_archive(p):
    """Only what the break cut is half a row."""
    packer = zlib.compressobj(wbits=31)
    text = b'n,text\n1,x\n2,"open\n3,x\n4,x\n5,ha'
    p.start().send(p.write("quote.csv.gz", packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)))
    p.rest()
    assert rows_of(p) == [1, 3, 4]
    assert [(d["reason"], json.loads(d["data"])) for d in p.dead()[:2]] == [
        ("open_quote", [11, '2,"open']), ("incomplete", [27, "5", "ha"])]


def test_half_a_cell_of_many_lines_is_incomplete(p):
    packer = zlib.compressobj(wbits=31)
    text = b'n,text\n1,x\n2,"many\nlines\n'
    p.start().send(p.write("lines.csv.gz", packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)))
    p.rest()
    assert rows_of(p) == [1]
    assert [(d["reason"], json.loads(d["data"])) for d in p.dead()[:1]] == [("incomplete", [11, '2,"many\nlines'])]


def test_what_stands_behind_an_archive_is_told(p):
    job = p.start().send(p.write("tail.csv.gz", gzip.compress(b"n\n1\n2\n") + b"signature"))
    p.rest()
    assert rows_of(p) == [1, 2] and p.job(job)["state"] == "done"
    letter, = p.dead()
    assert letter["reason"] == "trailing_bytes" and "no archive" in letter["detail"]


def test_a_bomb_stops_at_its_cap_in_bounded_memory(p):
    p.start("dispatch", "normalise-1", "deliver-1")
    p.workers["split-1"] = Worker(p, "split-1", "--decompressed-max", "256MiB").start()
    job = p.send(p.write("bomb.csv.gz", gzip.compress(b"n\n" + b"x" * (300 << 20))))
    p.rest()
    assert p.job(job)["state"] == "failed" and "decompressed-max" in p.job(job)["error"]
    assert "unpacked_too_large" in {d["reason"] for d in p.dead()}
    assert p.worker("split-1").stayed_below(64)
    assert p.said("more than a hundredfold") == ["split-1"]
