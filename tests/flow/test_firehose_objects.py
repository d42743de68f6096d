"""What firehose-local keeps: objects, the meter, streams; over restarts and kills."""
import datetime
import os
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request

import botocore.exceptions
import pytest

from firehose_calls import put, stored
from firehose_local import BUILD, DEADLINE_S, FirehoseLocal

BILLED = 5120
NAME = re.compile(r"(\d{4})/(\d\d)/(\d\d)/(\d\d)/s-1-(\1-\2-\3-\4-\d\d-\d\d)-"
                  r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_objects_are_named_as_documented(firehose, client):
    put(client, b"x")
    assert firehose.stop() == 0
    [found] = firehose.objects("s")
    match = NAME.fullmatch(str(found.relative_to(firehose.folder / "s")))
    when = datetime.datetime.strptime(match.group(5), "%Y-%m-%d-%H-%M-%S")
    assert abs((datetime.datetime.utcnow() - when).total_seconds()) < 60


def test_objects_close_by_size(tmp_path):
    with FirehoseLocal(tmp_path / "objects", "--stream", "s", "--buffer-size", "1KiB") as firehose:
        for _ in range(5):
            put(firehose.client(), b"x" * 600)
        assert [x.stat().st_size for x in firehose.objects("s")] == [1200, 1200]
        assert firehose.meter("s")["objects"] == 2


def test_objects_close_by_time(tmp_path):
    with FirehoseLocal(tmp_path / "objects", "--stream", "s", "--buffer-interval", "100ms") as firehose:
        put(firehose.client(), b"x")
        deadline = time.monotonic() + DEADLINE_S
        while not firehose.objects("s") and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [x.read_bytes() for x in firehose.objects("s")] == [b"x"]


def test_meter_counts_what_is_billed(firehose, client):
    sizes = [0, 1, BILLED - 1, BILLED, BILLED + 1, 3 * BILLED]
    put(client, *[b"x" * n for n in sizes])
    client.put_record(DeliveryStreamName="s", Record={"Data": b"12"})
    assert firehose.meter("s") == {
        "calls": 2, "refused": 0, "ambiguous": 0, "records": 7, "failed": 0, "bytes": sum(sizes) + 2,
        "billed": BILLED * (0 + 1 + 1 + 1 + 2 + 3 + 1), "objects": 0}


def test_streams_and_their_meter_outlive_the_program(tmp_path):
    for number in range(1, 4):
        with FirehoseLocal(tmp_path / "objects", *(["--stream", "s"] if number == 1 else [])) as firehose:
            put(firehose.client(), b"x" * 10)
            assert firehose.meter("s")["bytes"] == 10 * number
            assert firehose.stop() == 0
    assert len(firehose.objects("s")) == 3


def test_kill_9_keeps_every_answered_record_exactly(tmp_path):
    """Several clients put numbered lines; the program is killed under them, again and again. Each line that was
    answered is there once, in whole lines; a line whose answer was lost is there once or not at all."""
    answered, begun, numbers = set(), set(), iter(range(10**9))
    lock = threading.Lock()

    def work(firehose):
        client = firehose.client()
        while True:
            with lock:
                lines = [b"%09d %s\n" % (next(numbers), b"." * 2000) for _ in range(200)]
                begun.update(x[:9] for x in lines)
            try:
                put(client, *lines)
            except botocore.exceptions.BotoCoreError:  # cut off, or nobody there
                return
            with lock:
                answered.update(x[:9] for x in lines)

    options = ["--stream", "s", "--buffer-size", "2MiB"]
    for _ in range(4):
        with FirehoseLocal(tmp_path / "objects", *options) as firehose:
            before = len(answered)
            workers = [threading.Thread(target=work, args=(firehose,)) for _ in range(3)]
            for worker in workers:
                worker.start()
            deadline = time.monotonic() + DEADLINE_S
            while len(answered) < before + 3000 and time.monotonic() < deadline:
                time.sleep(0.001)
            firehose.kill()
            for worker in workers:
                worker.join(DEADLINE_S)
    with FirehoseLocal(tmp_path / "objects") as firehose:
        meter = firehose.meter("s")
        lines = stored(firehose).splitlines(keepends=True)
    kept = [x[:9] for x in lines]
    assert all(len(x) == 2011 for x in lines)
    assert len(kept) == len(set(kept)) == meter["records"]
    assert answered <= set(kept) <= begun and len(answered) >= 12000
    assert not list((tmp_path / "objects" / "s").glob(".open-*"))


def test_a_second_program_on_the_same_folder_is_refused(firehose):
    second = subprocess.run([BUILD / "tools/firehose-local", "--listen", "127.0.0.1:0", "--no-auth", "--dir",
                             firehose.folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert second.returncode != 0 and "in use by another" in second.stderr


def test_command_line(tmp_path):
    def run(*words, **environment):
        keep = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return subprocess.run([BUILD / "tools/firehose-local", "--dir", tmp_path / "objects", *words],
                              env={**keep, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=DEADLINE_S)
    for words, text in [(["--lisen", "x"], "--listen"), ([], "AWS_ACCESS_KEY_ID"), (["--no-auth", "x"], "too many"),
                        (["--no-auth", "--listen", "nowhere"], "host:port"),
                        (["--no-auth", "--stream", "a/b"], "stream's name")]:
        done = run(*words)
        assert done.returncode == 2 and text in done.stderr, (words, done.stderr)


def test_port_file_and_health(tmp_path):
    with FirehoseLocal(tmp_path / "objects", "--port-file", tmp_path / "port") as firehose:
        assert firehose.url.endswith(":" + (tmp_path / "port").read_text().strip())
        with urllib.request.urlopen(firehose.url + "/healthz", timeout=DEADLINE_S) as answer:
            assert answer.read() == b"ok\n"
        for path in ("/_local", "/_local/meter/x", "/../etc/passwd", "/x"):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(firehose.url + path, timeout=DEADLINE_S)
            caught.value.close()
            assert caught.value.code == 404
