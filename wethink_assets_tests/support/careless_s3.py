"""An S3 server that ignores conditional puts, as older ones do: objects in memory, no signatures checked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    objects: dict[str, bytes]

    def _reply(self, status: int, body: bytes = b"", head: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"0"')
        self.send_header("Last-Modified", "Sat, 28 Nov 2026 00:00:00 GMT")
        self.end_headers()
        if not head:
            self.wfile.write(body)

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Transfer-Encoding") or "aws-chunked" in self.headers.get("Content-Encoding", ""):
            size, _, data = data.partition(b"\r\n")
            data = data[: int(size.split(b";")[0], 16)]
        self.objects[urlsplit(self.path).path] = data
        self._reply(200)

    def do_HEAD(self) -> None:
        path = urlsplit(self.path).path
        self._reply(200 if path in self.objects else 404, self.objects.get(path, b""), head=True)

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        if "list-type" in parse_qs(place.query):
            self._reply(
                200, b"<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>"
            )
        elif place.path in self.objects:
            self._reply(200, self.objects[place.path])
        else:
            self._reply(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_DELETE(self) -> None:
        self.objects.pop(urlsplit(self.path).path, None)
        self._reply(204)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def careless_s3() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Its address, and what it holds by path."""
    objects: dict[str, bytes] = {}
    handler = type("Handler", (_Handler,), {"objects": objects})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", objects
        finally:
            server.shutdown()
            thread.join()
