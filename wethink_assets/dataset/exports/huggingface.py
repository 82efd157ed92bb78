"""A folder for the Hugging Face hub: parquet, which its viewer and `datasets` read by the card's front matter, JSON lines, and the card.

`datasets.load_dataset(folder, split="full")` gives the rows, with `"excluded"` as its second argument those that were left out. The hub reads one
repository with one loader, so the front matter names the parquet files only.
"""

from pathlib import Path

from wethink_assets.dataset.exports import paper_jsonl
from wethink_assets.dataset.exports.export import ExportFormat, ShownVersion

ROW_GROUP = 64_000
"""Rows of a row group at most, as in the version itself: what a reader holds in memory."""
ROWS = "rows.parquet"
EXCLUDED = "excluded.parquet"
CARD = "README.md"


def write_hub_folder(version: ShownVersion, folder: Path) -> None:
    """Write rows and excluded rows as parquet, the rows again as JSON lines, and the card with its front matter.

    Example:
        >>> import tempfile
        >>> import polars as pl
        >>> rows = pl.LazyFrame([{**dict.fromkeys(paper_jsonl.FIELDS, "a"), "row_id": "0f"}])
        >>> with tempfile.TemporaryDirectory() as name:
        ...     write_hub_folder(ShownVersion("v0001", rows, rows.head(0), "# WeThink v0001"), Path(name))
        ...     sorted(path.name for path in Path(name).iterdir()), pl.read_parquet(Path(name) / ROWS)["row_id"].to_list()
        (['README.md', 'excluded.parquet', 'rows.parquet', 'wethink.jsonl'], ['0f'])
    """
    version.rows.sink_parquet(folder / ROWS, compression="zstd", row_group_size=ROW_GROUP)
    version.excluded.sink_parquet(folder / EXCLUDED, compression="zstd", row_group_size=ROW_GROUP)
    paper_jsonl.write_paper_lines(version, folder)
    (folder / CARD).write_text(version.card, encoding="utf-8")


HUGGING_FACE = ExportFormat(
    title="a folder for the Hugging Face hub: parquet, JSON lines and card",
    files=(ROWS, EXCLUDED, paper_jsonl.FILE, CARD),
    write=write_hub_folder,
)
