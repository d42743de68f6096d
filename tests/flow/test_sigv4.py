"""Our signer against botocore's, another make, on generated requests."""
import base64
import calendar
import os
import pathlib
import random
import string
import subprocess
import time
from urllib.parse import quote

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("STANDPIPE_BUILD", ROOT / "build"))
ODD = string.ascii_letters + string.digits + " -_.~!*'();:@&=+$,?%#[]é語"


def words(rng, least, most):
    return "".join(rng.choice(ODD) for _ in range(rng.randint(least, most)))


def make(rng, service):
    """A request as a client would send it: everything percent-encoded once."""
    segments = [quote(words(rng, 1, 8), safe="") for _ in range(rng.randint(0, 4))]
    if service != "s3" and rng.random() < 0.3:
        segments.insert(rng.randint(0, len(segments)), rng.choice([".", "..", ""]))
    pairs = [f"{quote(words(rng, 1, 5), safe='~')}={quote(words(rng, 0, 6), safe='~')}"
             for _ in range(rng.randint(0, 5))]
    url = f"http://{rng.choice(['a.example', '127.0.0.1:4566'])}/" + "/".join(segments)
    if pairs:
        url += "?" + "&".join(pairs)
    headers = {"Content-Type": rng.choice(["text/plain", "  application/json ;  charset=x"])}
    for i in range(rng.randint(0, 4)):
        headers[f"X-Amz-Meta-{rng.choice('aAbB')}{'-x' * i}"] = "  ".join(
            words(rng, 0, 4).encode("ascii", "ignore").decode() for _ in range(3))
    body = rng.randbytes(rng.choice([0, 1, 2, 58, 1000]))
    return AWSRequest(method=rng.choice(["GET", "POST", "PUT"]), url=url, headers=headers, data=body)


def cases():
    rng = random.Random(20260102)
    for number in range(60):
        service = rng.choice(["firehose", "s3", "lambda", "es"])
        secret = "".join(rng.choice(string.ascii_letters + "+/") for _ in range(40))
        yield (make(rng, service), service, rng.choice(["us-east-1", "eu-central-1"]),
               Credentials("AKID", secret, rng.choice([None, "TOKEN/+="])))


def ask(request, service, region, credentials, body):
    """The request as lines for the helper, with every header that botocore signed."""
    signed = request.headers["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    headers = {name.lower(): value for name, value in request.headers.items()}
    authority, _, rest = request.url.split("//", 1)[1].partition("/")
    headers["host"] = authority
    path, _, query = ("/" + rest).partition("?")
    stamp = calendar.timegm(time.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ"))
    lines = [f"method {request.method}", f"path {path}", f"query {query}", f"region {region}",
             f"service {service}", f"id {credentials.access_key}",
             f"secret {credentials.secret_key}", f"now_ms {stamp * 1000 + 999}",
             f"body {base64.b64encode(body).decode()}"]
    if credentials.token:
        lines.append(f"token {credentials.token}")
    lines += [f"header {name}:{headers[name]}" for name in signed
              if name not in ("x-amz-date", "x-amz-security-token")]
    return "\n".join(lines) + "\n\n"


def test_signatures_agree_with_botocore():
    asked, wanted = "", []
    for request, service, region, credentials in cases():
        body = request.data or b""
        signer = S3SigV4Auth if service == "s3" else SigV4Auth
        signer(credentials, service, region).add_auth(request)
        asked += ask(request, service, region, credentials, body)
        wanted.append(request.headers["Authorization"])
    got = subprocess.run([BUILD / "tests/unit/sign"], input=asked.encode(), check=True,
                         stdout=subprocess.PIPE).stdout.decode().splitlines()
    assert len(got) == len(wanted) == 60
    for number, (ours, theirs) in enumerate(zip(got, wanted)):
        assert ours == theirs, f"request {number}:\n{asked.split(chr(10) * 2)[number]}"

