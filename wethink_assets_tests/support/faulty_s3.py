"""An HTTP proxy in front of a real S3 server that answers some requests as S3 does on a bad day; all others reach the server as they came."""

import contextlib
import http.client
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

SLOW_DOWN = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)
BROKEN = b"<?xml version='1.0'?><Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>"
FAULTS = ("busy", "error", "reset", "cut", "short", "stall")
"""503 SlowDown, 500 InternalError, a reset before the reply, one in the middle of the body, a body that is announced as short as it is, a body that
comes to a halt."""
HALT = 1.5
"""Seconds for which a body comes to a halt; clients of these tests wait for `READ_TIMEOUT`."""
READ_TIMEOUT = 0.5


@dataclass(frozen=True)
class Request:
    """A request: its number from 1 on, its method, the path of its object or bucket, and its query."""

    number: int
    method: str
    path: str
    query: str

    @property
    def lists(self) -> bool:
        """Whether it lists objects."""
        return "list-type" in self.query


@dataclass
class FaultyS3:
    """`decide` gives the fault of a request, one of `FAULTS`, or nothing; `before` is called with each request before it is answered."""

    endpoint: str = ""
    decide: Callable[[Request], str] = lambda request: ""
    before: Callable[[Request], None] = lambda request: None
    requests: list[Request] = field(default_factory=list)
    replied: Counter[str] = field(default_factory=Counter)
    """Bytes of replies, by path; those of listings by the bucket's."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self) -> None:
        """No fault from here on; requests are counted anew."""
        self.decide = lambda request: ""
        self.before = lambda request: None
        with self._lock:
            self.requests.clear()
            self.replied.clear()

    def number(self, method: str, target: str) -> Request:
        """The request, counted."""
        place = urlsplit(target)
        with self._lock:
            request = Request(len(self.requests) + 1, method, unquote(place.path), place.query)
            self.requests.append(request)
        return request

    def count(self, target: str, size: int) -> None:
        """Bytes of a reply."""
        with self._lock:
            self.replied[unquote(urlsplit(target).path)] += size


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultyS3
    server_address: tuple[str, int]

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = self.proxy.number(self.command, self.path)
        self.proxy.before(request)
        fault = self.proxy.decide(request)
        if fault == "reset":
            self._reset()
        elif fault in ("busy", "error"):
            status, told = (503, SLOW_DOWN) if fault == "busy" else (500, BROKEN)
            self._send(status, {"Content-Type": "application/xml"}, told, len(told))
        else:
            self._forward(body, fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer  # names of http.server

    def _forward(self, body: bytes, fault: str) -> None:
        connection = http.client.HTTPConnection(*self.server_address)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            connection.putheader(name, value)  # the signature covers them, the host among them
        connection.endheaders(body or None)
        reply = connection.getresponse()
        data = reply.read()
        kept = {name: value for name, value in reply.getheaders() if name.lower() not in _OWN}
        length = int(reply.getheader("Content-Length") or len(data)) if self.command == "HEAD" else len(data)
        connection.close()
        if fault == "short" and self.command != "HEAD":  # which has no body
            length, data = length // 2, data[: len(data) // 2]
        with contextlib.suppress(OSError):  # the client has gone
            if fault in ("cut", "stall") and data:
                self._send(reply.status, kept, data[: len(data) // 2], length)
                self.wfile.flush()
                time.sleep(HALT if fault == "stall" else 0)
                self._reset()
            else:
                self._send(reply.status, kept, data, length)
        self.proxy.count(self.path, 0 if self.command == "HEAD" else len(data))

    def _send(self, status: int, headers: dict[str, str], data: bytes, length: int) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _reset(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.shutdown(socket.SHUT_RD)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


_OWN = ("content-length", "transfer-encoding", "connection", "server", "date")


@contextlib.contextmanager
def faulty_s3(endpoint: str) -> Iterator[FaultyS3]:
    """A proxy to the server at an address."""
    place = urlsplit(endpoint)
    proxy = FaultyS3()
    handler = type("Handler", (_Handler,), {"proxy": proxy, "server_address": (place.hostname, place.port)})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        proxy.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
