"""What the tests of firehose-local do with it, as the clients people have do."""
import json
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from firehose_local import DEADLINE_S


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
