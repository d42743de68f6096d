"""Where keys to AWS come from, in small: STS, the agent of a container and instance metadata on one port of 127.0.0.1,
each of which refuses a request that is not as the documents have it."""
import datetime
import http.server
import json
import threading
import urllib.parse

ROLE = "arn:aws:iam::123456789012:role/reader+x"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Length", len(body))
        self.end_headers()
        self.wfile.write(body)

    def keys(self):
        """New ones each time, of the lifetime that is set."""
        keys = self.server.keys
        keys.handed += 1
        ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=keys.lives_s)
        id = f"ASIA{keys.handed}"
        keys.issue(id, f"secret/{id}", f"token+{id}==")
        return id, f"secret/{id}", f"token+{id}==", ends.strftime("%Y-%m-%dT%H:%M:%SZ")

    def as_json(self):
        id, secret, token, ends = self.keys()
        return json.dumps({"Code": "Success", "AccessKeyId": id, "SecretAccessKey": secret, "Token": token, "Expiration": ends})

    def do_PUT(self):
        if self.path == "/latest/api/token" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds") == "21600":
            return self.answer(200 if self.server.keys.has_v2 else 404, "session-token")
        return self.answer(400, "")

    def do_GET(self):
        keys = self.server.keys
        if self.path == "/container":
            return self.answer(*((200, self.as_json()) if self.headers.get("Authorization") == keys.container_token else (401, "")))
        if keys.has_v2 and self.headers.get("X-aws-ec2-metadata-token") != "session-token":
            return self.answer(401, "")
        if self.path == "/latest/meta-data/iam/security-credentials/":
            return self.answer(200, "my-role")
        if self.path == "/latest/meta-data/iam/security-credentials/my-role":
            return self.answer(200, self.as_json())
        return self.answer(404, "")

    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        want = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": ROLE,
                "RoleSessionName": "standpipe", "WebIdentityToken": self.server.keys.web_token}
        if form != want or "Authorization" in self.headers or \
                self.headers["Content-Type"] != "application/x-www-form-urlencoded":
            return self.answer(400, "<ErrorResponse><Error><Code>InvalidIdentityToken</Code></Error></ErrorResponse>")
        id, secret, token, ends = self.keys()
        return self.answer(200, "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
                           f"<SessionToken>{token}</SessionToken><SecretAccessKey>{secret}</SecretAccessKey>"
                           f"<Expiration>{ends}</Expiration><AccessKeyId>{id}</AccessKeyId></Credentials>"
                           "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>")


class AwsKeys:
    """`issue` is told id, secret and token of what is handed out."""

    def __init__(self, issue):
        self.issue, self.handed, self.lives_s, self.has_v2 = issue, 0, 3600, True
        self.container_token, self.web_token = "tell me", "eyJ.header+/=.sig"
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.keys, self.server.daemon_threads = self, True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
