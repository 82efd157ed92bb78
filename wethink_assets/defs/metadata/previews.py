"""Previews of materializations: a table of some rows, and small pictures with their text."""

import base64
import io
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dagster as dg
import polars as pl

from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.spec import Stage
from wethink_assets.storage.blobs import Blobs

ELLIPSIS = "…"
JOINER = "\u2060"  # word joiner: no width, breaks what an autolinker looks for


def plain(text: str, limit: int = 200) -> str:
    """Text on one line, without control and direction characters, cut off at `limit` characters."""
    kept = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in text[: 4 * limit])
    visible = "".join(char for char in kept if unicodedata.category(char) not in ("Cf", "Cs", "Co"))
    line = " ".join(visible.split())
    return line if len(line) <= limit else line[: limit - 1] + ELLIPSIS


def escaped(text: str, limit: int = 200) -> str:
    """`plain` text as Markdown that renders as exactly that text.

    Each character that means something to Markdown or HTML becomes a numeric reference, which neither parser takes for
    structure; what an autolinker would find (`https://`, `www.`, addresses) is broken by a character without width.
    """
    line = plain(text, limit)
    for sign in ("://", "www.", "@"):
        line = line.replace(sign, sign[:-1] + JOINER + sign[-1])
        line = line.replace(sign.upper(), sign.upper()[:-1] + JOINER + sign.upper()[-1])
    return "".join(char if char.isalnum() or char == " " or ord(char) > 127 else f"&#{ord(char)};" for char in line)


SAMPLE_ROWS = 6
PREVIEWS = 4
SIDE = 112  # pixels of a preview's longer side
THUMBNAIL_BYTES = 3_000
HIDDEN = {"calls", "schema_version", "minhash", "pixels", "dialogue", "row_id", "coarse", "blob", "batch", "source"}
HIDDEN |= {"image_thought", "text_thought", "raw_cot", "text_sha256"}

Captions = Callable[[Mapping[str, Any]], Sequence[tuple[str, str]]]


def sample_table(
    frame: pl.DataFrame, rows: int = SAMPLE_ROWS, columns: Sequence[str] | None = None
) -> dg.TableMetadataValue:
    """Some rows, spread over the frame, as a table of short texts; without `columns`, those that a reader can use."""
    if columns is None:
        hidden = HIDDEN | ({"image_id"} if "slot" in frame.columns else set())
        columns = [name for name in frame.columns if name not in hidden]
    records = [
        dg.TableRecord({name: _cell(name, value) for name, value in row.items()})
        for row in _spread(frame.select(columns), rows).iter_rows(named=True)
    ]
    schema = dg.TableSchema([dg.TableColumn(name, "string") for name in columns])
    return dg.MetadataValue.table(records, schema)


def _spread(frame: pl.DataFrame, rows: int) -> pl.DataFrame:
    """Rows spread evenly over the frame: a batch is sorted by digest, so they are an even choice."""
    return frame if frame.height <= rows else frame[[i * frame.height // rows for i in range(rows)]]


def _cell(name: str, value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return plain(" | ".join(str(item) for item in value), 120)
    if name == "image_id" and isinstance(value, str):
        return plain(value, 16)
    if name == "slot" and isinstance(value, str):
        return f"{value[:8]}{ELLIPSIS}:{value.partition(':')[2]}"
    return "" if value is None else plain(str(value), 140)


def thumbnail(data: bytes, side: int = SIDE) -> str:
    """An image as a small JPEG in a data URI of at most 4 kB; empty when it cannot be decoded."""
    from PIL import Image

    from wethink_assets.sources.images.view import view

    try:
        small = view(data, side)
        small.thumbnail((side, side))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return ""
    for quality in (95, 85, 70, 45, 20):
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=quality, subsampling=0 if quality > 70 else 2)
        if buffer.tell() <= THUMBNAIL_BYTES:
            return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
    return ""


def picture_gallery(
    rows: pl.DataFrame, images: pl.DataFrame, blobs: Blobs, captions: Captions, count: int = PREVIEWS
) -> dg.MarkdownMetadataValue | None:
    """Pictures of some rows, each above its captions (label and escaped text); None without rows.

    rows: with `image_id`; images: results of `images`, for where the bytes lie.
    """
    if rows.is_empty():
        return None
    paths = dict(images.select("image_id", "blob").iter_rows())
    blocks = []
    for row in _spread(rows, count).iter_rows(named=True):
        uri = thumbnail(blobs.read(paths[row["image_id"]])) if row["image_id"] in paths else ""
        picture = f"![image]({uri})" if uri else "(no picture)"
        lines = "  \n".join(f"**{label}** {escaped(text)}" for label, text in captions(row) if text)
        blocks.append(f"{picture}\n\n{lines}")
    return dg.MetadataValue.md("\n\n---\n\n".join(blocks))


def rejected_table(output: StageOutput) -> dg.TableMetadataValue | None:
    """A table of some rejections; None where there are none."""
    return None if output.rejections.is_empty() else sample_table(output.rejections)


def stage_previews(
    stage: Stage, output: StageOutput, tables: Mapping[str, pl.DataFrame], blobs: Blobs
) -> dict[str, Any]:
    """What the UI shows of a stage's output: pictures with captions, a table of rows, a table of rejections.

    tables: results of what the stage reads, by the name that it reads them under, and `images`, for where the bytes lie.
    """
    gallery = None
    if stage.preview and "images" in tables:
        rows = output.results
        for table, columns in stage.preview.beside.items():
            rows = rows.join(tables[table].select(stage.item, *columns), on=stage.item, how="left")
        gallery = picture_gallery(rows, tables["images"], blobs, stage.preview.captions)
    return {"preview": gallery, "sample": sample_table(output.results), "rejected": rejected_table(output)}
