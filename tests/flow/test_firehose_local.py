"""firehose-local against the clients people have, Debian's AWS CLI, boto3 and curl; its signatures and its faults."""
import base64
import datetime
import json
import os
import socket
import subprocess
import time
import urllib.error

import botocore.auth
import botocore.exceptions
import pytest

from firehose_calls import error_of, post, put, stored
from firehose_local import DEADLINE_S, KEYS, FirehoseLocal

# Debian's; it heeds no AWS_ENDPOINT_URL, so without --endpoint-url it would go to the real AWS.
AWS = "/usr/bin/aws"


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
