"""A proxy between a worker and a real Redis that can answer a command itself, or lose the connection before, in the middle
of or behind it."""
import collections
import pathlib
import socket

from relay import Closed, RedisRelay, read_reply, unix_listener

ABORTED = b"-EXECABORT Transaction discarded because of previous errors."


class Proxy(RedisRelay):
    """`faults[b"EXEC"]`: what is to happen to the next ones, first come first served:
    bytes       answer this instead (without the line's end); Redis never sees the command
    "cut"       close before Redis sees it
    "half"      Redis gets half of its bytes, then close
    "lose"      Redis does it, close before the answer goes back
    "silent"    take no notice of this connection any more"""

    def __init__(self, folder, server, tcp=False):
        self.faults, self.seen = collections.defaultdict(collections.deque), collections.Counter()
        self.is_silent = False
        self.multi, self.dirty = set(), set()  # links inside a transaction, and those of which a command was refused
        if tcp:
            listener = socket.create_server(("127.0.0.1", 0))
            self.url = "redis://127.0.0.1:%d" % listener.getsockname()[1]
        else:
            path = pathlib.Path(folder) / "proxy.sock"
            listener = unix_listener(path)
            self.url = f"unix://{path}"
        super().__init__(listener, server)

    def command(self, link, name, raw):
        self.seen[name] += 1
        fault = "silent" if self.is_silent else self.faults[name].popleft() if self.faults[name] else None
        if fault == "cut":
            raise Closed
        if fault == "half":
            link.upstream.sendall(raw[:len(raw) // 2])
            raise Closed
        if fault == "silent":
            link.swallow()
        if name == b"EXEC" and link in self.dirty and fault is None:
            fault = ABORTED
        if isinstance(fault, bytes):
            self._answer(link, name, fault)
            return
        if name == b"MULTI":
            self.multi.add(link)
        elif name == b"EXEC":
            self.multi.discard(link)
        link.upstream.sendall(raw)
        reply = read_reply(link.answers)
        if fault == "lose":
            raise Closed
        self.pass_back(link, reply)

    def _answer(self, link, name, text):
        """As Redis would: a refused command spoils its transaction."""
        if name == b"EXEC":
            link.upstream.sendall(b"*1\r\n$7\r\nDISCARD\r\n")
            read_reply(link.answers)
            self.multi.discard(link)
            self.dirty.discard(link)
        elif link in self.multi:
            self.dirty.add(link)
        link.client.sendall(text + b"\r\n")
