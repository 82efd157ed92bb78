"""A store that a later release wrote is read and never written; a server on which two could make the same file is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from wethink_assets.errors import StoreError
from wethink_assets.storage.store import Store
from wethink_assets.storage.store_format import FORMAT, PATH, StoreFormat
from wethink_assets_tests.support.careless_s3 import careless_s3


def later(store: Store) -> Store:
    """The store after a later release wrote to it, as a process opens it that has not seen it before."""
    record = StoreFormat(format=FORMAT + 1, release="9.9.0").model_dump_json().encode()
    store.fs.pipe_file(store.path(PATH), record)
    return Store.open(f"{store.url}/", **dict(store.fs.storage_options))


WRITES: dict[str, Callable[[Store, Path], object]] = {
    "create": lambda store, _: store.create("a", b"1"),
    "publish": lambda store, _: store.publish("kept", b"1"),
    "publish_file": lambda store, file: store.publish_file("a", file),
    "delete": lambda store, _: store.delete("kept"),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_store_of_a_later_release_is_read_and_not_written(store: Store, tmp_path: Path, write: str) -> None:
    store.fs.pipe_file(store.path("kept"), b"kept") if not store.local else _keep(store)
    newer, file = later(store), tmp_path / "file"
    file.write_bytes(b"file")
    with pytest.raises(StoreError, match=r"has format 2 since wethink 9\.9\.0 .* upgrade it here; nothing was written"):
        WRITES[write](newer, file)
    assert newer.read("kept") == b"kept" and newer.names("") == [PATH, "kept"]


def _keep(store: Store) -> None:
    Path(store.root).mkdir(parents=True, exist_ok=True)
    Path(store.root, "kept").write_bytes(b"kept")


def test_a_record_that_is_no_format_lets_nothing_be_written(tmp_path: Path) -> None:
    (tmp_path / PATH).write_bytes(b'{"format": ')
    with pytest.raises(StoreError, match=r"format\.json is damaged"):
        Store.open(str(tmp_path)).publish("a", b"1")


def test_a_server_that_ignores_conditional_puts_is_refused_and_one_that_honours_them_asked_once(store: Store) -> None:
    if store.local:
        assert store.create("a", b"1") and store.names("") == ["a"]
        return
    assert store.create("a", b"1")
    record = StoreFormat.model_validate_json(store.read(PATH))
    assert (record.format, record.conditional_puts.endswith(store.url)) == (FORMAT, True)
    with careless_s3() as (address, objects):
        careless = Store.open("s3://bucket/prefix", key="a", secret="b", endpoint_url=address)
        for _ in range(2):
            with pytest.raises(StoreError, match="ignores conditional puts"):
                careless.create("a", b"1")
        assert objects == {}
