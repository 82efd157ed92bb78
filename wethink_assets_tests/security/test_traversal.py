"""No name that somebody chooses leads out of the store, of an archive or of a folder: ten thousand names of a seeded generator."""

import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.config.budgets import budget_name
from wethink_assets.config.data import source_name
from wethink_assets.config.evaluation import benchmark_name, scored_model_name
from wethink_assets.config.servers import server_name
from wethink_assets.config.training import recipe_name
from wethink_assets.dataset.cuts.cut import version_number
from wethink_assets.dataset.versions.manifest import read_manifest, version_folder
from wethink_assets.dataset.versions.releases import release_history, release_version, resolve_version
from wethink_assets.errors import WeThinkError
from wethink_assets.sources.batches import batch_path, read_membership, split_batch_key
from wethink_assets.sources.readers.entries import unsafe_name
from wethink_assets.sources.registration import register_source
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.catalog import read_policy, split_key
from wethink_assets_tests.support.hostile_names import hostile_names
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.sources import ingest_all, source_at, tar_of, write_files, zip_of

COUNT = 10_000
NAMES = tuple(hostile_names(COUNT))
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


def stays_below(path: str) -> bool:
    """Whether a path stays below the folder that it is joined to, also where backslashes part names."""
    joined = (posixpath.normpath(posixpath.join("/folder/store", each)) for each in (path, path.replace("\\", "/")))
    return "\0" not in path and all(each == "/folder/store" or each.startswith("/folder/store/") for each in joined)


@pytest.mark.parametrize(
    "check",
    [source_name, budget_name, recipe_name, server_name, benchmark_name, scored_model_name],
    ids=lambda check: check.__name__,
)
def test_a_name_that_is_taken_is_one_plain_part_of_a_path(check: Callable[[str], Any]) -> None:
    taken = 0
    for name in NAMES:
        try:
            check(name)
        except ValueError:
            continue
        taken += 1
        assert SAFE.fullmatch(name) and stays_below(name) and "/" not in name, repr(name)
    assert 0 < taken < COUNT / 2


def test_keys_and_versions_lead_to_paths_below_the_store() -> None:
    taken = 0
    for name in NAMES:
        for key in (name, f"{name}.000001"):
            try:
                source, _ = split_batch_key(key)
            except WeThinkError:
                continue
            taken += 1
            assert SAFE.fullmatch(source) and stays_below(batch_path(key)), repr(key)
        try:
            version_number(name)
        except WeThinkError:
            continue
        assert stays_below(version_folder(name)) and "\n" not in name, repr(name)
    assert taken > 50


def test_members_of_archives_that_are_taken_stay_in_their_folder() -> None:
    taken = [name for name in NAMES if unsafe_name(name) is None]
    assert len(taken) > 1000
    assert [name for name in taken if not stays_below(name)] == []


def uses(store: Store, name: str) -> tuple[Callable[[], Any], ...]:
    """A name at each place where one leads to a path."""
    return (
        lambda: store.read_if_present(f"a/{name}"),
        lambda: read_policy(store, name),
        lambda: read_manifest(store, name),
        lambda: read_membership(store, name),
        lambda: release_history(store, name),
        lambda: resolve_version(store, name),
        lambda: release_version(store, name, name),
        lambda: release_version(store, "v0001", name),
        lambda: split_key(name),
    )


def outcome(call: Callable[[], Any]) -> Any:
    """What a call gives; None where it refuses."""
    try:
        return call()
    except (WeThinkError, UnicodeError):
        return None


def test_nothing_is_read_or_written_outside_of_the_store(tmp_path: Path) -> None:
    """Each name at each place of the store's own functions, whether or not its caller checked it."""
    store = Store.open(str(tmp_path / "a/b/store"))
    for depth in ("", "a/", "a/b/"):  # what a name that leads out would find
        (tmp_path / f"{depth}etc").mkdir(parents=True)
        (tmp_path / f"{depth}manifest.json").write_text("{}")
        (tmp_path / f"{depth}passwd").write_text("secret")
    before = set(tmp_path.rglob("*"))
    for number, name in enumerate(NAMES):
        try:
            outside = store.path(name)
        except WeThinkError:
            outside = ""
        assert not outside or posixpath.normpath(outside).startswith(store.root), repr(name)
        if number % 20:
            continue
        found = [got for call in uses(store, name) if (got := outcome(call)) is not None]
        assert b"secret" not in found and not [one for one in found if getattr(one, "version", None)], repr(name)
        try:
            store.publish(f"notes/{name[:100]}/x", b"1")
        except (WeThinkError, UnicodeError, OSError):
            continue
    written = set(tmp_path.rglob("*")) - before
    assert written and all(path.is_relative_to(tmp_path / "a/b/store") for path in written)


@pytest.mark.parametrize("packed", [zip_of, tar_of], ids=["zip", "tar"])
def test_archives_write_nothing_elsewhere(packed: Callable[..., bytes], tmp_path: Path) -> None:
    names = [
        name
        for name in NAMES[:400]
        if name and "\0" not in name and name.isprintable() and name.strip("/.\\ ") and len(name) < 200
    ]
    members = {f"{name}.png": drawing(number) for number, name in enumerate(dict.fromkeys(names[:60]))}
    write_files(tmp_path / "in/deep/source", {"images.zip" if packed is zip_of else "images.tar": packed(members)})
    store = Store.open(str(tmp_path / "in/deep/store"))
    before = set(tmp_path.rglob("*"))
    source = source_at(tmp_path / "in/deep/source")
    registration = register_source(store, source, 1000)
    output = ingest_all(store, source)
    images, rejected = output.results, output.rejections
    assert all(path.is_relative_to(tmp_path / "in/deep/store") for path in {*tmp_path.rglob("*")} - before)
    assert registration.refused > 5 and images.height > 5 and not rejected.height
