"""Candidates among new files for being recopied ones: of a registered checksum, of a registered item, or resembling a registered file.

Each search is a walk through sorted rows, so that neither the new files nor the registered ones are in memory.
"""

from collections.abc import Iterable

import polars as pl

from wethink_assets.sources.readers.entries import ENTRIES
from wethink_assets.storage.sorted_rows import SortedRows, side_by_side

VERSION = ["item", "size", "etag"]
LISTING_ORDER = ["path", "offset", "member"]
LOGGED = 0
"""Number of a version that no batch has, since it stands in the log."""
REGISTERED = pl.Schema({"item": pl.String, "size": pl.Int64, "etag": pl.String, "number": pl.Int32, "row": pl.UInt32})
"""Versions that are registered, with their batch and their row in it."""
FRESH = pl.Schema([*ENTRIES.items(), ("change", pl.String())])
"""Entries that no batch has in this version, with what they are: `new`, `changed` or `again`."""
CHECKSUM = r"^(?:sha256:|md5:|blob_id:|etag:)[0-9a-f]{32,64}(?:-\d+)?(?:\..*)?$"
"""Etags that equal contents have, and no others: digests, those of uploads in several parts among them."""
_PAIRS = pl.Schema([*FRESH.items(), ("held_as", pl.String()), ("number", pl.Int32())])
_KEYED = pl.Schema([*FRESH.items(), ("key", pl.String())])
_KEYS = pl.Schema({"key": pl.String})
_SIZES = pl.Schema({"size": pl.Int64})


def in_listing_order(rows: SortedRows) -> SortedRows:
    """The same entries by path and place in the archive."""
    ordered = SortedRows(rows.schema, LISTING_ORDER)
    for part in rows.parts():
        ordered.add(part)
    return ordered


def with_a_checksum(left: SortedRows, registered: SortedRows) -> SortedRows:
    """Entries whose size and etag, a checksum, a version in a batch has too: `held_as` the item of the first such one, of the batch `number`."""
    has_checksum = pl.col("etag").str.contains(CHECKSUM)
    pairs = SortedRows(_PAIRS, ["number", *LISTING_ORDER])
    ours, theirs = SortedRows(FRESH, ["etag"]), SortedRows(REGISTERED, ["etag"])
    for part in left.parts():
        ours.add(part.filter(has_checksum))
    if ours.height:
        for part in registered.parts():
            theirs.add(part.filter(has_checksum & (pl.col("number") != LOGGED)))
        for new, held in side_by_side(ours, theirs):
            firsts = held.sort("number", "row").unique(["size", "etag"], keep="first")
            firsts = firsts.rename({"item": "held_as"}).drop("row")
            pairs.add(new.join(firsts, on=["size", "etag"], nulls_equal=True))
    return pairs


def with_an_item(left: SortedRows, registered: SortedRows, found: SortedRows) -> tuple[SortedRows, SortedRows]:
    """Entries of an item and size that are registered, in the order of the listing, and the others; neither has versions that were `found`."""
    same, others = SortedRows(FRESH, LISTING_ORDER), SortedRows(FRESH, ["item"])
    for part, held, found_part in side_by_side(left, registered, found):
        rest = part.join(found_part, on=VERSION, how="anti", nulls_equal=True)
        same.add(rest.join(held, on=["item", "size"], how="semi", nulls_equal=True))
        others.add(rest.join(held, on=["item", "size"], how="anti", nulls_equal=True))
    return same, others


def resembling(left: SortedRows, registered: SortedRows, listed: SortedRows) -> tuple[SortedRows, SortedRows]:
    """Entries with name and size of a registered file of another folder or archive, or the size of one that has vanished, and the others.

    The former are in the order of the listing. Only different sizes are in memory.
    """
    sizes = _distinct(left.parts())
    named = SortedRows(_KEYS, ["key"])
    gone = _SIZES.to_frame()
    if sizes.height:
        for held, ours in side_by_side(registered, listed):
            same_size = held.join(sizes, on="size", how="semi", nulls_equal=True)
            named.add(same_size.select(key=_NAME_AND_SIZE).unique())
            gone = pl.concat([gone, same_size.join(ours, on="item", how="anti").select("size")]).unique()
    keyed = SortedRows(_KEYED, ["key"])
    for part in left.parts():
        keyed.add(part.with_columns(key=_NAME_AND_SIZE))
    alike, others = SortedRows(FRESH, LISTING_ORDER), SortedRows(FRESH, ["item"])
    for part, keys in side_by_side(keyed, named):
        is_alike = pl.col("key").is_in(keys["key"].implode()) | pl.col("size").is_in(
            gone["size"].implode(), nulls_equal=True
        )
        marked = part.with_columns(is_alike=is_alike)
        alike.add(marked.filter("is_alike").unique(VERSION, maintain_order=True))
        others.add(marked.filter(~pl.col("is_alike")))
    return alike, others


_NAME_AND_SIZE = pl.concat_str(
    pl.col("item").str.extract(r"([^/:]+)$").fill_null(""),
    pl.col("size").cast(pl.String).fill_null("?"),
    separator="\0",
)


def _distinct(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Different sizes of rows."""
    sizes = _SIZES.to_frame()
    for part in parts:
        sizes = pl.concat([sizes, part.select("size")]).unique()
    return sizes
