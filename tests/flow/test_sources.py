"""Whole pipelines from s3:// and http://: rows exact whatever breaks, an object that is replaced is noticed, what is not
allowed is not asked for."""
import gzip
import re

import pytest
from checker import check
from pipeline import Worker
from s3_local import S3Local
from standpipe_run import wait_for

ROWS = 120_000
TEXT = b"n,text\n" + b"".join(b"%d,%s\n" % (n, b"x" * (n % 90)) for n in range(ROWS))
SMALL = b"n\n1\n2\n"


@pytest.fixture
def p(pipeline):
    pipeline.apply()
    pipeline.lease = "2s"
    return pipeline


def start(p, *options):
    p.start("dispatch", "normalise-1", "deliver-1")
    p.workers["split-1"] = Worker(p, "split-1", *options).start()
    return p.worker("split-1")


def from_s3(p, store, *options):
    return start(p, "--s3-endpoint", store.url, "--s3-region", "eu-west-1", "--s3-allow", "data,other/in/", *options)


def send(p, uri):
    p.jobs.append(p.r.xadd("sp:inbox", {"uri": uri}))
    return p.jobs[-1]


def end(p, job):
    wait_for("the end of the job", lambda: p.job(job).get("state") in ("done", "failed", "incomplete"))
    p.rest()


def is_begun(p, job):
    return int(p.job(job).get("offset", 0)) > 0 or p.job(job).get("state") == "done"


def rows_of(p):
    return sorted(int(d["sp_extra"]["n"]) for d in p.documents())


KEYS_AS_THEY_ARE = ["a.csv", "a b+c/é=1,2~(x).csv", "deep//down/../x%20y&z?q=1#f.csv", "日本'\"*!.csv"]


@pytest.mark.parametrize("key", KEYS_AS_THEY_ARE)
def test_keys_are_taken_as_they_are(p, key):
    with S3Local() as store:
        store.put(f"data/{key}", SMALL)
        from_s3(p, store)
        job = send(p, f"s3://data/{key}")
        end(p, job)
        assert p.job(job)["state"] == "done", p.job(job)
    assert rows_of(p) == [1, 2] and p.dead() == []


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_kill_9_cut_bodies_and_outages(p, pack):
    with S3Local() as store:
        store.put("data/large.csv", pack(TEXT))
        store.cut = 400_000 if pack is bytes else 50_000
        store.faults.extend([(503, "SlowDown", "Please reduce your request rate."), (500, "InternalError", "?"),
                             (400, "RequestTimeout", "?")])
        worker = from_s3(p, store)
        job = send(p, "s3://data/large.csv")
        for _ in range(2):
            wait_for("it to begin", lambda: is_begun(p, job))
            worker.restart()
            store.faults.append((503, "SlowDown", "Please reduce your request rate."))
        end(p, job)
        assert worker.stayed_below(64)
        ranged = [headers for _, headers in store.requests if "Range" in headers]
    assert rows_of(p) == list(range(ROWS)) and p.dead() == []
    assert ranged and all("If-Match" in headers for headers in ranged)
    check(p)


def test_a_replaced_object_is_noticed(p):
    with S3Local() as store:
        store.put("data/x.csv", TEXT)
        store.cut = 1_200_000
        store.on_request = lambda s: len(s.requests) == 2 and s.put("data/x.csv", TEXT + b"9,9\n")
        from_s3(p, store)
        job = send(p, "s3://data/x.csv")
        end(p, job)
        assert p.job(job)["state"] == "failed"
        letter = p.dead()[-1]
        assert letter["reason"] == "source_changed" and "replaced" in letter["detail"]
        came = rows_of(p)
        assert came == list(range(len(came))) and len(came) < ROWS
        store.on_request, store.cut = None, 0
        again = send(p, "s3://data/x.csv")
        end(p, again)
        assert p.job(again)["state"] == "done" and p.job(again)["src"] != p.job(job)["src"]


REFUSED = {
    "missing": ("s3://data/none.csv", "source_missing", "NoSuchKey"),
    "bucket_not_allowed": ("s3://secret/x.csv", "source_refused", "--s3-allow"),
    "prefix_not_allowed": ("s3://other/x.csv", "source_refused", "--s3-allow"),
    "no_bucket": ("s3:///x.csv", "source_refused", "s3://bucket/key"),
    "bad_bucket": ("s3://da_/%0a/x.csv", "source_refused", "--s3-allow"),
    "no_key": ("s3://data/", "source_refused", "s3://bucket/key"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_had_says_why(p, name):
    uri, reason, said = REFUSED[name]
    with S3Local() as store:
        store.put("secret/x.csv", SMALL)
        store.put("other/x.csv", SMALL)
        from_s3(p, store)
        send(p, uri)
        wait_for("a letter", p.dead)
        assert name == "missing" or store.requests == []
    letter, = p.dead()
    assert letter["reason"] == reason and said in letter["detail"]


def test_denied_says_what_aws_says(p):
    with S3Local() as store:
        store.put("data/x.csv", SMALL)
        store.faults.append((403, "AccessDenied", "Access Denied"))
        from_s3(p, store)
        end(p, send(p, "s3://data/x.csv"))
    letter, = p.dead()
    assert letter["reason"] == "source_refused" and "AccessDenied: Access Denied" in letter["detail"]


def test_another_clock_and_another_region_are_learnt(p):
    with S3Local() as store:
        store.put("data/x.csv", SMALL)
        store.clock_s, store.region = 7200, "ap-south-1"
        from_s3(p, store)
        end(p, send(p, "s3://data/x.csv"))
    assert rows_of(p) == [1, 2]


# http://

def from_web(p, store, *allow):
    return start(p, "--http-allow", ",".join(allow or (store.address,)))


SERVERS = {"ranges": {}, "no_ranges": {"has_ranges": False}, "no_etags": {"has_etags": False}}


@pytest.mark.parametrize("name", SERVERS)
def test_a_web_server_of_any_kind(p, name):
    with S3Local(is_signed=False, **SERVERS[name]) as store:
        store.put("d/large.csv", TEXT)
        store.cut = 0 if name == "no_ranges" else 900_000
        store.slow = 0.02
        worker = from_web(p, store)
        job = send(p, f"{store.url}/d/large.csv?token=1")
        wait_for("it to begin", lambda: is_begun(p, job))
        worker.restart()
        end(p, job)
    assert rows_of(p) == list(range(ROWS)) and p.dead() == []
    check(p)


def test_empty_objects_and_those_of_one_byte(p):
    with S3Local(is_signed=False) as store:
        store.put("d/empty.csv", b"")
        store.put("d/one.csv", b"n")
        from_web(p, store)
        jobs = [send(p, f"{store.url}/d/{name}.csv") for name in ("empty", "one")]
        for job in jobs:
            end(p, job)
        assert [p.job(job)["state"] for job in jobs] == ["done", "done"]


def test_hosts_redirects_and_addresses_that_are_not_allowed(p):
    with S3Local(is_signed=False) as store, S3Local(is_signed=False) as other:
        port = store.address.partition(":")[2]
        store.put("x.csv", SMALL)
        store.redirects.update({"/here": "/x.csv", "/there": f"{other.url}/x.csv", "/file": "file:///etc/passwd",
                                "/loop": "/loop"})
        other.put("x.csv", SMALL)
        from_web(p, store, store.address, f"localhost:{port}")
        for uri, said in [(f"{other.url}/x.csv", "--http-allow"), (f"http://a@{store.address}/x.csv", "write it as"),
                          (f"{store.url}/there", "--http-allow"), (f"{store.url}/file", "write it as|HTTP status 302"),
                          (f"{store.url}/loop", "too often"), (f"http://localhost:{port}/x.csv", "private network"), ("http://169.254.169.254/", "--http-allow")]:
            before = len(p.dead())
            send(p, uri)
            wait_for("a letter", lambda: len(p.dead()) > before)
            letter = p.dead()[-1]
            assert letter["reason"] == "source_refused" and re.search(said, letter["detail"]), letter
        assert other.requests == []
        end(p, send(p, f"{store.url}/here"))
    assert rows_of(p) == [1, 2]


def test_send_takes_uris(p):
    with S3Local() as store:
        store.put("data/x.csv.gz", gzip.compress(SMALL))
        from_s3(p, store)
        done = p.command("send", "--wait", "s3://data/x.csv.gz")
        assert done.returncode == 0 and "2 delivered" in done.stdout, done
        missing = p.command("send", "--wait", "s3://data/none.csv")
        assert missing.returncode == 1 and "NoSuchKey" in missing.stdout + missing.stderr, missing
