"""A location that cannot be opened says which of scheme, host, credentials, bucket and path is wrong, and the remedy."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.errors import SourceError, StoreUnreachable
from wethink_assets.sources.locations import Location
from wethink_assets.storage.access_faults import shown_url
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.s3_server import S3Server, free_port

ONCE = {"skip_instance_cache": True, "config_kwargs": {"retries": {"max_attempts": 0}}}


def message(url: str, **options: Any) -> str:
    with pytest.raises(SourceError) as caught:
        list(Location.open(url, options).listed())
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials from the environment of this machine."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("url", "changed", "expected"),
    [
        (
            "s3://no-such-bucket/data",
            {},
            "there is no bucket 'no-such-bucket' at http://127.0.0.1:{port}: check its name",
        ),
        ("s3://no-such-bucket", {}, "there is no bucket 'no-such-bucket'"),
        ("s3://No Such/data", {}, "'No Such' cannot be the name of a bucket"),
        ("s3://{bucket}/nothing/here", {}, "{bucket} is there and has nothing named 'nothing'"),
        ("s3://{bucket}/a/misspelt", {}, "{bucket}/a is there and has nothing named 'misspelt'"),
        ("s3://{bucket}/a/1.pgn", {}, "{bucket}/a is there and has nothing named '1.pgn'"),
        (
            "s3://{bucket}/a",
            {"key": "unknown"},
            "the access key is not known to the service: check AWS_ACCESS_KEY_ID, or `key`",
        ),
        ("s3://{bucket}", {"key": "unknown"}, "the access key is not known to the service"),
        (
            "s3://{bucket}/a",
            {"secret": "wrong"},
            "the secret is not that of the access key: check AWS_SECRET_ACCESS_KEY, or `secret`",
        ),
        (
            "s3://{bucket}/a",
            {"token": "old"},
            "the session token that comes with it may have expired: AWS_SESSION_TOKEN, or `token`",
        ),
        ("s3://{bucket}/a", {"key": None, "secret": None}, "no credentials are given: set AWS_ACCESS_KEY_ID, or `key`"),
        ("s3://{bucket}/a", {"secret": None}, "the credentials are given in part, aws_secret_access_key is missing"),
        (
            "s3://{bucket}/a",
            {"key": None, "secret": None, "anon": True},
            "access is denied to those without credentials: take `anon`",
        ),
        (
            "s3://{bucket}/a",
            {"endpoint_url": "127.0.0.1:{port}"},
            "`endpoint_url` '127.0.0.1:{port}' is no address: it begins with http",
        ),
        (
            "s3://{bucket}/a",
            {"endpoint": "http://127.0.0.1"},
            "the option 'endpoint' is not known: is endpoint_url meant?",
        ),
        ("s3://", {}, "the URL names no bucket: it is s3://bucket/prefix"),
    ],
)
def test_what_is_wrong_with_a_prefix_of_s3(url: str, changed: dict[str, Any], expected: str, s3: S3Server) -> None:
    s3.client().put_object(Bucket=s3.bucket, Key="a/1.png", Body=b"1")
    port = s3.endpoint.rpartition(":")[2]
    options = {**s3.options, **ONCE, **changed}
    options = {key: value.format(port=port) if key == "endpoint_url" else value for key, value in options.items()}
    given = {key: value for key, value in options.items() if value is not None}
    told = message(url.format(bucket=s3.bucket), **given)
    assert expected.format(bucket=s3.bucket, port=port) in told


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("http://127.0.0.1:{free}", "nothing answers at http://127.0.0.1:{free}: check host and port (`endpoint_url`"),
        ("http://no-such-host.invalid", "the host of http://no-such-host.invalid is not known: check how it is spelt"),
        ("https://127.0.0.1:{port}", "what answers at https://127.0.0.1:{port} speaks http and not https"),
    ],
)
def test_what_is_wrong_with_an_endpoint(endpoint: str, expected: str, s3: S3Server) -> None:
    ports = {"free": free_port(), "port": s3.endpoint.rpartition(":")[2]}
    told = message(f"s3://{s3.bucket}/a", **{**s3.options, **ONCE, "endpoint_url": endpoint.format(**ports)})
    assert expected.format(**ports) in told


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"key": "unknown"}, "access is denied: check AWS_ACCESS_KEY_ID"),
        ({"secret": "wrong"}, "access is denied: check AWS_ACCESS_KEY_ID"),
        (
            {"endpoint_url": "http://127.0.0.1:{free}"},
            "nothing answers at http://127.0.0.1:{free}: check host and port",
        ),
        ({"endpoint_url": "127.0.0.1:{free}"}, "'127.0.0.1:{free}' is no address"),
        ({"endpoint_url": "http://no-such-host.invalid"}, "the host of http://no-such-host.invalid is not known"),
    ],
)
def test_a_store_says_as_much(changed: dict[str, str], expected: str, s3: S3Server) -> None:
    """But for the reason of a refusal: replies to the requests of a store may have no body that says it."""
    free = str(free_port())
    options = {**s3.options, **ONCE, **{name: value.format(free=free) for name, value in changed.items()}}
    with pytest.raises(StoreUnreachable) as caught:
        Store.open(f"s3://{s3.bucket}/store", **options).read("format.json")
    assert expected.format(free=free) in str(caught.value) and "\n" not in str(caught.value)


READINGS: dict[str, Callable[[Store], object]] = {
    "names": lambda store: store.names("versions"),
    "names of the root": lambda store: store.names(""),
    "files": lambda store: store.files("cuts"),
    "read": lambda store: store.read("format.json"),
    "read if present": lambda store: store.read_if_present("format.json"),
    "read many": lambda store: store.read_many(["a.json", "b.json"]),
    "size": lambda store: store.size("a.json"),
}


@pytest.mark.parametrize("reading", READINGS)
def test_a_bucket_that_does_not_exist_is_no_empty_store(reading: str, s3: S3Server) -> None:
    with pytest.raises(StoreUnreachable, match=r"there is no bucket 'no-such-bucket' at .*: check its name"):
        READINGS[reading](Store.open("s3://no-such-bucket/store", **s3.options, **ONCE))


def test_a_host_that_nobody_knows_is_told_at_once_and_not_after_many_tries(s3: S3Server) -> None:
    options = {**s3.options, "endpoint_url": "http://no-such-host.invalid:9000"}
    with pytest.raises(StoreUnreachable, match="no-such-host"):
        Store.open(f"s3://{s3.bucket}/store", **options)


class Refusing(BaseHTTPRequestHandler):
    """Refuses as S3 documents it; the first folder of the path says with which code."""

    def do_GET(self) -> None:
        code = self.path.strip("/").partition("?")[0].partition("/")[0]
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>".encode()
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Nothing: the test asserts what the client makes of it."""


@pytest.fixture
def refusing() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ExpiredToken", "the session token has expired: get new credentials"),
        ("InvalidToken", "the session token is refused"),
        ("AccessDenied", "access is denied: the credentials are known and may not list or read this"),
        ("PermanentRedirect", "the bucket is in another region: set AWS_DEFAULT_REGION"),
    ],
)
def test_codes_that_only_a_larger_service_gives(code: str, expected: str, refusing: str) -> None:
    options = {"key": "k", "secret": "s", "token": "t", "endpoint_url": refusing, **ONCE}
    assert expected in message(f"s3://{code}/a", **options)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("{folder}/picturse", "{folder} is there and has nothing named 'picturse': is 'pictures' meant?"),
        ("{folder}/nothing/at/all", "{folder} is there and has nothing named 'nothing'"),
        ("{folder}/pictures/b.tar", "{folder}/pictures is there and has nothing named 'b.tar': is 'a.tar' meant?"),
        ("/nowhere/at/all", "there is no '/nowhere'"),
        ("file://{folder}/picturse", "is 'pictures' meant?"),
        ("{folder}/s3:/bucket/x", "it was read as a local path: is s3://bucket/x meant?"),
        ("s3:bucket/x", "it was read as a local path: is s3://bucket/x meant?"),
        ("{folder}/s3//bucket/x", "it was read as a local path: is s3://bucket/x meant?"),
        ("S3://bucket/x", "the scheme 'S3' is not known: is s3:// meant?"),
        (" s3://bucket/x", "it was read as a local path: is s3://bucket/x meant?"),
        ("{folder}/dangling", "it is a link that leads to nothing: gone"),
        ("{folder}/pipe", "it is neither a file nor a folder, but a device, a pipe or a socket"),
        ("s4://bucket/x", "the scheme 's4' is not known: is s3:// meant?"),
        ("htps://host/x", "the scheme 'htps' is not known: is https:// meant?"),
        ("{folder}/a\x1b[2J\nb", r"has nothing named 'a\x1b[2J\nb'"),
        ("http://127.0.0.1:{free}/x", "nothing answers at http://127.0.0.1:{free}/x: check host and port"),
        ("http://me:secret@127.0.0.1:{free}/x", "nothing answers at http://127.0.0.1:{free}/x"),
    ],
)
def test_what_is_wrong_with_a_path_or_an_address(url: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.tar").touch()
    (tmp_path / "dangling").symlink_to("gone")
    os.mkfifo(tmp_path / "pipe")
    names = {"folder": tmp_path, "free": free_port()}
    told = message(url.format(**names))
    assert expected.format(**names) in told and "secret" not in told


def test_credentials_in_a_url_are_not_shown() -> None:
    assert shown_url("ftp://me:se:cret@host/a@b") == "ftp://***@host/a@b"


def test_a_host_that_takes_no_connections_is_said_to_be_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        told = message(f"http://127.0.0.1:{listening.getsockname()[1]}/x", client_kwargs={"read_timeout": 0.2})
    assert "does not answer: check host and port, and the network" in told
