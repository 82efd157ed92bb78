"""First contact with the service of a store: a host that does not exist, where nothing listens, or that does not answer, is told at once.

Clients try all of these again and again, for 20 seconds, as they do what is out of reach for now. In the middle of a run that is right, since a
server may be restarted; whoever has just entered a command waits once and not for long: it may make many requests, and go on where some fail.
"""

import errno
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from wethink_assets.config.locations import WITH_BUCKETS

__all__ = ["ask_at_once", "contact_fault"]

PATIENCE = 1.0  # seconds in which a server that has just been started begins to listen
AGAIN = 0.1
ANSWER = 9.0  # seconds in which one that listens answers, whatever it answers
_PORTS = {"http": 80, "https": 443}
_at_once = False
_asked: set[tuple[str | None, int | None]] = set()


def ask_at_once() -> None:
    """From now on this process asks each service at first contact whether anything listens there: commands do, parts of a run do not."""
    global _at_once
    _at_once = True


def contact_fault(url: str, options: Mapping[str, Any]) -> str:
    """What is wrong with the endpoint of a store: nobody knows its host, nothing listens there, or it does not answer.

    Empty where none of these is known. It is not looked at where a proxy stands between, nor where the endpoint is the service's own.
    """
    from wethink_assets.storage.access_faults import known_fault  # it brings fsspec, which `wethink --help` needs not

    address = _address(url, options)
    if address is None:
        return ""
    try:
        port = address.port or _PORTS.get(address.scheme)
        socket.getaddrinfo(address.hostname, port)
        if _at_once and (address.hostname, port) not in _asked:
            _asked.add((address.hostname, port))
            _reach(str(address.hostname), port or 0, address.scheme == "https")
    except UnicodeError:
        return known_fault(socket.gaierror(), url, options)
    except ValueError:  # the port is none: the client says so
        return ""
    except OSError as error:
        unknown = isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME
        mute = isinstance(error, TimeoutError)
        return known_fault(error, url, options) if unknown or mute or error.errno == errno.ECONNREFUSED else ""
    return ""


def _address(url: str, options: Mapping[str, Any]) -> SplitResult | None:
    from urllib.request import getproxies, proxy_bypass

    from wethink_assets.storage.access_faults import endpoint_of

    endpoint = endpoint_of(options) if url.partition("://")[0] in WITH_BUCKETS else None
    try:
        address = urlsplit(str(endpoint or ""))
        host = address.hostname
    except ValueError:  # the client says what is wrong with it
        return None
    behind_proxy = host and address.scheme in getproxies() and not proxy_bypass(host)
    return address if host and not behind_proxy else None


def _reach(host: str, port: int, encrypted: bool) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with socket.create_connection((host, port), timeout=ANSWER) as connection:
                _hear(connection, host, encrypted)
            return
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
        time.sleep(AGAIN)


def _hear(connection: socket.socket, host: str, encrypted: bool) -> None:
    """Wait for the first byte of an answer. Raises `TimeoutError` where none comes; what is wrong with one is for the client to say."""
    if encrypted:
        try:
            with ssl.create_default_context().wrap_socket(connection, server_hostname=host):
                return
        except ssl.SSLError:
            return
    connection.sendall(f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode(errors="replace"))
    connection.recv(1)
