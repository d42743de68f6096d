"""firehose-local against the clients people have: Debian's AWS CLI, boto3 and curl."""
import base64
import datetime
import http.client
import json
import os
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

import botocore.auth
import botocore.exceptions
import pytest
from botocore.exceptions import ClientError

from firehose_local import BUILD, DEADLINE_S, KEYS, FirehoseLocal

RECORD_MAX, CALL_MAX, BILLED = 1_024_000, 4 * 1024 * 1024, 5120
# Debian's; it heeds no AWS_ENDPOINT_URL, so without --endpoint-url it would go to the real AWS.
AWS = "/usr/bin/aws"


@pytest.fixture
def firehose(tmp_path):
    with FirehoseLocal(tmp_path / "objects", "--stream", "s") as firehose:
        yield firehose


@pytest.fixture
def client(firehose):
    return firehose.client()


def put(client, *records, stream="s"):
    return client.put_record_batch(DeliveryStreamName=stream, Records=[{"Data": x} for x in records])


def error_of(call, *args, **kwargs):
    with pytest.raises(ClientError) as caught:
        call(*args, **kwargs)
    return caught.value.response


def stored(firehose, stream="s"):
    """Everything in the finished objects; stops the program, which finishes the open one."""
    assert firehose.stop() == 0
    return b"".join(x.read_bytes() for x in firehose.objects(stream))


def post(firehose, body, target="PutRecordBatch", content_type="application/x-amz-json-1.1"):
    """As curl would, unsigned. Returns status and the parsed answer."""
    request = urllib.request.Request(firehose.url + "/", data=body, headers={
        "Content-Type": content_type, "X-Amz-Target": f"Firehose_20150804.{target}"})
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as failed:
        with failed:
            return failed.code, json.load(failed)


# The control plane and the data plane, as the SDK and the CLI see them.

def test_boto3_creates_describes_lists_deletes(client):
    where = {"RoleARN": "arn:aws:iam::123456789012:role/r", "BucketARN": "arn:aws:s3:::b"}
    made = client.create_delivery_stream(DeliveryStreamName="a.b_c-1", ExtendedS3DestinationConfiguration=where)
    assert made["DeliveryStreamARN"].endswith(":123456789012:deliverystream/a.b_c-1")
    said = client.describe_delivery_stream(DeliveryStreamName="a.b_c-1")["DeliveryStreamDescription"]
    assert said["DeliveryStreamStatus"] == "ACTIVE" and said["DeliveryStreamType"] == "DirectPut"
    assert said["DeliveryStreamARN"] == made["DeliveryStreamARN"]
    assert said["Destinations"][0]["ExtendedS3DestinationDescription"]["BufferingHints"] == {
        "SizeInMBs": 5, "IntervalInSeconds": 60}
    assert abs(said["CreateTimestamp"].timestamp() - time.time()) < 60
    assert client.list_delivery_streams()["DeliveryStreamNames"] == ["a.b_c-1", "s"]
    page = client.list_delivery_streams(Limit=1)
    assert page["DeliveryStreamNames"] == ["a.b_c-1"] and page["HasMoreDeliveryStreams"]
    page = client.list_delivery_streams(Limit=1, ExclusiveStartDeliveryStreamName="a.b_c-1")
    assert page["DeliveryStreamNames"] == ["s"] and not page["HasMoreDeliveryStreams"]
    again = error_of(client.create_delivery_stream, DeliveryStreamName="s",
                     ExtendedS3DestinationConfiguration=where)
    assert again["Error"]["Code"] == "ResourceInUseException"
    client.delete_delivery_stream(DeliveryStreamName="a.b_c-1")
    assert client.list_delivery_streams()["DeliveryStreamNames"] == ["s"]


def test_boto3_puts(firehose, client):
    one = client.put_record(DeliveryStreamName="s", Record={"Data": b"alone\n"})
    many = put(client, b"first\n", b"", "zürich\n".encode())
    assert many["FailedPutCount"] == 0 and len(many["RequestResponses"]) == 3
    ids = [one["RecordId"]] + [x["RecordId"] for x in many["RequestResponses"]]
    assert len(set(ids)) == 4 and all(len(x) == 220 for x in ids)
    assert stored(firehose) == "alone\nfirst\nzürich\n".encode()


def test_the_cli_puts_and_describes(firehose):
    def aws(*words):
        done = subprocess.run([AWS, "--endpoint-url", firehose.url, "--region", "us-east-1", "firehose", *words],
                              env={**os.environ, **KEYS, "AWS_PAGER": ""}, check=True, stdout=subprocess.PIPE)
        return json.loads(done.stdout or b"null")

    aws("create-delivery-stream", "--delivery-stream-name", "cli", "--extended-s3-destination-configuration",
        "RoleARN=arn:aws:iam::123456789012:role/r,BucketARN=arn:aws:s3:::mybucket")
    assert aws("list-delivery-streams")["DeliveryStreamNames"] == ["cli", "s"]
    said = aws("put-record-batch", "--delivery-stream-name", "cli", "--cli-binary-format", "raw-in-base64-out",
               "--records", '[{"Data":"a\\n"},{"Data":"b\\n"}]')
    assert said["FailedPutCount"] == 0
    aws("put-record", "--delivery-stream-name", "cli", "--record", "Data=Ywo=")
    status = aws("describe-delivery-stream", "--delivery-stream-name", "cli")
    assert status["DeliveryStreamDescription"]["DeliveryStreamStatus"] == "ACTIVE"
    assert stored(firehose, "cli") == b"a\nb\nc\n"


def test_curl_signs_a_full_call(firehose, tmp_path):
    data = b"x" * 65_536
    (tmp_path / "body").write_text(json.dumps({"DeliveryStreamName": "s", "Records": [
        {"Data": base64.b64encode(data).decode()}] * 64}))
    done = subprocess.run(
        ["curl", "-sS", "--aws-sigv4", "aws:amz:us-east-1:firehose", "--user", ":".join(KEYS.values()),
         "-H", "Content-Type: application/x-amz-json-1.1", "-H", "X-Amz-Target: Firehose_20150804.PutRecordBatch",
         "--data-binary", f"@{tmp_path}/body", firehose.url + "/"], check=True, stdout=subprocess.PIPE)
    assert json.loads(done.stdout)["FailedPutCount"] == 0
    assert stored(firehose) == data * 64


# Limits.

def test_a_record_of_the_largest_size_passes(firehose, client):
    assert put(client, b"y" * RECORD_MAX)["FailedPutCount"] == 0
    assert firehose.meter("s")["bytes"] == RECORD_MAX


def test_a_record_one_byte_larger_is_refused_with_its_place(firehose, client):
    said = error_of(put, client, b"a", b"b", b"y" * (RECORD_MAX + 1), b"y" * (RECORD_MAX + 2))
    assert said["Error"]["Code"] == "ValidationException" and said["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert "'records.3.member.data'" in said["Error"]["Message"]
    assert "lim=1024001 cap=1024001" in said["Error"]["Message"]
    assert firehose.meter("s")["records"] == 0


def test_a_call_of_the_largest_size_passes_and_one_byte_more_does_not(firehose, client):
    quarter = b"z" * (CALL_MAX // 5)
    rest = CALL_MAX - 4 * len(quarter)
    assert put(client, *[quarter] * 4, b"z" * rest)["FailedPutCount"] == 0
    said = error_of(put, client, *[quarter] * 4, b"z" * (rest + 1))
    assert said["Error"] == {"Code": "InvalidArgumentException", "Message": "Records size exceeds 4 MB limit"}
    assert firehose.meter("s")["bytes"] == CALL_MAX and firehose.meter("s")["refused"] == 1


@pytest.mark.parametrize("count, problem", [
    (500, None), (501, "less than or equal to 500"), (0, "greater than or equal to 1")])
def test_number_of_records(tmp_path, count, problem):
    with FirehoseLocal(tmp_path / "objects", "--stream", "s", "--no-auth") as firehose:
        body = {"DeliveryStreamName": "s", "Records": [{"Data": "eA=="}] * count}
        status, said = post(firehose, json.dumps(body).encode())
        assert status == (400 if problem else 200)
        if problem:
            assert said["__type"] == "ValidationException" and problem in said["message"]
        assert firehose.meter("s")["records"] == (0 if problem else count)


@pytest.mark.parametrize("body, name, text", [
    (b"", "SerializationException", "an object was expected"),
    (b"[]", "SerializationException", "an object was expected"),
    (b'{"DeliveryStreamName":"s","Records":[{"Data":"eA=="}]', "SerializationException", "end of an object"),
    (b'{"DeliveryStreamName":"s","Records":[{"Data":"eA=="}]}x', "SerializationException", "behind the end"),
    (b'{"DeliveryStreamName":"s","Records":[{"Data":"eA="}]}', "SerializationException", "base64"),
    (b'{"DeliveryStreamName":"s","Records":[{"Data":"e A="}]}', "SerializationException", "base64"),
    (b'{"DeliveryStreamName":"s","Records":[{"Data":7}]}', "SerializationException", "Data must be a string"),
    (b'{"DeliveryStreamName":"s","Records":{}}', "SerializationException", "Records must be an array"),
    (b'{"DeliveryStreamName":"s","Records":[{"Data":"eA=="},]}', "SerializationException", "an object"),
    (b'{"DeliveryStreamName":"s","Records":[{"Data":"eA=="}],"X":[1,]}', "SerializationException", ""),
    (b'{"DeliveryStreamName":"s\xff","Records":[{"Data":"eA=="}]}', "SerializationException", ""),
    (b'{"DeliveryStreamName":"s","Records":[{"Data":"eA=="},{}]}', "ValidationException", "records.2.member.data"),
    (b'{"DeliveryStreamName":"s","Records":[{"Data":null}]}', "ValidationException", "records.1.member.data"),
    (b'{"DeliveryStreamName":"s"}', "ValidationException", "'records'"),
    (b'{"DeliveryStreamName":"s","Records":null}', "ValidationException", "'records'"),
    (b'{"Records":[{"Data":"eA=="}]}', "ValidationException", "Value null at 'deliveryStreamName'"),
    (b'{"DeliveryStreamName":"a/b","Records":[{"Data":"eA=="}]}', "ValidationException", "pattern"),
    (b'{"DeliveryStreamName":"..","Records":[{"Data":"eA=="}]}', "ValidationException", "pattern"),
    (b'{"DeliveryStreamName":"' + b"n" * 65 + b'","Records":[{"Data":"eA=="}]}', "ValidationException", "64"),
    (b'{"DeliveryStreamName":"nope","Records":[{"Data":"eA=="}]}', "ResourceNotFoundException",
     "Firehose nope under account 123456789012 not found."),
])
def test_bodies_that_are_refused(tmp_path, body, name, text):
    with FirehoseLocal(tmp_path / "objects", "--stream", "s", "--no-auth") as firehose:
        status, said = post(firehose, body)
        assert (status, said["__type"]) == (400, name) and text in said["message"]
        assert firehose.meter("s")["records"] == 0


@pytest.mark.parametrize("body, want", [
    (b' {\n"Records" : [ { "Data" : "eA==" } , {"Data":"\\u0065Q=="} ] , "DeliveryStreamName":"\\u0073" } ', b"xy"),
    (b'{"X":{"Data":["\\""]},"DeliveryStreamName":"s","Records":[{"Y":null,"Data":"\\/\\/\\/\\/"}]}', b"\xff\xff\xff"),
    (b'{"DeliveryStreamName":"s","Records":[{"Data":""},{"Data":"AAAA"}]}', b"\0\0\0"),
])
def test_bodies_that_are_odd_but_good(tmp_path, body, want):
    with FirehoseLocal(tmp_path / "objects", "--stream", "s", "--no-auth") as firehose:
        status, said = post(firehose, body)
        assert status == 200, said
        assert stored(firehose) == want


def test_a_body_beyond_all_limits_is_cut_off(firehose):
    connection = http.client.HTTPConnection("127.0.0.1", int(firehose.url.rsplit(":", 1)[1]), timeout=DEADLINE_S)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(17 << 20))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize("target, content_type, name", [
    ("Firehose_20150804.Fly", "application/x-amz-json-1.1", "UnknownOperationException"),
    ("PutRecordBatch", "application/json", "SerializationException")])
def test_wrong_target_or_type(tmp_path, target, content_type, name):
    with FirehoseLocal(tmp_path / "objects", "--no-auth") as firehose:
        status, said = post(firehose, b"{}", target.rsplit(".", 1)[-1], content_type)
        assert (status, said["__type"]) == (400, name)


# Signatures.

@pytest.mark.parametrize("keys, name", [
    ({"secret": "another"}, "InvalidSignatureException"),
    ({"id": "AKIDOTHER"}, "UnrecognizedClientException"),
])
def test_wrong_keys_are_refused(firehose, keys, name):
    said = error_of(put, firehose.client(**keys), b"x")
    assert said["Error"]["Code"] == name and said["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert firehose.meter()["records"] == 0


def test_a_session_token_is_part_of_the_signature(firehose):
    assert put(firehose.client(token="TOKEN/+="), b"x")["FailedPutCount"] == 0


def test_unsigned_calls_are_refused(firehose):
    status, said = post(firehose, b'{"DeliveryStreamName":"s","Records":[{"Data":"eA=="}]}')
    assert (status, said["__type"]) == (400, "MissingAuthenticationToken")


def test_a_changed_body_is_refused(firehose, client):
    def change(request, **_):
        request.body = request.body.replace(b"eA==", b"eQ==")
    client.meta.events.register("before-send.firehose.PutRecordBatch", change)
    assert error_of(put, client, b"x")["Error"]["Code"] == "InvalidSignatureException"


@pytest.mark.parametrize("minutes, text", [(-6, "expired"), (6, "not yet current"), (-4, None), (4, None)])
def test_clock_skew_of_five_minutes(firehose, client, monkeypatch, minutes, text):
    class Elsewhen(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return super().utcnow() + datetime.timedelta(minutes=minutes)

    monkeypatch.setattr(botocore.auth.datetime, "datetime", Elsewhen)
    if text is None:
        assert put(client, b"x")["FailedPutCount"] == 0
    else:
        said = error_of(put, client, b"x")["Error"]
        assert said["Code"] == "InvalidSignatureException" and text in said["Message"]


def test_another_region_is_refused_when_one_is_named(tmp_path):
    with FirehoseLocal(tmp_path / "objects", "--stream", "s", "--region", "us-east-1") as firehose:
        said = error_of(put, firehose.client(), b"x")["Error"]
        assert said["Code"] == "InvalidSignatureException" and "region" in said["Message"]


# Faults.

def test_some_records_are_refused_and_the_others_kept(firehose, client):
    firehose.faults(seed=7, record_fail=0.3)
    records = [b"%d\n" % i for i in range(500)]
    said = put(client, *records)
    taken = [r for r, x in zip(records, said["RequestResponses"]) if "ErrorCode" not in x]
    failed = [x for x in said["RequestResponses"] if "ErrorCode" in x]
    assert said["FailedPutCount"] == len(failed) and 100 < len(failed) < 200
    assert all(x["ErrorCode"] == "ServiceUnavailableException" and x["ErrorMessage"] == "Slow down."
               and "RecordId" not in x for x in failed)
    meter = firehose.meter("s")
    assert (meter["records"], meter["failed"]) == (len(taken), len(failed))
    assert stored(firehose) == b"".join(taken)


def test_the_same_seed_refuses_the_same_records(firehose, client):
    def refused():
        firehose.faults(seed=11, record_fail=0.5)
        return ["ErrorCode" in x for x in put(client, *[b"x"] * 100)["RequestResponses"]]
    assert refused() == refused()


@pytest.mark.parametrize("fault, status, name, written", [
    ("call_503", 503, "ServiceUnavailableException", False),
    ("call_500_after_write", 500, "InternalFailure", True)])
def test_whole_calls_fail(firehose, client, fault, status, name, written):
    firehose.faults(**{fault: 1})
    said = error_of(put, client, b"x")
    assert (said["ResponseMetadata"]["HTTPStatusCode"], said["Error"]["Code"]) == (status, name)
    meter = firehose.meter("s")
    assert (meter["refused"], meter["ambiguous"], meter["calls"]) == ((0, 1, 1) if written else (1, 0, 0))
    assert stored(firehose) == (b"x" if written else b"")


@pytest.mark.parametrize("fault, written", [("drop_before", False), ("drop_after_write", True)])
def test_answers_are_lost(firehose, client, fault, written):
    firehose.faults(**{fault: 1})
    with pytest.raises(botocore.exceptions.HTTPClientError):
        put(client, b"x")
    assert firehose.meter("s")["ambiguous"] == written
    assert stored(firehose) == (b"x" if written else b"")


def test_latency_holds_the_answer_back(firehose, client):
    firehose.faults(latency_ms=300)
    begin = time.monotonic()
    put(client, b"x")
    assert time.monotonic() - begin >= 0.3


def test_a_client_that_leaves_before_its_answer_is_no_trouble(firehose, client):
    firehose.faults(latency_ms=200)
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", int(firehose.url.rsplit(":", 1)[1]))) as left:
            left.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
    assert put(client, b"x")["FailedPutCount"] == 0


def test_quota_in_bytes_a_second(firehose, client):
    firehose.faults(quota_bytes_per_s=1000)
    said = put(client, *[b"x" * 100] * 30)
    assert said["FailedPutCount"] == 20  # a second's worth may come at once
    assert [x.get("ErrorMessage") for x in said["RequestResponses"]] == [None] * 10 + ["Slow down."] * 20
    deadline = time.monotonic() + DEADLINE_S
    while put(client, b"x" * 1000)["FailedPutCount"] and time.monotonic() < deadline:
        pass
    assert firehose.meter("s")["bytes"] == 2000


def test_expired_token(firehose, client):
    firehose.faults(expired_token=True)
    assert error_of(put, client, b"x")["Error"]["Code"] == "ExpiredTokenException"
    firehose.faults()
    assert put(client, b"x")["FailedPutCount"] == 0


def test_wrong_clock_shows_in_date(firehose, client):
    firehose.faults(clock_skew=True)
    said = error_of(put, client, b"x")
    assert said["Error"]["Code"] == "InvalidSignatureException"
    date = datetime.datetime.strptime(said["ResponseMetadata"]["HTTPHeaders"]["date"], "%a, %d %b %Y %H:%M:%S GMT")
    assert abs((date - datetime.datetime.utcnow()).total_seconds() - 3600) < 60


def test_short_reply(firehose, client):
    firehose.faults(short_reply=1)
    assert len(put(client, b"a", b"b", b"c")["RequestResponses"]) == 2
    assert firehose.meter("s")["ambiguous"] == 1
    assert stored(firehose) == b"abc"


def test_sliced_reply_arrives_whole(firehose, client):
    firehose.faults(slice_reply=1)
    assert len(put(client, *[b"x"] * 50)["RequestResponses"]) == 50


def test_faults_are_shown_and_unknown_ones_refused(firehose):
    assert firehose.faults(record_fail=0.25, latency_ms=3)["record_fail"] == 0.25
    assert firehose.local("faults")["latency_ms"] == 3
    for body, text in [({"record_fial": 1}, "record_fail"), ({"record_fail": 2}, "from 0 to 1"),
                       ({"seed": -1}, "a whole number"), ({"clock_skew": 1}, "true or false"), ([], "JSON object")]:
        with pytest.raises(urllib.error.HTTPError) as caught:
            firehose.local("faults", body)
        with caught.value as answer:
            assert answer.code == 400 and text in answer.read().decode()
    assert firehose.local("faults")["latency_ms"] == 3
    assert firehose.faults()["record_fail"] == 0


# Objects and the meter.

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
