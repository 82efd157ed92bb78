"""A command says at once that nothing listens where its store should be; what runs for long waits for a server that is restarted."""

import socket
import threading
import time

import pytest

from wethink_assets.errors import StoreUnreachable
from wethink_assets.storage import first_contact
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.s3_server import free_port

CREDENTIALS = {"key": "a", "secret": "b"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is a command."""
    monkeypatch.setattr(first_contact, "_at_once", False)
    first_contact.ask_at_once()


@pytest.mark.usefixtures("asked")
def test_a_refused_port_is_told_at_once() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    began = time.monotonic()
    with pytest.raises(StoreUnreachable, match=f"cannot be opened: nothing answers at {address}: check host and port"):
        Store.open("s3://bucket/store", endpoint_url=address, **CREDENTIALS)
    assert time.monotonic() - began < 3
    began = time.monotonic()
    Store.open("s3://bucket/store", endpoint_url=address, **CREDENTIALS)  # asked once: from now on it is waited for
    assert time.monotonic() - began < 0.5


@pytest.mark.usefixtures("asked")
def test_a_server_that_is_just_being_started_is_waited_for() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))  # and does not listen yet
        threading.Timer(0.3, _answer_once, (server,)).start()
        began = time.monotonic()
        Store.open("s3://bucket/store", endpoint_url=f"http://127.0.0.1:{server.getsockname()[1]}", **CREDENTIALS)
        assert time.monotonic() - began > 0.25


def _answer_once(server: socket.socket) -> None:
    server.listen()
    connection, _ = server.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("backlog", [10, 0])
def test_a_service_that_never_answers_is_told(monkeypatch: pytest.MonkeyPatch, scheme: str, backlog: int) -> None:
    monkeypatch.setattr(first_contact, "ANSWER", 0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=backlog) as silent:
        port = silent.getsockname()[1]
        waiting = [socket.create_connection(("127.0.0.1", port)) for _ in range(1 if not backlog else 0)]
        address = f"{scheme}://127.0.0.1:{port}"
        began = time.monotonic()
        with pytest.raises(StoreUnreachable, match=f"cannot be opened: {address} does not answer: check host and port"):
            Store.open("s3://bucket/store", endpoint_url=address, **CREDENTIALS)
        assert time.monotonic() - began < 2
        for connection in waiting:
            connection.close()


@pytest.mark.usefixtures("asked")
def test_a_service_that_speaks_no_tls_is_left_to_the_client() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_answer_once, args=(server,))
        thread.start()
        address = f"https://127.0.0.1:{server.getsockname()[1]}"
        assert first_contact.contact_fault("s3://bucket/a", {"endpoint_url": address}) == ""
        thread.join()


def test_what_is_no_command_does_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_contact, "_at_once", False)
    Store.open("s3://bucket/store", endpoint_url=f"http://127.0.0.1:{free_port()}", **CREDENTIALS)


@pytest.mark.usefixtures("asked")
def test_behind_a_proxy_nothing_is_asked_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert first_contact.contact_fault("s3://bucket/a", {"endpoint_url": "http://no-such-host.invalid:9000"}) == ""
    monkeypatch.setenv("no_proxy", "no-such-host.invalid")
    fault = first_contact.contact_fault("s3://bucket/a", {"endpoint_url": "http://no-such-host.invalid:9000"})
    assert "the host of http://no-such-host.invalid:9000 is not known" in fault


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("address", ["http://127.0.0.1:99999", "http://[::1", "127.0.0.1:9"])
def test_what_is_no_address_is_left_to_the_client(address: str) -> None:
    assert first_contact.contact_fault("s3://bucket/a", {"endpoint_url": address}) == ""
