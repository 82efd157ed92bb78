"""A file that holds no record is named, in one line and without what only the library's authors want."""

from pathlib import Path

import pytest

from wethink_assets.errors import StoreError
from wethink_assets.storage.records import read_record
from wethink_assets.storage.store import Store
from wethink_assets.storage.takedowns import Takedown


@pytest.fixture
def local(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"{", "Invalid JSON"),
        (b"\xff\xfe", "Invalid JSON"),
        (b"[]", "Input should be an object"),
        (b"{}", "kind: Field required, and 2 more like that"),
        (b'{"kind": "image", "name": 3, "created": "2026-01-01T00:00:00Z"}', "name: Input should be a valid string"),
    ],
)
def test_a_file_that_holds_no_record_is_damaged(local: Store, data: bytes, fault: str) -> None:
    local.publish("retractions/image/a.json", data)
    with pytest.raises(StoreError) as raised:
        read_record(local, "retractions/image/a.json", Takedown)
    message = str(raised.value)
    assert message.startswith(f"{local.url}/retractions/image/a.json is damaged: {fault}")
    assert "\n" not in message and "http" not in message


def test_a_file_that_is_absent_is_none(local: Store) -> None:
    assert read_record(local, "retractions/image/a.json", Takedown) is None
