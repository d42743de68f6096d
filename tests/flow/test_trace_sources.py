"""`standpipe trace` shows the bytes of a row of whatever split can read: archives, other encodings, S3, the web."""
import base64
import gzip
import json

import pytest
from pipeline import Pipeline, Worker, uri_of
from s3_local import S3Local
from test_archives import zstd

PIPELINE = """\
pipeline: traced
stages:
  rows:   {split: {}}
  polish: {split: {encoding: iso-8859-2}}
  sjis:   {split: {encoding: shift_jis}}
  ship:   {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
  tidy:   {normalise: {}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: tidy}
  - {from: polish, to: tidy}
  - {from: sjis, to: tidy}
  - {from: tidy, to: ship}
"""
TEXT = b"id,name\n" + b"".join(b"%d,%s\n" % (n, b"x" * 990) for n in range(3000))


def members(pack):
    return b"".join(pack(TEXT[at:at + 1_200_000]) for at in range(0, len(TEXT), 1_200_000))


FILES = {
    "gzip": (gzip.compress(TEXT), TEXT, {}),
    "gzip-members": (members(gzip.compress), TEXT, {}),
    "zstd-members": (members(zstd), TEXT, {}),
    "polish": ("id,name\n1,Łódź\n2,\"ż\nż\"\n3,x\n".encode("iso-8859-2"), None, {"to": "polish"}),
    "sjis": ("id,name\n1,表\n2,ソー\n3,x".encode("shift_jis"), None, {"to": "sjis"}),
    "utf-16": ("id,name\n1,a\n2,Łódź\n3,x\n".encode("utf-16"), None, {}),
    "utf-16-gz": (gzip.compress("id,name\n1,a\n2,Łódź\n3,x\n".encode("utf-16")), "id,name\n1,a\n2,Łódź\n3,x\n".encode("utf-16"), {}),
    "json-gz": (gzip.compress(b'[{"id":1},\n{"id":2},{"id":3}]'), b'[{"id":1},\n{"id":2},{"id":3}]', {}),
}


@pytest.fixture(scope="module")
def store():
    with S3Local() as store:
        yield store


@pytest.fixture(scope="module")
def allowed(store):
    return ["--s3-endpoint", store.url, "--s3-region", "eu-west-1", "--s3-allow", "data", "--http-allow", store.address]


@pytest.fixture(scope="module")
def p(tmp_path_factory, allowed):
    with Pipeline(tmp_path_factory.mktemp("traced")) as p:
        p.apply(PIPELINE)
        p.start("dispatch", "normalise-1", "deliver-1")
        p.workers["split-1"] = Worker(p, "split-1", *allowed).start()
        yield p


def check_rows(p, uri, plain, fields, *options):
    """The first row, the last and one in the middle; the bytes are those between its offset and the next one's."""
    job = p.r.xadd("sp:inbox", {"uri": uri, **fields})
    p.jobs.append(job)
    p.rest()
    ids = sorted((d["sp_id"] for d in p.documents(src=p.job(job)["src"] + "-")), key=lambda id: int(id.split("-")[1]))
    for at in (0, len(ids) // 2, len(ids) - 1):
        done = p.command("trace", "--json", ids[at], *options)
        assert done.returncode == 0, done.stdout + done.stderr
        found = json.loads(done.stdout)
        start, end = int(ids[at].split("-")[2]), found["end"]
        assert base64.b64decode(found["base64"]) == plain[start:end] and end > start and found["same_version"]
        if at + 1 < len(ids) and found["bytes"][0] != "{":
            assert end == int(ids[at + 1].split("-")[2])
    return ids


@pytest.mark.parametrize("name", FILES)
def test_a_file(p, name):
    data, plain, fields = FILES[name]
    check_rows(p, uri_of(p.write(name, data)), plain or data, fields)


@pytest.mark.parametrize("name", ["plain", "gzip"])
@pytest.mark.parametrize("kind", ["s3", "http"])
def test_a_source_beyond_this_machine(p, store, allowed, kind, name):
    store.put(f"data/{name}", TEXT if name == "plain" else gzip.compress(TEXT))
    uri = f"s3://data/{name}" if kind == "s3" else f"{store.url}/data/{name}"
    store.is_signed = kind == "s3"
    ids = check_rows(p, uri, TEXT, {}, *allowed)
    refused = p.command("trace", "--json", ids[0])
    assert refused.returncode == 1 and f"--{kind}-allow" in json.loads(refused.stdout)["problem"]
    store.faults.extend(50 * [(503, "SlowDown", "Please reduce your request rate.")])
    late = p.command("trace", "--json", ids[0], "--timeout", "300ms", *allowed)
    store.faults.clear()
    assert late.returncode == 1 and "--timeout" in json.loads(late.stdout)["problem"], late.stdout
