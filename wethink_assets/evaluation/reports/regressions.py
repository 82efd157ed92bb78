"""Regressions report: the samples whose verdict flipped between two models, as one HTML page that stands by itself.

Images are inside, everything is escaped, there is no script.
"""

import base64
import html
from pathlib import Path
from typing import Any

import polars as pl
from PIL.Image import DecompressionBombError

from wethink_assets.errors import SourceError
from wethink_assets.evaluation.benchmarks.tsv import images_of
from wethink_assets.evaluation.grading.intervals import Comparison
from wethink_assets.evaluation.runs.records import Score
from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets.sources.images.view import as_shown

SHOWN_BY_BROWSERS = ("image/png", "image/jpeg", "image/webp")
HOW = {"rule": "by rule", "judge": "by the judge", "vlmevalkit": "by VLMEvalKit"}
STYLE = """
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #8886;padding:.25rem .6rem;text-align:left}
article{border-top:1px solid #8886;padding:1rem 0;display:grid;grid-template-columns:16rem 1fr;gap:1rem}
article img{max-width:100%;image-rendering:auto;border:1px solid #8886}
ul{list-style:none;padding-left:1rem}pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.2rem 0;font:13px/1.4 ui-monospace,monospace}
.right{border-left:4px solid #2e8b57;padding-left:.6rem}.wrong{border-left:4px solid #c0392b;padding-left:.6rem}
.mark{background:#f6c34455;padding:.1rem .4rem;border-radius:.3rem}@media(max-width:45rem){article{grid-template-columns:1fr}}
"""


def _text(value: Any) -> str:
    return html.escape(str(value), quote=True)


def regressions_report(
    before: Score, after: Score, names: tuple[str, str], rows: pl.DataFrame, file: Path, comparison: Comparison | None
) -> str:
    """The page.

    Args:
        names: what to call the two models.
        rows: of `flipped_samples`.
        file: the benchmark's TSV, for the images; a sample whose image is not there any more says so.
    """
    better = rows.filter(pl.col("after_hit") > pl.col("before_hit")).height
    mark = ' <span class="mark">drawn stand-in, no benchmark</span>' if before.sample else ""
    title = f"{names[0]} and {names[1]} on {before.benchmark}"
    head = [
        f"<h1>{_text(title)}{mark}</h1>",
        f"<p>{rows.height} of {before.samples} samples flipped: {better} better with {_text(names[1])}, {rows.height - better} worse."
        f" {_text(before.decoding)} replies, settings {_text(before.settings_digest[:12])}.</p>",
        _scores(before, after, names, comparison),
    ]
    samples = [_sample(row, before, names, file) for row in rows.iter_rows(named=True)]
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width"><title>{_text(title)}</title><style>{STYLE}</style></head><body>'
        + "\n".join([*head, *samples])
        + "</body></html>\n"
    )


def _scores(before: Score, after: Score, names: tuple[str, str], comparison: Comparison | None) -> str:
    def shown(value: float | None) -> str:
        return "not known" if value is None else f"{value:.1f}"

    lines = [
        f"<tr><td>{_text(name)}</td><td>{shown(score.value)}</td><td>{shown(score.low)} to {shown(score.high)}</td>"
        f"<td>{_text('; '.join(score.flags) or 'none')}</td></tr>"
        for name, score in zip(names, (before, after), strict=True)
    ]
    table = f"<table><tr><th>model</th><th>{_text(before.headline)}</th><th>interval</th><th>flags</th></tr>{''.join(lines)}</table>"
    if comparison is None:
        return table
    scale = before.scale
    return (
        f"{table}<p>Difference {scale * comparison.difference:+.1f} ({scale * comparison.low:+.1f} to {scale * comparison.high:+.1f}),"
        f" p = {comparison.p:.3g} by {_text(comparison.test)} on {comparison.units} units.</p>"
    )


def _sample(row: dict[str, Any], score: Score, names: tuple[str, str], file: Path) -> str:
    options = BENCHMARK_FORMS[score.form].shown_options(row)
    listed = "".join(f"<li>{_text(letter)}. {_text(option)}</li>" for letter, option in options.items())
    sides = "".join(_reply(row, side, name) for side, name in zip(("before", "after"), names, strict=True))
    return (
        f"<article><div>{_images(row, file)}<p>sample {_text(row['index'])}</p></div><div><pre>{_text(row['question'])}</pre>"
        f"{f'<ul>{listed}</ul>' if listed else ''}<p>Reference</p><pre>{_text(_reference(row, score))}</pre>{sides}</div></article>"
    )


def _reference(row: dict[str, Any], score: Score) -> str:
    """The reference, with its option's text where it is an option's letter."""
    form = BENCHMARK_FORMS[score.form]
    reference = form.reference(row)
    option = form.shown_options(row).get(reference)
    return reference if option is None else f"{reference}. {option}"


def _reply(row: dict[str, Any], side: str, name: str) -> str:
    hit = row[f"{side}_hit"]
    verdict = "right" if hit == 1 else "wrong" if hit == 0 else f"grade {hit:.2f}"
    how = row[f"{side}_how"]
    verdict = f"{verdict}, {HOW.get(how, how)}, taken as {row[f'{side}_extracted']!r}"
    style = "right" if hit == 1 else "wrong"
    return f'<section class="{style}"><p>{_text(name)}: {_text(verdict)}</p><pre>{_text(row[f"{side}_reply"])}</pre></section>'


def _images(row: dict[str, Any], file: Path) -> str:
    try:
        images = [image.read() for image in images_of(file, row)]
    except (SourceError, OSError) as error:
        return f"<p>picture not available: {_text(error)}</p>"
    return "".join(map(_image, images)) or "<p>no picture</p>"


def _image(data: bytes) -> str:
    try:
        media_type, shown = as_shown(data, SHOWN_BY_BROWSERS)
    except (OSError, ValueError, SyntaxError, DecompressionBombError):
        return "<p>picture of an unknown kind</p>"
    return (
        f'<img alt="picture of the question" src="data:{media_type};base64,{base64.b64encode(shown).decode("ascii")}">'
    )


def rows_to_show(rows: pl.DataFrame, limit: int) -> pl.DataFrame:
    """The first `limit` flipped samples, the ones that became wrong first; all of them if 0."""
    ranked = rows.sort(pl.col("after_hit") - pl.col("before_hit"), maintain_order=True)
    return ranked.head(limit) if limit else ranked
