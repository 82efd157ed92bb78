"""The cut of a dataset version: the tables that it is made of, kept once and for all as `cuts/<version>.json`.

The file names for each asset and batch the commit in force when the cut was decided. A seal shows that it was altered.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dedup.contamination import SignedBenchmark, SignedQuestions, UnreadBenchmark
from wethink_assets.errors import StoreError, StoreUnreachable, VersionError
from wethink_assets.identity import digest_of
from wethink_assets.storage.faults import NO_FILES
from wethink_assets.storage.records import parse_record
from wethink_assets.storage.seals import FileSeal, seal_of
from wethink_assets.storage.store import Store
from wethink_assets.storage.takedowns import Takedowns

FOLDER = "cuts"
VERSION = re.compile(r"v(\d{4,})")
LOGIC_VERSION = "5"
"""Of the rules by which a cut becomes rows. Cuts that were decided before it was part of them follow those of version 2."""
LOGIC_CHANGES = {
    "3": "answers are compared by what they are read as, questions with their superscripts",
    "4": "the files of a version name the image of each row where trainers look for it",
    "5": "who stays of rows that are the same depends on no order, questions are compared word for word, and alike images go into one split",
}
"""What each version of the rules changed, in words for whoever asks why a version is stale."""
READERS = 16  # commits read at once: each is a small file, perhaps far away
ADDED = frozenset(
    {"retracted", "benchmarks", "questions", "unread", "logic", "splits", "root", "leaves"}
)  # fields that earlier cuts and manifests lack: they count in a seal only where they say something


class CutInput(BaseModel):
    """One table of a cut: an asset over a batch, as of one commit; with the bytes of its files and the seal of the commit, where that had one."""

    model_config = ConfigDict(frozen=True)

    asset: str
    batch: str
    commit: int
    digest: str
    data_version: str
    results: int
    rejections: int
    files: dict[str, FileSeal] = {}
    seal: str = ""

    @model_serializer(mode="wrap")
    def _as_before(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # What earlier cuts lack is not written where it is empty: their seals are over their content as it was.
        return {name: value for name, value in dump(self).items() if value or name not in ("files", "seal")}

    @property
    def folder(self) -> str:
        """Folder of the tables."""
        return f"tables/{self.asset}/{self.batch}/{self.digest}"


class LeftOut(BaseModel):
    """A batch that has tables but is not in the cut."""

    model_config = ConfigDict(frozen=True)

    batch: str
    reason: str


class Cut(BaseModel):
    """The decided manifest of a version: recipe and inputs. `digest` covers what the rows follow from.

    batches: in the order in which they first entered any cut, newest last. Until version 4 of the rules the row of the earlier batch stays of two
    that are equal; since then no order counts.
    known: the same order over all batches of all earlier cuts, whatever their recipes.
    retracted: what had been taken down by then and could touch the cut's batches; the version leaves it out.
    benchmarks: files whose images had been signed by then; the version leaves out rows about them.
    questions: how the questions of these files had been signed, if they had: rows are compared with them; empty in cuts of before they were.
    unread: benchmarks whose files were there and could not be read: rows were not compared with them.
    splits: digest of the splits of images in groups (`cuts.image_splits`); empty where each image goes by itself, as in all cuts of before.
    logic: version of the rules by which it becomes rows; empty in cuts that were decided before answers had types (version 2).
    """

    model_config = ConfigDict(frozen=True)

    version: str
    recipe: CutRecipe
    batches: tuple[str, ...]
    inputs: tuple[CutInput, ...]
    left_out: tuple[LeftOut, ...] = ()
    known: tuple[str, ...] = ()
    retracted: Takedowns = Takedowns()
    benchmarks: tuple[SignedBenchmark, ...] = ()
    questions: tuple[SignedQuestions, ...] = ()
    unread: tuple[UnreadBenchmark, ...] = ()
    logic: str = ""
    splits: str = ""
    digest: str
    created: datetime
    seal: str = ""

    def sealed(self) -> "Cut":
        """The same with the seal of its content."""
        return self.model_copy(update={"seal": seal_of(self, ADDED)})

    @property
    def typed(self) -> bool:
        """Whether answers are compared by their types, and rows say of which they are and what is allowed of them."""
        return bool(self.logic)

    @property
    def logic_version(self) -> str:
        """Version of the rules by which the cut becomes rows."""
        return self.logic or "2"

    @property
    def order_free(self) -> bool:
        """Whether which rows stay follows from the rows alone, in whatever order and number of batches they came."""
        return int(self.logic_version) >= 5

    @property
    def names_images(self) -> bool:
        """Whether the files of rows name images where trainers look for them."""
        return images_are_named(self.logic_version)

    @property
    def has_lookup(self) -> bool:
        """Whether the version says of single rows what it says of all (`versions.lookup`)."""
        return int(self.logic_version) >= 4

    @property
    def has_leaf_list(self) -> bool:
        """Whether the version lists the leaves of its root (`versions.leaf_list`); those of earlier rules keep the files that they had."""
        return int(self.logic_version) >= 5

    @cached_property
    def tables(self) -> dict[str, dict[str, CutInput]]:
        """The tables by batch and asset."""
        tables: dict[str, dict[str, CutInput]] = {batch: {} for batch in self.batches}
        for entry in self.inputs:
            tables[entry.batch][entry.asset] = entry
        return tables


def images_are_named(logic_version: str) -> bool:
    """Whether a version that follows these rules names the image of each row where trainers look for it."""
    return int(logic_version) >= 4


def funnel_adds_up(logic_version: str) -> bool:
    """Whether the card of a version that follows these rules shows its funnel in columns that add up, as it is shown everywhere else."""
    return int(logic_version) >= 5


def version_number(version: str) -> int:
    """3 of `v0003`. Raises `VersionError` on anything that is no version."""
    match = VERSION.fullmatch(version)
    if not match:
        raise VersionError(f"{version!r} is not a dataset version: one looks like v0003")
    return int(match[1])


def version_name(number: int) -> str:
    """`v0003` of 3."""
    return f"v{number:04d}"


def list_cuts(store: Store) -> list[str]:
    """Versions that were decided, built or not, oldest first."""
    names = (name.removesuffix(".json") for name in store.names(FOLDER) if name.endswith(".json"))
    return sorted((name for name in names if VERSION.fullmatch(name)), key=version_number)


def given_versions(store: Store) -> list[str]:
    """Versions whose names were given, oldest first: those that were decided, and those of which only files are left."""
    begun = {name for name in store.names("versions") if VERSION.fullmatch(name)}
    return sorted({*list_cuts(store), *begun}, key=version_number)


def read_cut(store: Store, version: str) -> Cut:
    """The cut of a version. Raises `VersionError` when it was never decided or its file was altered."""
    number = version_number(version)
    path = f"{FOLDER}/{version_name(number)}.json"
    data = read_or_damaged(store, path)
    if data is None:
        raise VersionError(f"there is no version {version} in {store.url}: `wethink versions` lists them")
    try:
        cut = parse_record(store, path, data, Cut)
    except StoreError as error:
        raise VersionError(str(error)) from error
    if cut.seal != cut.sealed().seal or cut.version != version_name(number):
        raise VersionError(f"{store.link(path)} was altered: its seal is not that of its content")
    return cut


def read_or_damaged(store: Store, path: str) -> bytes | None:
    """Bytes of a record of a version, None where there is none.

    Raises `VersionError` where what lies there is no file: that is damage of this version, and others can be read all the same.
    """
    try:
        return store.read_if_present(path)
    except StoreUnreachable as error:
        if error.errno not in NO_FILES:
            raise
        raise VersionError(f"{store.link(path)} is damaged: {str(error).partition(': ')[2]}") from error


def cut_digest(
    recipe: CutRecipe,
    batches: Iterable[str],
    inputs: Iterable[CutInput],
    taken_down: Takedowns | None = None,
    benchmarks: Iterable[SignedBenchmark] = (),
    logic: str = "",
    splits: str = "",
    questions: Iterable[SignedQuestions] = (),
) -> str:
    """sha256 of what the rows of a version follow from."""
    tables = sorted((entry.asset, entry.batch, entry.data_version) for entry in inputs)
    further: list[Any] = [taken_down.model_dump(mode="json")] if taken_down else []
    held_against = [one.model_dump(mode="json") for one in benchmarks]
    further += [{"benchmarks": held_against}] if held_against else []
    asked = [one.model_dump(mode="json") for one in questions]
    further += [{"questions": asked}] if asked else []
    further += [{"logic": logic}] if logic else []
    further += [{"splits": splits}] if splits else []
    return digest_of([recipe.digest, list(batches), tables, *further])


def is_built(store: Store, version: str) -> bool:
    """Whether a version is complete: its manifest is the last file written."""
    return store.exists(f"versions/{version}/manifest.json")
