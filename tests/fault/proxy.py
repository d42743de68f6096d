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
import threading
import time


class Closed(Exception):
    pass


class Proxy:
    def __init__(self, listener, connect):
        self.listener, self.connect = listener, connect
        self.choose, self.hit = lambda request: None, lambda: None
        self.hits, self.lock, self.sockets = 0, threading.Lock(), []
        self.frozen, self.latency_s, self.slice_bytes = set(), 0, 0
        threading.Thread(target=self._accept, daemon=True).start()

    def freeze(self):
        """What is connected now carries nothing any more, and nobody says so."""
        self.frozen |= set(self.sockets)

    def pass_back(self, client, reply):
        if client in self.frozen:
            while client.recv(65536):
                pass
            raise Closed
        if self.latency_s:
            time.sleep(self.latency_s)
        step = self.slice_bytes or len(reply)
        for at in range(0, len(reply), step):
            client.sendall(reply[at:at + step])

    def close(self):
        self.listener.close()
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
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        upstream = None
        try:
            upstream = self.connect()
            self.sockets += [client, upstream]
            self.relay(client, upstream, client.makefile("rb"), upstream.makefile("rb"))
        except (Closed, OSError, ValueError):
            pass
        finally:
            for sock in (client, upstream):
                if sock:
                    try:
                        sock.shutdown(socket.SHUT_RDWR)  # also wakes whoever reads from its file
                    except OSError:
                        pass
                    sock.close()

    def strike(self):
        self.hits += 1
        self.hit()
        raise Closed

    def exchange(self, client, upstream, raw, where, answer):
        """One request; `answer()` reads what comes back."""
        if where == "before":
            self.strike()
        upstream.sendall(raw[:len(raw) // 2] if where == "half" else raw)
        if where == "half":
            self.strike()
        reply = answer()
        if callable(where):  # it wants to see the answer first
            where = where(reply)
        if where == "lost":
            self.strike()
        self.pass_back(client, reply[:20] if where == "head" else reply)
        if where in ("head", "after"):
            self.strike()


def line_of(file):
    line = file.readline()
    if not line.endswith(b"\r\n"):
        raise Closed
    return line


def read_reply(file):
    line = line_of(file)
    if line[:1] == b"$" and int(line[1:]) >= 0:
        return line + file.read(int(line[1:]) + 2)
    if line[:1] == b"*" and int(line[1:]) > 0:
        return line + b"".join(read_reply(file) for _ in range(int(line[1:])))
    return line


class RedisProxy(Proxy):
    """`choose` gets the name of the command, in capitals."""

    def __init__(self, folder, name, server):
        listener = socket.socket(socket.AF_UNIX)
        self.path = f"{folder}/{name}.sock"
        listener.bind(self.path)
        listener.listen(64)
        super().__init__(listener, lambda: self._to(server.socket))

    @staticmethod
    def _to(path):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(path)
        return sock

    def relay(self, client, upstream, requests, answers):
        while True:
            raw = read_reply(requests)
            name = raw.split(b"\r\n", 3)[2].upper().decode()
            if name in ("SUBSCRIBE", "PSUBSCRIBE"):
                upstream.sendall(raw)
                threading.Thread(target=self._pump, args=(client, upstream), daemon=True).start()
                self._pump(upstream, client)
                return
            with self.lock:
                where = self.choose(name)
            self.exchange(client, upstream, raw, where, lambda: read_reply(answers))

    def _pump(self, source, target):
        try:
            while piece := source.recv(65536):
                self.pass_back(target, piece)
        except (Closed, OSError):
            pass


class HttpProxy(Proxy):
    """`choose` gets the first line of the request."""

    def __init__(self, url):
        host, port = url.removeprefix("http://").split(":")
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % listener.getsockname()[1]
        super().__init__(listener, lambda: socket.create_connection((host, int(port))))

    @staticmethod
    def _message(file):
        first = head = line_of(file)
        length = 0
        while (line := line_of(file)) != b"\r\n":
            head += line
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return first, head + b"\r\n" + file.read(length)

    def relay(self, client, upstream, requests, answers):
        while True:
            first, raw = self._message(requests)
            with self.lock:
                where = self.choose(first)
            self.exchange(client, upstream, raw, where, lambda: self._message(answers)[1])
