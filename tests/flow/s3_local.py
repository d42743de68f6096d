"""An object store on a free port of 127.0.0.1, as S3 with signatures that botocore recomputes, or as a plain web server.
It fails on demand: `faults` are taken one a request, `cut` bytes into a body the connection breaks, `slow` seconds a MiB."""
import collections
import email.utils
import hashlib
import http.server
import re
import threading
import time
import urllib.parse

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local/secret+key"}
REGION = "eu-west-1"
PIECE = 64 * 1024


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def refuse(self, status, code, message, headers=()):
        body = f"<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
        self.send_response(status)
        for name, value in (("Content-Length", len(body)), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp=None):
        return email.utils.formatdate((timestamp or time.time()) + self.server.store.clock_s, usegmt=True)

    def signature_problem(self):
        store = self.server.store
        found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/([^/]+)/s3/aws4_request, ?"
                             r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})", self.headers.get("Authorization", ""))
        if not found:
            return "AccessDenied"
        id, region, names, signature = found.groups()
        if id not in store.keys:
            return "ExpiredToken" if id in store.expired else "InvalidAccessKeyId"
        secret, token = store.keys[id]
        if self.headers.get("X-Amz-Security-Token") != token:
            return "InvalidToken"
        if region != store.region:
            return "AuthorizationHeaderMalformed"
        date = self.headers["X-Amz-Date"]
        sent = time.mktime(time.strptime(date, "%Y%m%dT%H%M%SZ")) - time.timezone
        if abs(sent - time.time() - store.clock_s) > 900:
            return "RequestTimeTooSkewed"
        must = {"host", "x-amz-content-sha256", "x-amz-date"} | {n for n in ("range", "if-match") if n in self.headers}
        if not must <= set(names.split(";")) or self.headers["X-Amz-Content-SHA256"] != hashlib.sha256(b"").hexdigest():
            return "AccessDenied"
        request = AWSRequest("GET", f"http://{self.headers['Host']}{self.path}",
                             headers={name: self.headers[name] for name in names.split(";") if name != "host"})
        request.context["timestamp"] = date
        auth = S3SigV4Auth(Credentials(id, secret), "s3", region)
        if "/".join((id, auth.credential_scope(request))) not in self.headers["Authorization"]:
            return "AccessDenied"
        text = auth.string_to_sign(request, auth.canonical_request(request))
        return None if auth.signature(text, request) == signature else "SignatureDoesNotMatch"

    def do_GET(self):
        store = self.server.store
        with store.lock:
            store.requests.append((self.path, dict(self.headers)))
            fault = store.faults.popleft() if store.faults else None
            if store.on_request:
                store.on_request(store)
        path = urllib.parse.unquote(self.path.partition("?")[0])
        if fault:
            return self.refuse(*fault)
        if path in store.redirects:
            return self.refuse(302, "Found", "there", [("Location", store.redirects[path])])
        problem = self.signature_problem() if store.is_signed else None
        if problem == "AuthorizationHeaderMalformed":
            return self.refuse(400, problem, "another region", [("x-amz-bucket-region", store.region)])
        if problem:
            return self.refuse(400 if "Token" in problem else 403, problem, "the signature is refused")
        if path not in store.objects:
            return self.refuse(404, "NoSuchKey", "The specified key does not exist.")
        self.give(store, store.objects[path])
        return None

    def give(self, store, data):
        etag = '"' + hashlib.md5(data).hexdigest() + '"'
        if store.has_etags and self.headers.get("If-Match", etag) != etag:
            return self.refuse(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        first = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")) if store.has_ranges else None
        start = int(first[1]) if first else 0
        if first and start >= len(data):
            return self.refuse(416, "InvalidRange", "The requested range is not satisfiable")
        self.send_response(206 if first else 200)
        if store.has_etags:
            self.send_header("ETag", etag)
        if first:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", len(data) - start)
        self.end_headers()
        cut = start + store.cut if store.cut else len(data)
        try:
            for at in range(start, min(cut, len(data)), PIECE):
                self.wfile.write(data[at:min(at + PIECE, cut)])
                time.sleep(store.slow * PIECE / (1 << 20))
        except OSError:
            self.close_connection = True  # it hung up
        if cut < len(data):
            self.close_connection = True
        return None


class S3Local:
    def __init__(self, is_signed=True, has_ranges=True, has_etags=True):
        self.is_signed, self.has_ranges, self.has_etags = is_signed, has_ranges, has_etags
        self.region, self.clock_s, self.cut, self.slow = REGION, 0, 0, 0
        self.keys = {KEYS["AWS_ACCESS_KEY_ID"]: (KEYS["AWS_SECRET_ACCESS_KEY"], None)}
        self.expired = set()
        self.objects, self.redirects, self.requests, self.faults = {}, {}, [], collections.deque()
        self.on_request, self.lock = None, threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.store, self.server.daemon_threads = self, True
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        self.url = f"http://{self.address}"

    def put(self, key, data):
        """`bucket/key`, as it is."""
        self.objects["/" + key] = data

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
