"""The duplicates report as one page that stands by itself: pictures side by side and inside, all text escaped, no script, nothing loaded.

Thumbnails are bounded in number and bytes, so that the page of a large version opens like that of a small one; what is not shown is told.
"""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import polars as pl

from wethink_assets.dataset.browse.images import SMALL, PageImage, page_image, reduced_image
from wethink_assets.dataset.browse.pages import rendered
from wethink_assets.dataset.cuts.cut import read_cut
from wethink_assets.dataset.duplicates.clusters import Cluster, Member
from wethink_assets.dataset.duplicates.distances import Curve
from wethink_assets.dataset.duplicates.report import DuplicateReport
from wethink_assets.dataset.takedown.takedown import takedowns_of
from wethink_assets.dataset.versions.files import scan_file
from wethink_assets.dataset.versions.joined_pictures import image_files
from wethink_assets.dataset.versions.rows import candidate_rows
from wethink_assets.dataset.versions.selection import DETAILS
from wethink_assets.errors import WeThinkError
from wethink_assets.storage.store import Store

__all__ = ["BenchmarkPictures", "report_page"]

CLUSTERS = 60
"""Groups on the page, and of each other kind of pair half as many."""
MEMBERS = 6
"""Rows of a group that are shown."""
MOST_BYTES = 12_000_000
"""Of all thumbnails; pictures beyond are told, not shown."""
WIDTH, HEIGHT = 300, 120
"""Of a curve, in pixels."""
BenchmarkPictures = Callable[[str, str], Sequence[bytes]]
"""Encoded pictures of a benchmark's row, by its key and index. Raises `WeThinkError` or `OSError` where they cannot be read."""
Texts = Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Card:
    """A row, or a row of a benchmark, as it is shown. picture: a data URI, empty without."""

    title: str
    picture: str
    lines: Sequence[str]
    question: str = ""
    answer: str = ""
    kept: bool = False


@dataclass(frozen=True, slots=True)
class _Group:
    title: str
    cards: Sequence[_Card]
    more: int = 0


def report_page(store: Store, report: DuplicateReport, of_benchmark: BenchmarkPictures | None = None) -> str:
    """The page.

    Args:
        of_benchmark: reads pictures of benchmarks; without it only the data set's own are shown.
    """
    shown = _Shown(store, report)
    near = [one for one in report.clusters if one.survivor and one.furthest]
    exact = [one for one in report.clusters if one.survivor and not one.furthest]
    conflicts = [one for one in report.clusters if not one.survivor]
    sections = [
        ("Near duplicates, the most distant first", shown.groups(near), len(near)),
        ("Conflicting answers: none of these rows stayed", shown.groups(conflicts[: CLUSTERS // 2]), len(conflicts)),
        ("Exact duplicates, the largest groups first", shown.groups(exact[: CLUSTERS // 2]), len(exact)),
        ("Near misses: images just too far apart, both rows stayed", list(shown.near_misses()), report.near_in_all),
        ("Near misses: questions worded almost alike, both rows stayed", list(shown.worded()), report.worded_in_all),
    ]
    hits = list(shown.hits(of_benchmark))
    return rendered(
        "duplicate_report.html",
        report=report,
        sections=[section for section in sections if section[2]],
        hits=hits,
        curves=[_drawn(curve) for curve in report.curves],
        members=sum(len(one.members) for one in report.clusters),
        width=WIDTH,
        height=HEIGHT,
        full=shown.full,
    )


class _Shown:
    """What of a report fits on a page, with the texts and pictures of its rows."""

    def __init__(self, store: Store, report: DuplicateReport) -> None:
        self._store, self._report = store, report
        self._left = MOST_BYTES
        self._clusters = report.clusters
        near = report.near[: CLUSTERS // 2]
        worded = report.worded[: CLUSTERS // 2]
        rows = scan_file(store, report.version, "rows.parquet")
        wanted = {row for miss in near for row in (miss.row, miss.other)}
        wanted |= {row for pair in worded for row in (pair.row, pair.other)}
        wanted |= {one.survivor for one in report.clusters if one.survivor}
        columns = ("row_id", "image_id", "batch", "source", "question", "options", "answer")
        kept = rows.filter(~takedowns_of(store).covers(rows), pl.col("row_id").is_in(list(wanted)))
        self._kept = {row["row_id"]: row for row in kept.select(columns).collect().iter_rows(named=True)}
        batches = {row["batch"] for row in self._kept.values()}
        batches |= {member.batch for one in report.clusters for member in one.members} | {
            hit.batch for hit in report.hits
        }
        self._files = dict(image_files(store, report.version, sorted(batches)).iter_rows())
        self._thumbnail = lru_cache(256)(self._read)
        self._tables = read_cut(store, report.version).tables

    @property
    def full(self) -> bool:
        """Whether pictures were left out."""
        return self._left <= 0

    def groups(self, clusters: Sequence[Cluster]) -> list[_Group]:
        """Groups that are shown, of those of one kind."""
        chosen = clusters[:CLUSTERS]
        texts = self._texts([member for one in chosen for member in one.members[:MEMBERS]])
        groups = []
        for one in chosen:
            cards = [self._kept_card(one.survivor, "stayed")] if one.survivor else []
            cards += [self._member(member, texts) for member in one.members[:MEMBERS]]
            title = f"{len(one.members)} left out, {one.pictures} image{'s' if one.pictures != 1 else ''}"
            groups.append(_Group(title, cards, len(one.members) - MEMBERS))
        return groups

    def near_misses(self) -> Iterator[_Group]:
        """Pairs of rows that stayed, whose images are just too far apart."""
        for miss in self._report.near[: CLUSTERS // 2]:
            title = f"{miss.bits} of 64 bits, {miss.difference:.2f} of 255 a byte"
            yield _Group(title, [self._kept_card(row, "stayed") for row in (miss.row, miss.other)])

    def worded(self) -> Iterator[_Group]:
        """Pairs of rows that stayed, whose questions are worded almost alike."""
        for pair in self._report.worded[: CLUSTERS // 2]:
            title = f"similarity {pair.similarity:.2f}"
            yield _Group(title, [self._kept_card(row, "stayed") for row in (pair.row, pair.other)])

    def hits(self, of_benchmark: BenchmarkPictures | None) -> Iterator[_Group]:
        """Images that a benchmark shows, or asks the question about, beside the benchmark's own."""
        for hit in self._report.hits[: CLUSTERS // 2]:
            own = _Card(
                f"image of {hit.source}",
                self._picture(hit.image),
                [hit.image, f"rows left out: {hit.rows}"],
                f"... {hit.text} ..." if hit.text else "",
                kept=False,
            )
            theirs = _Card(f"{hit.benchmark} row {hit.index}", "", ["its picture is not at hand"])
            if of_benchmark is not None:
                try:
                    first = [
                        reduced_image(data, theirs.title, SMALL) for data in of_benchmark(hit.benchmark, hit.index)[:1]
                    ]
                    picture = self._within(_data_uri(first[0])) if first else ""
                    theirs = _Card(theirs.title, picture, [] if picture else theirs.lines)
                except (WeThinkError, OSError) as error:
                    theirs = _Card(theirs.title, "", [str(error)])
            yield _Group(f"{hit.benchmark}: {hit.verdict}", [own, theirs])

    def _member(self, member: Member, texts: Texts) -> _Card:
        lines = [member.detail]
        if member.difference and member.detail == DETAILS.get(
            member.reason
        ):  # versions of before rules 5 tell no distance
            lines.append(f"images {member.bits} of 64 bits and {member.difference:.2f} of 255 a byte apart")
        if member.verdict:
            lines.append(f"pictures compared: {member.verdict}")
        lines.append(f"row {member.row} of {member.batch}")
        asked = texts.get((member.batch, member.slot), {})
        return _Card(member.reason.replace("_", " "), self._picture(member.image), lines, *_asked(asked))

    def _kept_card(self, row_id: str, title: str) -> _Card:
        row = self._kept.get(row_id)
        if row is None:
            return _Card(title, "", [f"row {row_id} is not in the version, or was taken down"])
        return _Card(
            title, self._picture(row["image_id"]), [f"row {row_id} of {row['batch']}"], *_asked(row), kept=True
        )

    def _texts(self, members: Iterable[Member]) -> Texts:
        slots: dict[str, set[str]] = {}
        for member in members:
            slots.setdefault(member.batch, set()).add(member.slot)
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for batch, wanted in sorted(slots.items()):
            try:
                rows = candidate_rows(self._store, self._tables[batch], ())
            except (WeThinkError, KeyError):  # erased since: the row is told without its text
                continue
            for row in rows.filter(pl.col("slot").is_in(list(wanted))).iter_rows(named=True):
                found[batch, row["slot"]] = row
        return found

    def _picture(self, image: str) -> str:
        path = self._files.get(image)
        if path is None or self.full:
            return ""
        return self._within(self._thumbnail(path))

    def _within(self, picture: str) -> str:
        """A data URI while there is room for it."""
        if self.full:
            return ""
        self._left -= len(picture)
        return picture

    def _read(self, path: str) -> str:
        try:
            return _data_uri(page_image(self._store, path, SMALL))
        except WeThinkError:
            return ""


def _data_uri(image: PageImage) -> str:
    return f"data:{image.media_type};base64,{base64.b64encode(image.data).decode('ascii')}"


def _asked(row: Mapping[str, Any]) -> tuple[str, str]:
    """Question with its options, and answer; empty where they are not at hand."""
    if not row:
        return "", ""
    return "\n".join([row["question"], *(row["options"] or [])]), row["answer"] or ""


def _drawn(curve: Curve) -> Mapping[str, Any]:
    """A curve with the points of its line, in pixels from the upper left."""
    values, counts = [point[0] for point in curve.points], [point[1] for point in curve.points]
    across, up = max(values) or 1.0, max(counts) or 1

    def at(value: float, count: float) -> tuple[float, float]:
        return round(value / across * WIDTH, 1), round((1 - count / up) * HEIGHT, 1)

    spots = [at(value, count) for value, count, _ in curve.points]
    return {
        "name": curve.threshold,
        "in_force": curve.in_force,
        "points": curve.points,
        "most": up,
        "widest": across,
        "line": " ".join(f"{x},{y}" for x, y in spots),
        "spots": spots,
        "mark": at(curve.in_force, 0)[0],
    }
