"""Which tables a dataset version is made of: decided once, numbered, and never changed.

`cuts/<version>.json` is created only if absent, which allocates the number, and names for each asset and batch the
commit in force when the cut was decided. A batch belongs to a cut only whole: all stages done, each from the tables
that are in force upstream of it.
"""

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from pydantic import BaseModel, ConfigDict

from wethink_assets.dataset.recipe import CutRecipe
from wethink_assets.dataset.taken_down import touching
from wethink_assets.errors import SourceError, StoreError, VersionError
from wethink_assets.identity import digest_of
from wethink_assets.sources.batches import split_batch_key
from wethink_assets.storage.retracted import Retractions, retracted
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables

ASSETS = ("images", "descriptions", "questions", "answers", "reasoning_paths", "signatures")
FOLDER = "cuts"
VERSION = re.compile(r"v(\d{4,})")
READERS = 16  # commits read at once: each is a small file, perhaps far away
ADDED = ("retracted",)  # fields that earlier cuts lack: they count in a seal only where they say something


class CutInput(BaseModel):
    """One table of a cut: an asset over a batch, as of one commit."""

    model_config = ConfigDict(frozen=True)

    asset: str
    batch: str
    commit: int
    digest: str
    data_version: str
    results: int
    rejections: int

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

    batches: in the order in which they first entered any cut, newest last. Of two equal rows the one of the earlier batch stays,
    so a new batch never displaces a row of an earlier version.
    known: the same order over all batches of all earlier cuts, whatever their recipes.
    retracted: what had been taken down by then and could touch the cut's batches; the version leaves it out.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    recipe: CutRecipe
    batches: tuple[str, ...]
    inputs: tuple[CutInput, ...]
    left_out: tuple[LeftOut, ...] = ()
    known: tuple[str, ...] = ()
    retracted: Retractions = Retractions()
    digest: str
    created: datetime
    seal: str = ""

    @cached_property
    def tables(self) -> dict[str, dict[str, CutInput]]:
        """The tables by batch and asset."""
        found: dict[str, dict[str, CutInput]] = {batch: {} for batch in self.batches}
        for entry in self.inputs:
            found[entry.batch][entry.asset] = entry
        return found


@dataclass(frozen=True, slots=True)
class NothingNew:
    """The newest version of the recipe holds all there is: no new version was made."""

    version: str
    batches: int
    left_out: tuple[LeftOut, ...]


def version_number(version: str) -> int:
    """3 of `v0003`. Raises `VersionError` on anything that is no version."""
    match = VERSION.fullmatch(version)
    if not match:
        raise VersionError(f"{version!r} is no dataset version: one looks like v0003")
    return int(match[1])


def version_name(number: int) -> str:
    """`v0003` of 3."""
    return f"v{number:04d}"


def list_cuts(store: Store) -> list[str]:
    """Versions that were decided, built or not, oldest first."""
    names = (name.removesuffix(".json") for name in store.names(FOLDER) if name.endswith(".json"))
    return sorted((name for name in names if VERSION.fullmatch(name)), key=version_number)


def read_cut(store: Store, version: str) -> Cut:
    """The cut of a version. Raises `VersionError` when it was never decided or its file was altered."""
    number = version_number(version)
    path = f"{FOLDER}/{version_name(number)}.json"
    data = store.read_if_present(path)
    if data is None:
        raise VersionError(f"there is no version {version} in {store.url}: `wethink versions` lists them")
    try:
        cut = Cut.model_validate_json(data)
    except ValueError as error:
        raise VersionError(f"{store.link(path)} is damaged: {error}") from error
    if cut.seal != seal_of(cut) or cut.version != version_name(number):
        raise VersionError(f"{store.link(path)} was altered: its seal is not that of its content")
    return cut


def seal_of(document: BaseModel) -> str:
    """sha256 over all of a cut or a manifest but its field `seal`: shows that the file was altered."""
    silent = {name for name in ADDED if not getattr(document, name, None)}
    return digest_of(document.model_dump(mode="json", exclude={"seal"} | silent))


def cut_digest(
    recipe: CutRecipe, batches: Iterable[str], inputs: Iterable[CutInput], taken_down: Retractions | None = None
) -> str:
    """sha256 of what the rows of a version follow from."""
    tables = sorted((entry.asset, entry.batch, entry.data_version) for entry in inputs)
    further = [taken_down.model_dump(mode="json")] if taken_down else []
    return digest_of([recipe.digest, list(batches), tables, *further])


def is_built(store: Store, version: str) -> bool:
    """Whether a version is complete: its manifest is the last file written."""
    return store.exists(f"versions/{version}/manifest.json")


def decide_cut(store: Store, recipe: CutRecipe) -> Cut | NothingNew:
    """Choose what the next version is made of, and take its number.

    The same recipe over the same tables, with nothing more taken down, gives no second cut: `NothingNew` names the version that has
    them, or, where that version was decided but never built (a build was killed), its cut is returned again. Two callers at once get
    different numbers, or the same cut when they decided the same.

    Raises `VersionError` when no batch is complete.
    """
    commits, left_out = _whole_batches(store, recipe)
    if not commits:
        told = "; ".join(f"{entry.batch}: {entry.reason}" for entry in left_out[:3])
        raise VersionError(
            f"there is nothing to cut: no batch of the recipe has all stages done{f' ({told})' if told else ''}"
        )
    inputs = tuple(_input(commit) for batch in sorted(commits) for commit in commits[batch])
    taken_down = touching(store, retracted(store), commits)
    while True:
        existing = list_cuts(store)
        known = read_cut(store, existing[-1]).known if existing else ()
        batches, known = _ordered(commits, known)
        digest = cut_digest(recipe, batches, inputs, taken_down)
        latest = _latest(store, existing, recipe)
        if latest and latest.digest == digest:
            if is_built(store, latest.version):
                return NothingNew(latest.version, len(batches), left_out)
            return latest
        cut = Cut(
            version=version_name(version_number(existing[-1]) + 1 if existing else 1),
            recipe=recipe,
            batches=batches,
            inputs=inputs,
            left_out=left_out,
            known=known,
            retracted=taken_down,
            digest=digest,
            created=datetime.now(UTC),
        )
        cut = cut.model_copy(update={"seal": seal_of(cut)})
        if store.create(f"{FOLDER}/{cut.version}.json", cut.model_dump_json(indent=1).encode()):
            return cut


def latest_cut(store: Store, recipe: CutRecipe) -> Cut | None:
    """The newest cut of a recipe, built or not; None before the first."""
    return _latest(store, list_cuts(store), recipe)


def whole_inputs(store: Store, recipe: CutRecipe) -> dict[str, CutInput]:
    """The reasoning paths in force of every batch that could be cut now, by batch."""
    commits, _ = _whole_batches(store, recipe)
    return {batch: _input(c) for batch, found in commits.items() for c in found if c.asset == "reasoning_paths"}


def _input(commit: Commit) -> CutInput:
    return CutInput(
        asset=commit.asset,
        batch=commit.batch,
        commit=commit.number,
        digest=commit.digest,
        data_version=commit.data_version,
        results=commit.results,
        rejections=commit.rejections,
    )


def _ordered(commits: dict[str, list[Commit]], known: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    fresh = sorted(set(commits) - set(known), key=lambda batch: (split_batch_key(batch)[1], batch))
    order = (*known, *fresh)
    return tuple(batch for batch in order if batch in commits), order


def _latest(store: Store, versions: list[str], recipe: CutRecipe) -> Cut | None:
    for version in reversed(versions):
        cut = read_cut(store, version)
        if cut.recipe.digest == recipe.digest:
            return cut
    return None


def _whole_batches(store: Store, recipe: CutRecipe) -> tuple[dict[str, list[Commit]], tuple[LeftOut, ...]]:
    """Commits in force of every batch that can be cut, and the batches that cannot, with the reason."""
    batches = [batch for batch in store.names("tables/images") if _wanted(batch, recipe)]
    tables = Tables(store)
    whole: dict[str, list[Commit]] = {}
    left_out = []
    with ThreadPoolExecutor(READERS) as pool:
        for batch, found in zip(batches, pool.map(lambda batch: _commits(tables, batch), batches), strict=True):
            if isinstance(found, str):
                left_out.append(LeftOut(batch=batch, reason=found))
            else:
                whole[batch] = found
    return whole, tuple(left_out)


def _wanted(batch: str, recipe: CutRecipe) -> bool:
    try:
        source, _ = split_batch_key(batch)
    except SourceError:
        return False
    return not recipe.sources or source in recipe.sources


def _commits(tables: Tables, batch: str) -> list[Commit] | str:
    """Commits in force of a batch, or why it cannot be cut."""
    commits: dict[str, Commit] = {}
    for asset in ASSETS:
        try:
            commit = tables.current(asset, batch)
        except StoreError as error:
            return str(error)
        if commit is None:
            return f"{asset} not materialized yet"
        commits[asset] = commit
    for asset, commit in commits.items():
        for upstream, version in commit.inputs.items():
            if upstream in commits and commits[upstream].data_version != version:
                return f"{asset} is older than its {upstream}: materialize it again"
    return list(commits.values())
