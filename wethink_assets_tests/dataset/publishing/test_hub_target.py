"""A push to the hub is one commit, goes on from what was staged, and says what is wrong, without the token."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wethink_assets.dataset.exports.checksums import SUMS, sums_of, write_sums
from wethink_assets.dataset.publishing.push import push, target_of
from wethink_assets.errors import ConfigError, StoreError, VersionError
from wethink_assets_tests.support.hub_server import TOKEN, HubServer, hub_server

URL = "hf://datasets/ann/rows"
PROGRAM = """
import sys
from pathlib import Path
from wethink_assets.dataset.publishing.push import push, target_of
push(Path(sys.argv[2]), target_of(sys.argv[1]), progress=lambda done, total: print(done, flush=True))
"""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with hub_server() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in the form of an export: 8 large files, and small ones."""
    made = tmp_path / "export"
    for number in range(8):
        path = made / f"images/{number % 3}/{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(20_000))
    (made / "README.md").write_text("# rows\n")
    write_sums(made, sums_of(made))
    return made


@pytest.mark.parametrize("url", [URL, f"{URL}@v1"])
def test_an_export_is_one_commit(hub: HubServer, folder: Path, url: str) -> None:
    assert push(folder, target_of(url), dry_run=True).sent == 10
    assert hub.repos == {}
    done = push(folder, target_of(url))
    assert (done.sent, done.complete, len(hub.commits), len(hub.uploads)) == (10, True, 1, 8)
    files = hub.repos["ann/rows"][url.partition("@")[2] or "main"]
    assert {name: data for name, data in files.items() if name != ".gitattributes"} == {
        name: (folder / name).read_bytes() for name in sums_of(folder)
    }
    assert push(folder, target_of(url)).kept == 10
    assert len(hub.commits) == 1


def test_a_killed_push_goes_on_from_what_was_staged(hub: HubServer, folder: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, URL, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(4):
        process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert hub.commits == [] and len(hub.uploads) >= 3
    push(folder, target_of(URL))
    assert len(hub.commits) == 1
    assert sorted(hub.uploads) == sorted(set(hub.uploads)), "nothing is sent twice"


def test_other_contents_are_replaced_only_when_asked(hub: HubServer, folder: Path) -> None:
    push(folder, target_of(URL))
    (folder / "images/0/0.png").write_bytes(os.urandom(20_000))
    (folder / "images/1/1.png").unlink()
    (folder / SUMS).unlink()
    write_sums(folder, sums_of(folder))
    with pytest.raises(VersionError, match="complete with other contents"):
        push(folder, target_of(URL))
    done = push(folder, target_of(URL), replace=True)
    assert (done.sent, done.kept, done.removed, len(hub.commits)) == (2, 7, 1, 2)
    assert hub.repos["ann/rows"]["main"].keys() - {".gitattributes"} == set(sums_of(folder))


@pytest.mark.parametrize(
    ("status", "words"), [(402, "quota"), (403, "may not write"), (413, "quota"), (418, "status 418")]
)
def test_what_the_hub_refuses_is_said(hub: HubServer, folder: Path, status: int, words: str) -> None:
    hub.status = status
    with pytest.raises(StoreError, match=words) as refused:
        push(folder, target_of(URL))
    assert TOKEN not in str(refused.value)


def test_tokens_and_places_that_are_wrong_are_said(
    hub: HubServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(StoreError, match="token in HF_TOKEN is refused") as refused:
        push(folder, target_of(URL))
    assert "hf_wrong" not in str(refused.value)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(ConfigError, match="set HF_TOKEN"):
        target_of(URL)
    with pytest.raises(ConfigError, match="hf://datasets/owner/name"):
        target_of("hf://models/ann/rows")
