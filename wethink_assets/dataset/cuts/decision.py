"""Decision of the next cut: which batches and tables the next version is made of, and how many verified rows wait for it.

`cuts/<version>.json` is created only if absent, which allocates the number. A batch belongs to a cut only whole: all stages done, each from
the tables that are in force upstream of it.
"""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from uuid import uuid4

from wethink_assets.config import Settings
from wethink_assets.dataset.cuts.cut import (
    FOLDER,
    LOGIC_VERSION,
    READERS,
    Cut,
    CutInput,
    LeftOut,
    cut_digest,
    given_versions,
    is_built,
    list_cuts,
    read_cut,
    version_name,
    version_number,
)
from wethink_assets.dataset.cuts.image_splits import keep_splits
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.lineage.openlineage.emission import ended, outcome, started
from wethink_assets.dataset.lineage.openlineage.events import LineageRun, TableReference
from wethink_assets.dataset.takedown.takedown import takedowns_touching
from wethink_assets.dedup.contamination import UnreadBenchmark, questions_of, signed_benchmarks
from wethink_assets.errors import ConfigError, VersionError
from wethink_assets.planning.staleness import is_closed, older_inputs, unread_inputs
from wethink_assets.sources.batches import source_of, split_batch_key
from wethink_assets.sources.catalog import sources_of
from wethink_assets.stages.order import provider_of, stage_names
from wethink_assets.storage.records import create_record
from wethink_assets.storage.rerun_marks import marked_batches
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables
from wethink_assets.storage.takedowns import takedowns_of

VERIFIED = "reasoning_paths"
CUTS = "cuts"  # the asset


def new_verified_rows(store: Store, recipe: CutRecipe) -> int:
    """Rows with a checked reasoning path in batches that the newest cut of the recipe lacks, or has in another state.

    Only commits are read. What of these rows are duplicates shows when the version is built; a batch that was synthesized again counts
    with all its rows.
    """
    newest = latest_cut(store, recipe)
    inputs = whole_inputs(store, recipe)
    return sum(entry.results for batch, entry in inputs.items() if _version(newest, batch) != entry.data_version)


def _version(cut: Cut | None, batch: str) -> str:
    tables: Mapping[str, CutInput] = cut.tables.get(batch, {}) if cut else {}
    verified = provider_of(VERIFIED, tables)
    return tables[verified].data_version if verified in tables else ""


@dataclass(frozen=True, slots=True)
class NothingNew:
    """The newest version of the recipe holds all there is: no new version was made."""

    version: str
    batches: int
    left_out: tuple[LeftOut, ...]


def decide_cut(store: Store, recipe: CutRecipe, unread: Sequence[UnreadBenchmark] = ()) -> Cut | NothingNew:
    """Choose what the next version is made of, and take its number.

    unread: benchmarks that nothing could be compared with, for the card to say so.

    The same recipe over the same tables by the same rules, with nothing more taken down and no further benchmark signed, gives no second
    cut: `NothingNew` names the version that has them, or, where that version was decided but never built (a build was killed), its cut is
    returned again. Two callers at once get different numbers, or the same cut when they decided the same.

    Raises `VersionError` when no batch is complete, `StoreError` for a commit that is damaged or altered.
    """
    began = datetime.now(UTC)
    try:
        decided = _decide(store, recipe, tuple(unread))
    except Exception as error:
        failed = LineageRun(job=CUTS, partition="undecided", own_id=uuid4().hex)
        started(store, failed, tuple, began)
        ended(store, failed, error)
        raise
    if isinstance(decided, Cut):
        run = LineageRun(job=CUTS, partition=decided.version, own_id=decided.digest, code_version=LOGIC_VERSION)
        started(store, run, lambda: _tables_of(decided), began)
        outcome(store, run, lambda: _tables_of(decided), lambda: [_file_of(decided)])
    return decided


def _tables_of(cut: Cut) -> list[TableReference]:
    return [
        TableReference(path=f"tables/{entry.asset}/{entry.batch}", data_version=entry.data_version, rows=entry.results)
        for entry in cut.inputs
    ]


def _file_of(cut: Cut) -> TableReference:
    return TableReference(path=f"{FOLDER}/{cut.version}.json", data_version=cut.digest)


def _decide(store: Store, recipe: CutRecipe, unread: tuple[UnreadBenchmark, ...]) -> Cut | NothingNew:
    commits, left_out = _whole_batches(store, recipe)
    if not commits:
        reasons = "; ".join(f"{entry.batch}: {entry.reason}" for entry in left_out[:3])
        raise VersionError(
            f"there is nothing to cut: no batch of the recipe has all stages done{f' ({reasons})' if reasons else ''}"
        )
    inputs = tuple(_input(commit) for batch in sorted(commits) for commit in commits[batch])
    taken_down = takedowns_touching(store, takedowns_of(store), commits)
    benchmarks = signed_benchmarks(store, recipe.comparison)
    questions = questions_of(store, benchmarks)
    splits = keep_splits(store, recipe, [entry for entry in inputs if entry.asset == provider_of("images")])
    while True:
        # Numbers first: a cut that another caller makes after this is among the cuts then, or has the number that is tried below.
        given = given_versions(store)
        existing = list_cuts(store)
        known = read_cut(store, existing[-1]).known if existing else ()
        batches, known = _ordered(commits, known)
        digest = cut_digest(recipe, batches, inputs, taken_down, benchmarks, LOGIC_VERSION, splits, questions)
        latest = _latest(store, existing, recipe)
        if latest and latest.digest == digest:
            if is_built(store, latest.version):
                return NothingNew(latest.version, len(batches), left_out)
            return latest
        cut = Cut(
            version=version_name(version_number(given[-1]) + 1 if given else 1),
            recipe=recipe,
            batches=batches,
            inputs=inputs,
            left_out=left_out,
            known=known,
            retracted=taken_down,
            benchmarks=benchmarks,
            questions=questions,
            unread=unread,
            logic=LOGIC_VERSION,
            splits=splits,
            digest=digest,
            created=datetime.now(UTC),
        )
        cut = cut.sealed()
        if create_record(store, f"{FOLDER}/{cut.version}.json", cut):
            return cut


def require_sources(store: Store, settings: Settings, recipe: CutRecipe) -> None:
    """Raises `ConfigError` for a source of the recipe that neither configuration nor store knows, with the name that is near it."""
    known = {*sources_of(settings), *(source_of(batch) for batch in store.names("tables/images"))}
    for name in recipe.sources:
        if name not in known:
            folded = {other.casefold(): other for other in known}
            near = get_close_matches(name.casefold(), folded, 1)
            advice = f"did you mean {folded[near[0]]}?" if near else f"there are {', '.join(sorted(known))}"
            raise ConfigError(f"the cut's recipe: there is no source {name!r}: {advice}")


def latest_cut(store: Store, recipe: CutRecipe) -> Cut | None:
    """The newest cut of a recipe, built or not; None before the first."""
    return _latest(store, list_cuts(store), recipe)


def whole_inputs(store: Store, recipe: CutRecipe, table: str = VERIFIED) -> dict[str, CutInput]:
    """A table in force, by default the reasoning paths, of every batch that could be cut now, by batch."""
    commits, _ = _whole_batches(store, recipe)
    wanted = provider_of(table)
    return {batch: _input(c) for batch, made in commits.items() for c in made if c.asset == wanted}


def _input(commit: Commit) -> CutInput:
    return CutInput(
        asset=commit.asset,
        batch=commit.batch,
        commit=commit.number,
        digest=commit.digest,
        data_version=commit.data_version,
        results=commit.results,
        rejections=commit.rejections,
        files=commit.files,
        seal=commit.seal,
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
    """Commits in force of every batch that can be cut, and the batches that cannot, with the reason.

    Raises `StoreError` naming a commit that is damaged or altered: without it the version would lack rows, and nobody would see why.
    """
    batches = [batch for batch in store.names("tables/images") if _wanted(batch, recipe)]
    tables, marked = Tables(store), marked_batches(store)
    whole: dict[str, list[Commit]] = {}
    left_out = []
    with ThreadPoolExecutor(READERS) as pool:
        for batch, outcome in zip(
            batches, pool.map(lambda batch: _commits(tables, batch, marked), batches), strict=True
        ):
            if isinstance(outcome, str):
                left_out.append(LeftOut(batch=batch, reason=outcome))
            elif outcome is not None:
                whole[batch] = outcome
    return whole, tuple(left_out)


def _wanted(batch: str, recipe: CutRecipe) -> bool:
    source = source_of(batch)
    return bool(source) and (not recipe.sources or source in recipe.sources)


def _commits(tables: Tables, batch: str, marked: Mapping[str, Collection[str]]) -> list[Commit] | str | None:
    """Commits in force of a batch, or why it cannot be cut; None of a batch that ended with its first stage, since all of it was known."""
    commits: dict[str, Commit] = {}
    for asset in stage_names():
        lost = batch in marked.get(asset, ())
        commit = None if lost else tables.current(asset, batch)
        if commit is None and is_closed(commits):
            return None
        if lost:
            return f"{asset} is lost or damaged, and marked for a new run: `wethink run` makes it again"
        if commit is None:
            return f"{asset} not materialized yet"
        commits[asset] = commit
    for asset, commit in commits.items():
        for upstream in older_inputs(commit, commits):
            return f"{asset} is older than its {upstream}: materialize it again"
        for upstream in unread_inputs(commit):
            return f"{asset} was not made from {upstream}: materialize it again"
    return list(commits.values())
