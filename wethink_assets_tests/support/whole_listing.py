"""The decisions of a registration with the whole listing and all that is known in memory: the reference for those that are made range by range."""

from typing import NamedTuple

import polars as pl

from wethink_assets.sources.recopied_candidates import CHECKSUM, LOGGED, VERSION


def unregistered(entries: pl.DataFrame, known: pl.DataFrame, again: pl.DataFrame) -> pl.DataFrame:
    """Entries that no batch has in this version, with their `change`."""
    unread = known.join(again, on=["item", "number"], how="semi")
    read = known.join(again, on=["item", "number"], how="anti")
    fresh = entries.join(read.select(VERSION), on=VERSION, how="anti", nulls_equal=True)
    was_unread = pl.struct(VERSION).is_in(unread.select(pl.struct(VERSION)).to_series().implode())
    was_there = pl.col("item").is_in(known["item"].unique().implode())
    change = pl.when(was_unread).then(pl.lit("again")).when(was_there).then(pl.lit("changed")).otherwise(pl.lit("new"))
    return fresh.with_columns(change=change)


def missing(entries: pl.DataFrame, known: pl.DataFrame) -> list[str]:
    """Registered files that are not listed now."""
    gone = known.filter(pl.col("number") != LOGGED).join(entries, on="item", how="anti")
    return gone["item"].unique().sort().to_list()


class Candidates(NamedTuple):
    """Entries that may be recopied files, by what says so, and the rest."""

    by_checksum: pl.DataFrame
    same_item: pl.DataFrame
    alike: pl.DataFrame
    rest: pl.DataFrame


def candidates(left: pl.DataFrame, registered: pl.DataFrame, listed: pl.DataFrame, found: pl.DataFrame) -> Candidates:
    """Those among `left`, of which versions were `found` by their checksum; registered versions are in order of batch and row."""
    has_checksum = pl.col("etag").str.contains(CHECKSUM)
    theirs = registered.filter(has_checksum & (pl.col("number") != LOGGED))
    theirs = theirs.unique(["size", "etag"], keep="first", maintain_order=True).rename({"item": "held_as"}).drop("row")
    pairs = left.filter(has_checksum).join(theirs, on=["size", "etag"], nulls_equal=True)
    left = _without(left, found)
    same_item = left.join(registered, on=["item", "size"], how="semi", nulls_equal=True)
    left = _without(left, same_item)
    name = pl.col("item").str.extract(r"([^/:]+)$").alias("name")
    same_size = registered.join(left, on="size", how="semi", nulls_equal=True)
    named = same_size.with_columns(name).select("size", "name").unique()
    gone = same_size.join(listed, on="item", how="anti").select("size").unique()
    alike = left.with_columns(name).join(named, on=["size", "name"], how="semi", nulls_equal=True).drop("name")
    alike = pl.concat([alike, left.join(gone, on="size", how="semi", nulls_equal=True)]).unique(VERSION)
    return Candidates(pairs, same_item, alike, _without(left, alike))


def _without(rows: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    return rows.join(versions, on=VERSION, how="anti", nulls_equal=True)
