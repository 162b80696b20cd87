"""A light HTTP client for measuring: one socket kept open, blocking calls, no framework in the way.

It reads Content-Length and chunked answers, and nothing else of HTTP. What it costs itself is part of every latency
it reports (about 0.05 ms a call), never of the CPU, which is the server's alone (see process.py).
"""

import json
import socket
import threading
import time


class Refused(Exception):
    """The server answered with something other than 2xx."""

    def __init__(self, status, body):
        super().__init__(f"HTTP {status}: {body[:500].decode('utf-8', 'replace')}")
        self.status = status


class Connection:
    """One connection, kept alive. Not shared between threads."""

    def __init__(self, host, port, headers=None, timeout=120.0):
        self.host, self.port = host, port
        self.socket = socket.create_connection((host, port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        fixed = {"Host": f"{host}:{port}", **(headers or {})}
        self.head = "".join(f"{name}: {value}\r\n" for name, value in fixed.items())

    def close(self):
        self.socket.close()

    def call(self, method, path, body=None):
        """Sends a JSON body, or none; returns the answer's bytes, or raises Refused."""
        payload = b"" if body is None else json.dumps(body).encode()
        return self.send(self.encode(method, path, payload))

    def json(self, method, path, body=None):
        answer = self.call(method, path, body)
        return json.loads(answer) if answer else None

    def encode(self, method, path, payload):
        """A request as bytes, so that a loop need not build it while the clock runs."""
        kind = "Content-Type: application/json\r\n" if payload else ""
        head = f"{method} {path} HTTP/1.1\r\n{self.head}{kind}Content-Length: {len(payload)}\r\n\r\n"
        return head.encode() + payload

    def send(self, request):
        self.socket.sendall(request)
        status, body = self._receive()
        if not 200 <= status < 300:
            raise Refused(status, body)
        return body

    def _receive(self):
        head = self._until(b"\r\n\r\n").decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        if "transfer-encoding: chunked" in head:
            return status, self._chunks()
        for line in head.split("\r\n"):
            if line.startswith("content-length:"):
                return status, self._exactly(int(line.split(":")[1]))
        return status, b""

    def _chunks(self):
        body = b""
        while True:
            size = int(self._until(b"\r\n").split(b";")[0], 16)
            piece = self._exactly(size + 2)[:size]
            if size == 0:
                return body
            body += piece

    def _until(self, mark):
        while mark not in self.buffer:
            self._more()
        found, self.buffer = self.buffer.split(mark, 1)
        return found

    def _exactly(self, count):
        while len(self.buffer) < count:
            self._more()
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def _more(self):
        received = self.socket.recv(1 << 16)
        if not received:
            raise ConnectionError("the server closed the connection")
        self.buffer += received


def spread(connect, requests, connections):
    """Sends every request once over so many connections; returns the latencies in seconds and the wall time.

    `requests` are (method, path, payload bytes). Each connection is a thread; the work is taken from one row, so that
    a slow answer holds up one connection only. The first failure ends the run.
    """
    lines = [connect() for _ in range(connections)]
    encoded = [lines[0].encode(*request) for request in requests]
    latencies = [0.0] * len(encoded)
    row, lock, failures = iter(range(len(encoded))), threading.Lock(), []

    def work(line):
        try:
            while not failures:
                with lock:
                    position = next(row, None)
                if position is None:
                    return
                begun = time.perf_counter()
                line.send(encoded[position])
                latencies[position] = time.perf_counter() - begun
        except Exception as failure:
            failures.append(failure)

    begun = time.perf_counter()
    if connections == 1:
        work(lines[0])
    else:
        threads = [threading.Thread(target=work, args=(line,)) for line in lines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    wall = time.perf_counter() - begun
    for line in lines:
        line.close()
    if failures:
        raise failures[0]
    return latencies, wall


def quantile(values, share):
    """The value below which this share of the sorted values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
