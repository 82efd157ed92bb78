"""`wethink duplicates`: which rows a version left out as duplicates, why, how far apart they are, and what other thresholds would give."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wethink_assets.config import Settings
    from wethink_assets.dataset.duplicates.page import BenchmarkPictures
    from wethink_assets.dataset.duplicates.report import DuplicateReport


def duplicates(
    version: Annotated[str, typer.Argument(help="Version such as v0003, or a release.")],
    pairs: Annotated[int, typer.Option(min=0, help="Largest number of image pairs to compare; 0 compares all.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page with the images side by side into this file.")
    ] = None,
) -> None:
    """Show the duplicates that a version excluded: which row stayed, which were excluded for it, why, and how far apart they are.

    Also shown: near misses (pairs just beyond the thresholds, of which both rows stayed), how many rows would be excluded at other thresholds of
    [dedup], and which benchmarks show images of which sources.

    The images of near-duplicate rows are compared with those of the rows that stayed: copy, altered or other. A copy shows the same image throughout,
    even if it was re-encoded, resized, cropped by up to a tenth, padded, mirrored, turned, or changed in brightness. An altered image differs in a
    detail, such as a digit. Any other image was matched by mistake. The command changes nothing; lower limits in [dedup] (phash_distance,
    pixel_difference) keep such rows in the next version.
    """
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.duplicates.page import report_page
    from wethink_assets.dataset.duplicates.report import duplicate_report
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.storage.local_files import replace_file
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    report = duplicate_report(store, resolve_version(store, version), pairs)
    if html is not None:
        replace_file(html, report_page(store, report, _pictures_of(settings)).encode("utf-8"))
        typer.echo(f"{html}: the page", err=as_json)
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=1))
    elif html is None:
        _print(report)


def _pictures_of(settings: "Settings") -> "BenchmarkPictures":
    """Reader of the pictures of benchmarks' rows."""
    from functools import cache

    from wethink_assets.errors import SourceError
    from wethink_assets.evaluation.benchmarks.files import path_of, rows_of
    from wethink_assets.evaluation.benchmarks.tsv import images_of

    @cache
    def by_index(key: str) -> dict[str, dict[str, object]]:
        return {str(row["index"]): row for row in rows_of(path_of(settings, key)).iter_rows(named=True)}

    def pictures(key: str, index: str) -> Sequence[bytes]:
        row = by_index(key).get(index)
        if row is None:
            raise SourceError(f"{path_of(settings, key)} has no row {index!r} any more")
        return [image.read() for image in images_of(path_of(settings, key), row)]

    return pictures


def _print(report: "DuplicateReport") -> None:
    from wethink_assets.commands.terminal import table
    from wethink_assets.plain_text import visible

    reasons = ", ".join(f"{count:,} {reason}" for reason, count in report.left_out.items()) or "none"
    typer.echo(
        f"{report.version}: {report.kept:,} rows; excluded in {len(report.clusters):,} groups of duplicates: {reasons}"
    )
    if report.taken_down:
        typer.echo(f"{report.taken_down:,} more were taken down and are not shown")
    if report.fault:
        typer.echo(visible(f"no distances, near misses and other thresholds: {report.fault}"), err=True)
    judged = report.pictures
    counts = ", ".join(f"{count} {verdict}" for verdict, count in judged.counts.items())
    typer.echo(f"{judged.in_all} image pairs were matched as near duplicates; {len(judged.pairs)} compared: {counts}")
    for pair, fault in judged.unread.items():
        typer.echo(visible(f"not compared: {pair}: {fault}"), err=True)
    members = [
        [one.survivor, m.row, m.reason, m.bits, m.difference, m.verdict, m.distance, m.batch]
        for one in report.clusters
        for m in one.members
    ]
    columns = ["stayed", "excluded", "reason", "bits", "difference", "pictures", "distance", "batch of the excluded"]
    table("groups, the most distant images first", columns, members)
    for curve in report.curves:
        rows = [[f"{value:g}{' *' if value == curve.in_force else ''}", *counts] for value, *counts in curve.points]
        table(f"rows excluded by {curve.threshold} (* in force)", [curve.threshold, "excluded", "of these near"], rows)
    near = [[miss.row, miss.other, miss.bits, miss.difference] for miss in report.near]
    table(f"near misses by image: {report.near_in_all:,}", ["row", "other row", "bits", "difference"], near)
    worded = [[miss.row, miss.other, miss.similarity] for miss in report.worded]
    table(f"near misses by wording: {report.worded_in_all:,}", ["row", "other row", "similarity"], worded)
    hits = [[one.benchmark, one.source, one.verdict, one.images, one.rows] for one in report.hit_counts]
    table(
        "images that benchmarks show, or whose questions they ask",
        ["benchmark", "source", "verdict", "images", "rows excluded"],
        hits,
    )
    for one in report.compared.get("unread", []):
        typer.echo(visible(f"not checked: {one['key']}: {one['reason']}"), err=True)
