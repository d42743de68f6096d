"""A proxy between a worker and a real Redis that knows the protocol: it can answer a command itself, or lose the connection
before, in the middle of or behind it. Commands are handed on one by one, so what happened to which is known."""
import collections
import pathlib
import socket
import threading


class Closed(Exception):
    pass


class Stream:
    """One side of a connection: whole commands or whole replies, as bytes."""

    def __init__(self, sock):
        self.sock, self.file = sock, sock.makefile("rb")

    def _line(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise Closed
        return line

    def reply(self):
        line = self._line()
        if line[:1] in b"$*" and int(line[1:]) >= 0:
            if line[:1] == b"$":
                return line + self.file.read(int(line[1:]) + 2)
            return line + b"".join(self.reply() for _ in range(int(line[1:])))
        return line

    def command(self):
        """The bytes, and the words."""
        raw = self.reply()
        lines, words, rest = raw.split(b"\r\n", 1), [], raw
        n, rest = int(lines[0][1:]), lines[1]
        for _ in range(n):
            size, rest = rest.split(b"\r\n", 1)
            words.append(rest[:int(size[1:])])
            rest = rest[int(size[1:]) + 2:]
        return raw, words


class Proxy:
    """`faults[b"EXEC"]`: what is to happen to the next ones, first come first served:
    bytes       answer this instead (without the line's end); Redis never sees the command
    "cut"       close before Redis sees it
    "half"      Redis gets half of its bytes, then close
    "lose"      Redis does it, close before the answer goes back
    "silent"    take no notice of this connection any more"""

    def __init__(self, folder, server, tcp=False):
        self.server, self.faults = server, collections.defaultdict(collections.deque)
        self.seen, self.connections = collections.Counter(), 0
        self.sockets, self.is_silent = [], False
        if tcp:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.url = "redis://127.0.0.1:%d" % self.listener.getsockname()[1]
        else:
            path = pathlib.Path(folder) / "proxy.sock"
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(path))
            self.listener.listen(64)
            self.url = f"unix://{path}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.cut()

    def cut(self):
        """All connections, now."""
        for sock in self.sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        upstream = socket.socket(socket.AF_UNIX)
        self.sockets += [client, upstream]
        try:
            upstream.connect(self.server.socket)
            self._relay(Stream(client), Stream(upstream))
        except (Closed, OSError, ValueError):
            pass
        finally:
            client.close()
            upstream.close()

    def _relay(self, client, upstream):
        is_multi = is_dirty = False
        while True:
            raw, words = client.command()
            name = words[0].upper()
            self.seen[name] += 1
            faults = self.faults[name]
            fault = "silent" if self.is_silent else faults.popleft() if faults else None
            if fault == "cut":
                return
            if fault == "half":
                upstream.sock.sendall(raw[:len(raw) // 2])
                return
            if fault == "silent":
                while client.sock.recv(65536):
                    pass
                return
            if name == b"EXEC" and is_dirty and fault is None:
                fault = b"-EXECABORT Transaction discarded because of previous errors."
            if isinstance(fault, bytes):
                is_dirty = is_multi and name != b"EXEC"
                if name == b"EXEC":
                    upstream.sock.sendall(b"*1\r\n$7\r\nDISCARD\r\n")
                    upstream.reply()
                    is_multi = is_dirty = False
                client.sock.sendall(fault + b"\r\n")
                continue
            is_multi = name == b"MULTI" or (is_multi and name != b"EXEC")
            upstream.sock.sendall(raw)
            if name in (b"SUBSCRIBE", b"PSUBSCRIBE"):
                threading.Thread(target=self._pump, args=(client.sock, upstream.sock), daemon=True).start()
                self._pump(upstream.sock, client.sock)
                return
            reply = upstream.reply()
            if fault == "lose":
                return
            client.sock.sendall(reply)

    @staticmethod
    def _pump(source, target):
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
        except OSError:
            pass
