"""Erasure: deletion of what is kept of a taken-down image, which is its blob, the models' replies about it, its rows in the stage tables,
and what edits by hand say of them.

Versions are not edited: their `rows.parquet` keeps the texts, which listings, cards and exports leave out. Every stage table that changes
is named in a record of the erasure with the data version that it has since, so that `verify` says "retracted" and not "altered". The tables in
force get new commits without the image, whose file becomes a rejection with the reason `retracted`: every stage closes as before, and
nothing else of the batch has to be made again.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import polars as pl

from wethink_assets.dataset.inventory.sealing import seal_after, seal_batch
from wethink_assets.dataset.takedown.takedown import Subject
from wethink_assets.dedup.link_files import forget_signatures
from wethink_assets.identity import data_version, digest_of, sha256_hex
from wethink_assets.sources.batches import source_of
from wethink_assets.sources.imported_pairs import forget_images
from wethink_assets.stages.order import stage_names
from wethink_assets.stages.output import StageOutput, rejections
from wethink_assets.storage.edits import FOLDER as EDITS
from wethink_assets.storage.edits import TableEdit
from wethink_assets.storage.erasures import ERASED, Erasure
from wethink_assets.storage.journal.files import write_part
from wethink_assets.storage.journal.journal import journal_folder, journaled_calls
from wethink_assets.storage.lease import leased
from wethink_assets.storage.records import create_record, read_record, replace_record
from wethink_assets.storage.store import Store
from wethink_assets.storage.table_files import output_files
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets.storage.takedowns import READERS, Takedowns

__all__ = ["Erasure", "erase", "held_images"]


def held_images(store: Store, subject: Subject) -> dict[str, list[str]]:
    """Images that a subject covers, by the batch that holds them; tables that are no longer in force count too."""
    covered = subject.as_takedowns()
    batches = store.names("tables/images")
    if subject.kind == "source":
        batches = [batch for batch in batches if source_of(batch) == subject.name]
    with ThreadPoolExecutor(READERS) as pool:
        held = dict(zip(batches, pool.map(lambda batch: _covered(store, batch, covered), batches), strict=True))
    return {batch: images for batch, images in held.items() if images}


def _covered(store: Store, batch: str, covered: Takedowns) -> list[str]:
    images: set[str] = set()
    for folder in table_folders(store, "images", batch):
        table = store.scan_parquet(f"{folder}/results.parquet")
        images |= set(table.filter(covered.covers(table)).select("image_id").collect()["image_id"])
    return sorted(images)


def table_folders(store: Store, asset: str, batch: str) -> Iterator[str]:
    """Folders of all tables that a stage ever published over a batch."""
    for name in store.names(f"tables/{asset}/{batch}"):
        if name != "commits":
            yield f"tables/{asset}/{batch}/{name}"


def erase(store: Store, subject: Subject, progress: Callable[[int, int], None] | None = None) -> list[Erasure]:
    """Delete what is kept of all images that a subject covers, batch by batch; safe to repeat after it was cut short.

    The subject must have been taken down before, or ingestion would take the images in again. Do not run stages over the batches
    meanwhile: a run waits for the leases held here, but one that has asked its models already publishes what it has.

    Returns one record per batch where anything was left to delete.
    """
    held = held_images(store, subject)
    done = []
    for number, (batch, images) in enumerate(held.items(), 1):
        made = _erase_batch(store, batch, images)
        if made:
            done.append(made)
            seal_batch(store, batch, command="wethink retract")
            replies = [journal_folder(stage, batch) for stage in _kept(store, "journal")]
            seal_after(store, [*replies, *made.blobs, ERASED], command="wethink retract", removed=True)
        if progress:
            progress(number, len(held))
    store.sync()  # what is erased stays so, also after a power cut
    return done


def _erase_batch(store: Store, batch: str, images: list[str]) -> Erasure | None:
    replies = sum(_erase_replies(store, stage, batch, images) for stage in _kept(store, "journal"))
    forget_images(store, batch, images)
    forget_signatures(store, images)
    current = _commit_without(store, batch, images)
    edits = _edits_about(store, batch, images)
    rewritten = {}
    for asset in _kept(store, "tables"):
        for folder in table_folders(store, asset, batch):
            before = _output(store, folder)
            after = _without(before, images)
            if folder not in current and (
                after.results.height < before.results.height or after.rejections.height < before.rejections.height
            ):
                rewritten[folder] = after
    blobs = [path for image in images for path in _blobs(store, image)]
    if not (rewritten or blobs or replies or edits):
        return None
    files = {path: data for folder, left in rewritten.items() for path, data in output_files(folder, left).items()}
    made = Erasure(
        batch=batch,
        images=tuple(images),
        blobs=tuple(blobs),
        replies=replies,
        tables={folder: data_version(left.results, left.rejections) for folder, left in rewritten.items()}
        | {path: edit.digest for path, edit in edits.items()},
        files={path: sha256_hex(data) for path, data in files.items()},
        created=datetime.now(UTC),
    )
    # The record first: whenever this stops, a table is as it was, as the record says, or found again by the next call.
    create_record(store, f"{ERASED}/{batch}-{digest_of(made.model_dump(mode='json'))[:16]}.json", made)
    for path, data in files.items():
        store.publish(path, data)
    for path, edit in edits.items():
        replace_record(store, path, edit)
    for path in blobs:
        store.delete(path)
    return made


def _edits_about(store: Store, batch: str, images: list[str]) -> dict[str, TableEdit]:
    """Records of edits by hand that speak of the images, by path, each without what it says of them."""
    edits = {}
    for asset in _kept(store, EDITS):
        for path in store.files(f"{EDITS}/{asset}/{batch}"):
            before = read_record(store, path, TableEdit)
            after = before and before.without(frozenset(images))
            if after is not None and after is not before:
                edits[path] = after
    return edits


def _kept(store: Store, folder: str) -> list[str]:
    """All stages that tables or replies are kept of, also those that are no longer registered."""
    return list(dict.fromkeys([*stage_names(), *store.names(folder)]))


def _output(store: Store, folder: str) -> StageOutput:
    return StageOutput(
        store.read_parquet(f"{folder}/results.parquet"), store.read_parquet(f"{folder}/rejections.parquet")
    )


def _without(output: StageOutput, images: list[str]) -> StageOutput:
    # Items of stages after `images` are image ids and slots, which begin with one.
    about = pl.col("item").str.split(":").list.first().is_in(images)
    return StageOutput(
        output.results.filter(~pl.col("image_id").is_in(images)), output.rejections.filter(~about.fill_null(False))
    )


def _commit_without(store: Store, batch: str, images: list[str]) -> set[str]:
    """Publish the tables in force without the images; returns the folders that are in force then."""
    tables = Tables(store)
    versions: dict[str, tuple[str, str]] = {}
    folders = set()
    for asset in stage_names():
        commit = tables.current(asset, batch)
        if commit is None:
            continue
        before = tables.load_made(commit)  # whose edit is laid over it again
        after = _without(before, images)
        if asset == "images":
            gone = before.results.filter(pl.col("image_id").is_in(images)).select("item", "image_id")
            refused = [
                {"item": item, "stage": asset, "reason": "retracted", "detail": f"sha256 {image} was taken down"}
                for item, image in gone.iter_rows()
            ]
            after = StageOutput(after.results, rejections([*after.rejections.iter_rows(named=True), *refused]))
        inputs = {
            upstream: versions[upstream][1] if upstream in versions and version == versions[upstream][0] else version
            for upstream, version in commit.inputs.items()
        }
        provenance = {**commit.model_dump(include=set(Provenance.model_fields)), "inputs": inputs}
        published = tables.publish(asset, batch, after, Provenance(**provenance))
        versions[asset] = (commit.data_version, published.data_version)
        folders |= {published.folder, published.made_folder}
    return folders


def _blobs(store: Store, image: str) -> list[str]:
    folder = f"blobs/{image[:2]}"
    return [f"{folder}/{name}" for name in store.names(folder) if name.partition(".")[0] == image]


def _erase_replies(store: Store, stage: str, batch: str, images: list[str]) -> int:
    """Take the replies about images out of a journal; those that rows of other images were made from too stay."""
    folder = journal_folder(stage, batch)
    parts = [name for name in store.names(folder) if name.startswith(("part-", "damaged-"))]
    if not parts:
        return 0
    with leased(store, folder) as lease:
        calls = journaled_calls(store, stage, batch)
        about = pl.col("item").str.split(":").list.first().is_in(images)
        kept = calls.filter(~about | pl.col("key").is_in(_keys_of_others(store, stage, batch, images)))
        if kept.height == calls.height and not any(name.startswith("damaged-") for name in parts):
            return 0
        lease.require()
        before = [name for name in store.names(folder) if name.startswith(("part-", "damaged-"))]
        if not kept.is_empty():
            write_part(store, folder, kept)  # whole before anything goes
        for name in reversed(before):
            store.delete(f"{folder}/{name}")
        return calls.height - kept.height


def _keys_of_others(store: Store, stage: str, batch: str, images: list[str]) -> list[str]:
    keys: set[str] = set()
    for folder in table_folders(store, stage, batch):
        table = store.scan_parquet(f"{folder}/results.parquet").filter(~pl.col("image_id").is_in(images))
        keys |= set(table.select(pl.col("calls").explode().unique()).collect()["calls"].drop_nulls())
    return sorted(keys)
