"""F26, F28: a destination behind TLS that is not what it should be, and a name that leads nowhere or elsewhere."""
import re
import ssl
import subprocess
import time
import urllib.request

from proxy import HttpProxy
from relay import Closed
from rig import Rig
from standpipe_run import BUILD, STANDPIPE, wait_for

FLEET = ("dispatch", "split-1", "normalise-1", "deliver-1")
SHIM = BUILD / "tests/fault/names.so"
NAME, OTHER_ADDRESS = "sink.test", "127.0.0.2"
BLOCKED_S, FOUND_S = 5, 15  # the longest wait between two calls is 10 s, a call has 5 s to connect


# TLS.

class TlsProxy(HttpProxy):
    """`context` is what it shows to who connects; or bytes that it says instead of a handshake."""

    context = b""

    def welcome(self, client):
        if isinstance(self.context, bytes):
            client.sendall(self.context)
            while client.recv(65536):
                pass
            raise Closed
        return self.context.wrap_socket(client, server_side=True)


def openssl(folder, *words):
    done = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def new_key(folder, name, *words):
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
            "-subj", f"/CN={name}", *words)


def signed(folder, name, host, days):
    """A certificate for `host` of the authority that the worker trusts."""
    new_key(folder, name, "-out", f"{name}.csr")
    (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial",
            "-days", str(days), "-extfile", f"{name}.ext", "-out", f"{name}.pem")


def shown(folder, name, newest=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    if newest:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
    return context


def certificates(folder):
    """Case to what is shown and how the log has to put it."""
    new_key(folder, "authority", "-x509", "-days", "2", "-out", "authority.pem")
    new_key(folder, "own", "-x509", "-days", "2", "-addext", "subjectAltName=DNS:localhost", "-out", "own.pem")
    signed(folder, "good", "localhost", 2)
    signed(folder, "expired", "localhost", -1)
    signed(folder, "foreign", "elsewhere.test", 2)
    return {"expired": (shown(folder, "expired"), "certificate has expired"),
            "wrong host": (shown(folder, "foreign"), "no alternative certificate subject name matches"),
            "self-signed": (shown(folder, "own"), "self.signed certificate"),
            "TLS 1.1": (shown(folder, "good", ssl.TLSVersion.TLSv1_1), "protocol version|unsupported protocol"),
            "no TLS": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "wrong version number"),
            "no handshake": (b"", "imed out|imeout")}


class FarRig(Rig):
    """Its workers see more in their environment."""

    def __init__(self, folder, **environment):
        super().__init__(folder, fleet=FLEET)
        self.more = environment

    @property
    def environment(self):
        return {**super().environment, **self.more}

    def deliver_to(self, url):
        self.sink = url
        self.worker("deliver-1").restart()


def said_since(worker, at, words):
    return re.search(words, worker.log.read_bytes()[at:].decode(errors="replace"))


def bad_tls(ctx):
    """Nothing is sent to who cannot show a certificate for the name; as soon as it can, all is."""
    cases = certificates(ctx.folder)
    with FarRig(ctx.folder / "rig", SSL_CERT_FILE=str(ctx.folder / "authority.pem")) as p:
        proxy, slowest, wrong = TlsProxy(p.firehose.url), 0.0, []
        requests = []
        proxy.choose = requests.append
        p.deliver_to(f"https://localhost:{proxy.port}")
        p.feed(20_000)
        worker = p.worker("deliver-1")
        for case, (proxy.context, words) in cases.items():
            at, before = worker.log.stat().st_size, proxy.connections
            wait_for("a call", lambda: proxy.connections > before, 20)
            begun = time.monotonic()
            wait_for(f"{case}: /{words}/ in the log", lambda: said_since(worker, at, words), 20)
            slowest = max(slowest, time.monotonic() - begun)
        refused = len(requests)
        if requests or p.books().get("ship:out", 0):
            wrong.append(f"{refused} requests were sent to a destination that did not prove who it is")
        proxy.context = shown(ctx.folder, "good")
        p.rest(60)
        figures, accounts = p.verdict(noted=False)
        if figures["ambiguous"] or not requests:
            wrong.append(f"{figures['ambiguous']} are called ambiguous, {len(requests)} requests came by TLS")
        proxy.close()
    if slowest > 10 * ctx.slack:
        wrong.append(f"it took {slowest:.1f} s until one was refused")
    return {"refused": len(cases), "slowest_s": round(slowest, 2), **figures, **ctx.peaks(p)}, wrong + accounts


# Names.

def bad_names(ctx):
    """No such name, a server of names that fails or is silent, and a name that moves to another address."""
    if b"__asan_init" in STANDPIPE.read_bytes():
        ctx.skip("a sanitizer wants to be loaded first")
    answer = ctx.folder / "answer"
    answer.write_text("nobody")
    with FarRig(ctx.folder / "rig", LD_PRELOAD=str(SHIM), STANDPIPE_NAMES=str(answer)) as p:
        first = HttpProxy(p.firehose.url)
        p.deliver_to(f"http://{NAME}:{first.port}")
        p.feed(20_000)
        blocked, wrong, worker = 0.0, [], p.worker("deliver-1")
        for case, words in (("nobody", "resolve host"), ("failure", "resolve host"), ("silence", "imed out|imeout")):
            at = worker.log.stat().st_size
            answer.write_text(case)
            wait_for(f"{case}: /{words}/ in the log", lambda: said_since(worker, at, words), 40)
            begun = time.monotonic()
            urllib.request.urlopen(f"http://{worker.http()}/healthz", timeout=BLOCKED_S).close()
            blocked = max(blocked, time.monotonic() - begun)
        answer.write_text("127.0.0.1")
        found = until_delivered(p)
        second = HttpProxy(p.firehose.url, OTHER_ADDRESS, first.port)
        p.rest(60)
        answer.write_text(OTHER_ADDRESS)
        first.close()
        p.feed(20_000)
        moved = until_delivered(p)
        p.rest(60)
        figures, accounts = p.verdict(noted=False)
        second.close()
    if blocked > BLOCKED_S or max(found, moved) > FOUND_S * ctx.slack:
        wrong.append(f"blocked for {blocked:.1f} s, delivered {found:.1f} s and {moved:.1f} s after the name was right")
    return {"blocked_s": round(blocked, 2), "found_after_s": round(found, 1), "moved_after_s": round(moved, 1), **figures,
            **ctx.peaks(p)}, wrong + accounts


def until_delivered(p):
    before, begun = p.books().get("ship:out", 0), time.monotonic()
    wait_for("delivery", lambda: p.books().get("ship:out", 0) > before, 90)
    return time.monotonic() - begun


ROWS = [("F26", "a destination that TLS does not vouch for", bad_tls), ("F28", "names that lead nowhere or elsewhere", bad_names)]
