"""What all proxies of the tests have in common: connections are accepted, handed on, slowed, sliced, frozen and cut. Who
derives from one of them says what becomes of a request."""
import socket
import threading
import time

SUBSCRIPTIONS = (b"SUBSCRIBE", b"PSUBSCRIBE")


class Closed(Exception):
    """This connection ends."""


class Link:
    """A client, and the server that it believes to talk to."""

    def __init__(self, client, upstream):
        self.client, self.upstream = client, upstream
        self.requests, self.answers = client.makefile("rb"), upstream.makefile("rb")

    def swallow(self):
        """Take no notice of the client any more, until it goes away."""
        while self.client.recv(65536):
            pass
        raise Closed

    def close(self):
        for sock in (self.client, self.upstream):
            shut_down(sock)  # also wakes whoever reads from its file
            sock.close()


class Relay:
    """`connect` gives a socket to the server. `latency_s` and `slice_bytes` are of each answer."""

    def __init__(self, listener, connect):
        self.listener, self.connect = listener, connect
        self.lock, self.sockets, self.connections = threading.Lock(), [], 0
        self.frozen, self.latency_s, self.slice_bytes = set(), 0, 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        shut_down(self.listener)
        self.listener.close()
        self.cut()

    def cut(self):
        """All connections, now."""
        for sock in list(self.sockets):
            shut_down(sock)

    def freeze(self):
        """What is connected now carries nothing any more, and nobody says so."""
        self.frozen |= set(self.sockets)

    def welcome(self, client):
        """What a new connection is, before it carries requests."""
        return client

    def relay(self, link):
        """Requests of one connection, until Closed."""
        raise NotImplementedError

    def pass_back(self, link, reply):
        if link.client in self.frozen:
            link.swallow()
        if self.latency_s:
            time.sleep(self.latency_s)
        step = self.slice_bytes or len(reply)
        for at in range(0, len(reply), step):
            link.client.sendall(reply[at:at + step])

    def pump(self, link):
        """From now on bytes in both directions, whatever they mean."""
        threading.Thread(target=self._pump, args=(link.client, link.upstream.sendall), daemon=True).start()
        self._pump(link.upstream, lambda piece: self.pass_back(link, piece))
        raise Closed

    @staticmethod
    def _pump(source, hand_on):
        try:
            while piece := source.recv(65536):
                hand_on(piece)
        except (Closed, OSError):
            pass

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        self.connections += 1
        try:
            link = Link(self.welcome(client), self.connect())
        except (Closed, OSError):
            client.close()
            return
        self.sockets += [link.client, link.upstream]
        try:
            self.relay(link)
        except (Closed, OSError, ValueError):
            pass
        finally:
            link.close()


class RedisRelay(Relay):
    """Commands are handed on one by one, so what happened to which is known."""

    def __init__(self, listener, server):
        super().__init__(listener, lambda: unix_connection(server.socket))

    def relay(self, link):
        while True:
            raw = read_reply(link.requests)
            name = raw.split(b"\r\n", 3)[2].upper()
            if name in SUBSCRIPTIONS:
                link.upstream.sendall(raw)
                self.pump(link)
            self.command(link, name, raw)

    def command(self, link, name, raw):
        """One of them: `name` in capitals, and all of its bytes."""
        raise NotImplementedError


def shut_down(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def unix_listener(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(path))
    sock.listen(64)
    return sock


def unix_connection(path):
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.connect(path)
    except OSError:
        sock.close()
        raise
    return sock


def line_of(file):
    line = file.readline()
    if not line.endswith(b"\r\n"):
        raise Closed
    return line


def read_reply(file):
    """The bytes of one value of the protocol, in either direction."""
    line = line_of(file)
    if line[:1] == b"$" and int(line[1:]) >= 0:
        return line + file.read(int(line[1:]) + 2)
    if line[:1] == b"*" and int(line[1:]) > 0:
        return line + b"".join(read_reply(file) for _ in range(int(line[1:])))
    return line
