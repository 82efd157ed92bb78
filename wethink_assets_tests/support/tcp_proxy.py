"""A TCP proxy in front of a server, which can be cut off in the middle of whatever it sends and be there again at the same port."""

import contextlib
import socket
import threading
from collections.abc import Iterator

PIECE = 65_536


class TcpProxy:
    """Forwards connections from its port to another; `cut` ends them all and takes no further one until `resume`."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.port = 0
        self.bytes_left: int | None = None
        """Bytes of replies that it forwards before it is cut off; None: it never is."""
        self.resume()

    def resume(self) -> None:
        """Take connections."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """End all connections at once; who connects is refused."""
        with self._lock:
            sockets, self._sockets = self._sockets, set()
            listener, self._listener = self._listener, None
        for each in (*sockets, *([listener] if listener else [])):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            with self._lock:
                self._sockets |= {client, server}
            threading.Thread(target=self._forward, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._forward, args=(server, client, True), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, replies: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(PIECE):
                if replies and self.bytes_left is not None:
                    data = data[: self.bytes_left]
                    self.bytes_left -= len(data)
                target.sendall(data)
                if replies and self.bytes_left == 0:
                    self.cut()
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.close()


@contextlib.contextmanager
def tcp_proxy(port: int) -> Iterator[TcpProxy]:
    """A proxy to a loopback port."""
    proxy = TcpProxy(port)
    try:
        yield proxy
    finally:
        proxy.cut()
