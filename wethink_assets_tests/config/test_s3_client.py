"""Every request to S3 comes to an end, also where the service accepts connections and never answers."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wethink_assets.config import s3_client
from wethink_assets.dataset.publishing.s3_target import S3Target
from wethink_assets.errors import StoreError, StoreUnreachable
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.every_command import forked_commands, make_home
from wethink_assets_tests.support.s3_server import S3Server

CREDENTIALS = {"key": "a", "secret": "b"}
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: text/plain\r\n\r\nhalf"


class Silent:
    """A service that accepts connections, and says no more than the beginning of a reply."""

    def __init__(self, reply: bytes = b"") -> None:
        self._server, self._reply = socket.create_server(("127.0.0.1", 0)), reply
        self._held: list[socket.socket] = []
        self.requests = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._held.append(connection)
            threading.Thread(target=self._hear, args=(connection,), daemon=True).start()

    def _hear(self, connection: socket.socket) -> None:
        if connection.recv(100_000):
            self.requests += 1
            connection.sendall(self._reply)

    def close(self) -> None:
        for one in (self._server, *self._held):
            one.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    service = Silent()
    yield service
    service.close()


REQUESTS: dict[str, Callable[[Store], object]] = {
    "read": lambda store: store.read("a"),
    "names": lambda store: store.names("a"),
    "read_many": lambda store: store.read_many(["a", "b"]),
    "open_read": lambda store: store.open_read("a").read(),
    "publish": lambda store: store.publish("a", b"b"),
}


def test_a_request_that_is_not_answered_has_failed_after_two_tries(
    silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_client, "ANSWER_SECONDS", 0.1)
    store = Store.open("s3://bucket/store", endpoint_url=silent.endpoint, skip_instance_cache=True, **CREDENTIALS)
    for name, ask in REQUESTS.items():
        before = silent.requests
        with pytest.raises(StoreUnreachable, match=f"{silent.endpoint} does not answer: check host and port"):
            ask(store)
        together = 2 if name == "read_many" else 1
        assert silent.requests - before <= s3_client.TIMEOUTS * together, name


def test_what_nobody_takes_is_not_sent_for_ever(silent: Silent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_client, "TAKING_SECONDS", 0.1)
    store = Store.open("s3://bucket/store", endpoint_url=silent.endpoint, skip_instance_cache=True, **CREDENTIALS)
    with pytest.raises(ConnectionError):
        store.fs.call_s3("put_object", Bucket="bucket", Key="a", Body=bytes(20_000_000))
    assert silent.requests <= 2 * s3_client.TIMEOUTS


def test_a_body_that_comes_to_a_halt_each_time_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Silent(HALF)
    monkeypatch.setattr(s3_client, "ANSWER_SECONDS", 0.1)
    store = Store.open("s3://bucket/store", endpoint_url=service.endpoint, skip_instance_cache=True, **CREDENTIALS)
    with pytest.raises(StoreUnreachable):
        store.read("a")
    assert service.requests == s3_client.READINGS
    service.close()


def test_a_target_of_a_push_that_does_not_answer_is_told(silent: Silent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_client, "ANSWER_SECONDS", 0.1)
    target = S3Target.open("s3://bucket/pushed", endpoint_url=silent.endpoint, **CREDENTIALS)
    with pytest.raises((StoreError, StoreUnreachable), match="does not answer"):
        target.names()
    assert silent.requests <= s3_client.TIMEOUTS


def test_time_outs_of_ones_own_take_the_place_of_ours() -> None:
    options = {"config_kwargs": {"read_timeout": 60, "retries": {"max_attempts": 7}}}
    store = Store.open("s3://bucket/store", endpoint_url="http://127.0.0.1:9", **CREDENTIALS, **options)
    settings = {name: store.fs.config_kwargs[name] for name in ("connect_timeout", "read_timeout", "retries")}
    assert settings == {"connect_timeout": 5, "read_timeout": 60, "retries": {"max_attempts": 7}}


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_commands_on_a_silent_service_end_within_half_a_minute(s3: S3Server, tmp_path: Path, silent: Silent) -> None:
    url = f"s3://{s3.bucket}/{tmp_path.name}"
    names = make_home(tmp_path, url, s3.options)
    with forked_commands(names) as commands:
        commands.run("config show", tmp_path)  # the first waits until all is imported
        for command in ("plan", "budget"):
            began = time.monotonic()
            ended = commands.run(command, tmp_path, WETHINK_STORE__OPTIONS__ENDPOINT_URL=silent.endpoint)
            assert time.monotonic() - began < 30
            assert (ended.code, ended.complaints()) == (1, []), ended
            assert f"{silent.endpoint} does not answer" in ended.last
