"""Proxies that know where in the protocol they are: one in front of Redis, one in front of Firehose. Each hands on one
request after the other, and asks `choose(request)` what is to become of it:

    None      it is handed on, and its answer is handed back
    "before"  the other side never sees it
    "half"    the other side gets half of it
    "lost"    the other side gets it and answers, nobody hears the answer
    "head"    the client gets the first bytes of the answer
    "after"   the client gets the whole answer

and `hit()` is called at that very moment, before the connection is lost. Who wants a crash point kills the client there."""
import socket

from relay import Closed, RedisRelay, Relay, line_of, read_reply, unix_listener


class Choice:
    """What both of them do with a request."""

    hits = 0

    @staticmethod
    def choose(_):
        return None

    def hit(self):
        pass

    def strike(self):
        self.hits += 1
        self.hit()
        raise Closed

    def exchange(self, link, request, raw, read):
        """`request` is what is chosen by; `read` takes one answer from a file."""
        with self.lock:
            where = self.choose(request)
        if where == "before":
            self.strike()
        if where == "half":
            link.upstream.sendall(raw[:len(raw) // 2])
            self.strike()
        link.upstream.sendall(raw)
        reply = read(link.answers)
        if callable(where):  # it wants to see the answer first
            where = where(reply)
        if where == "lost":
            self.strike()
        self.pass_back(link, reply[:20] if where == "head" else reply)
        if where in ("head", "after"):
            self.strike()


class RedisProxy(Choice, RedisRelay):
    """`choose` gets the name of the command, in capitals."""

    def __init__(self, folder, name, server):
        self.path = f"{folder}/{name}.sock"
        super().__init__(unix_listener(self.path), server)

    def command(self, link, name, raw):
        self.exchange(link, name.decode(), raw, read_reply)


class HttpProxy(Choice, Relay):
    """`choose` gets the first line of the request."""

    def __init__(self, url, address="127.0.0.1", port=0):
        host, to = url.removeprefix("http://").split(":")
        listener = socket.create_server((address, port))
        self.port = listener.getsockname()[1]
        self.url = f"http://{address}:{self.port}"
        super().__init__(listener, lambda: socket.create_connection((host, int(to))))

    def relay(self, link):
        while True:
            raw = read_message(link.requests)
            self.exchange(link, raw.partition(b"\r\n")[0], raw, read_message)


def read_message(file):
    head, length = line_of(file), 0
    while (line := line_of(file)) != b"\r\n":
        head += line
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return head + b"\r\n" + file.read(length)
