"""What firehose-local takes and what it refuses: the documented limits, and bodies that are odd or broken."""
import http.client
import json

import pytest

from firehose_calls import error_of, post, put, stored
from firehose_local import DEADLINE_S, FirehoseLocal

RECORD_MAX, CALL_MAX = 1_024_000, 4 * 1024 * 1024


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
