"""Data sets of the hub are listed and read at one commit by the real client; what the hub says no to is told, and an outage rejects nothing."""

import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wethink_assets.errors import SourceError, SourceUnreachable
from wethink_assets.sources.batches import list_batches, revision_of
from wethink_assets.sources.locations import Location
from wethink_assets.sources.registration import Registration, register_source
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.hub_server import TOKEN, HubServer, hub_server
from wethink_assets_tests.support.sources import drawings, ingest_all, reasons_by_item, source_at

URL = "hf://datasets/ann/pictures"
PICTURES = drawings(6)


def table(numbers: range) -> bytes:
    out = io.BytesIO()
    images = [{"bytes": list(PICTURES.values())[number], "path": None} for number in numbers]
    pq.write_table(pa.table({"image": images, "q": ["what?"] * len(images)}), out, row_group_size=1)
    return out.getvalue()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with hub_server() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
        running.repos["ann/pictures"] = {
            "main": {**PICTURES, "README.md": b"# pictures", "data/part.parquet": table(range(3))},
            "v1": dict(list(PICTURES.items())[:2]),
        }
        running.public.add("ann/pictures")
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def registered(store: Store, url: str = URL) -> Registration:
    return register_source(store, source_at(url), 100)


def test_files_and_tables_are_read(hub: HubServer, store: Store) -> None:
    outcome = registered(store)
    assert (outcome.files, dict(outcome.ignored.counts), outcome.refusals) == (9, {"text": 1}, [])
    output = ingest_all(store, source_at(URL))
    assert output.results.height == 6 and set(reasons_by_item(output).values()) == {"already_ingested"}


@pytest.mark.parametrize(("ending", "files"), [("@v1", 2), ("/train", 6), ("/train/00001.png", 1), ("/data", 3)])
def test_a_revision_a_folder_or_a_file(ending: str, files: int, hub: HubServer, store: Store) -> None:
    assert registered(store, URL + ending).files == files


def test_a_batch_is_read_at_the_commit_that_it_was_registered_at(hub: HubServer, store: Store) -> None:
    commit = hub.commit_of("ann/pictures")
    registered(store)
    [batch] = list_batches(store, "mine")
    assert revision_of(store, batch) == commit
    hub.repos["ann/pictures"]["main"] = {"other.png": PICTURES["train/00000.png"]}
    assert ingest_all(store, source_at(URL)).results.height == 6
    assert all(commit in path for path, _ in hub.reads if path.startswith("resolve"))
    outcome = registered(store)
    assert (outcome.files, outcome.vanished) == (1, 9)


def test_another_commit_with_the_same_files_makes_no_batch(hub: HubServer, store: Store) -> None:
    registered(store)
    hub.repos["ann/pictures"]["main"]["README.md"] = b"# other words"
    assert registered(store).batches == []


def test_only_the_row_groups_asked_for_are_fetched(hub: HubServer, store: Store) -> None:
    registered(store)
    ingest_all(store, source_at(URL))
    ranges = [asked for path, asked in hub.reads if path.startswith("resolve") and path.endswith(".parquet")]
    assert ranges and all(asked.startswith("bytes=") for asked in ranges)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("hf://datasets/ann/nothing", "there is no such data set, or it is private: set HF_TOKEN"),
        (f"{URL}@v9", "has no such revision"),
        (f"{URL}/nowhere", "does not exist"),
        ("hf://datasets/ann", "names no data set of the hub"),
        ("hf://ann/model", "names no data set of the hub"),
    ],
)
def test_what_is_not_there_is_told(url: str, words: str, hub: HubServer) -> None:
    with pytest.raises(SourceError, match=words) as caught:
        Location.open(url, {})
    assert not isinstance(caught.value, SourceUnreachable)


def test_tokens_are_of_the_environment(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="HF_TOKEN"):
        Location.open(URL, {"token": TOKEN})
    hub.public.clear()
    with pytest.raises(SourceError, match="it is private: set HF_TOKEN"):
        Location.open(URL, {})
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(SourceError, match="HF_TOKEN") as caught:
        Location.open(URL, {})
    assert "hf_wrong" not in str(caught.value)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert Location.open(URL, {}).revision == hub.commit_of("ann/pictures")


def test_a_gated_data_set_is_called_one(hub: HubServer, store: Store) -> None:
    hub.gated.add("ann/pictures")
    with pytest.raises(SourceError, match="gated: accept its terms"):
        registered(store)


@pytest.mark.parametrize(("status", "words"), [(429, "fewer requests"), (500, "status 500"), (503, "status 503")])
def test_an_outage_while_listing_is_one(status: int, words: str, hub: HubServer, store: Store) -> None:
    hub.faults = [status] * 50
    with pytest.raises(SourceUnreachable, match=words):
        registered(store)
    hub.faults = []
    assert registered(store).files == 9


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_outage_while_reading_rejects_nothing(status: int, hub: HubServer, store: Store) -> None:
    registered(store)
    location = Location.open(URL, {})
    hub.faults = [status] * 200
    with pytest.raises(SourceUnreachable):
        location.read("train/00000.png", lambda info: None)
    hub.faults = []
    output = ingest_all(store, source_at(URL))
    assert output.results.height == 6


def test_a_passing_fault_is_tried_again(hub: HubServer, store: Store) -> None:
    registered(store)
    location = Location.open(URL, {})
    info = location.file_or_parts("train/00000.png")
    hub.faults = [503, 503]
    assert location.read(info[0].path, lambda now: None) == PICTURES["train/00000.png"]


def test_a_hub_that_is_away_is_an_outage(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(SourceUnreachable, match="HF_ENDPOINT"):
        Location.open(URL, {})
