"""How various the questions of a version are, told by their words alone, without embeddings."""

import numpy as np
import polars as pl

NGRAM = 3  # words
SAMPLE = 50_000  # rows looked at, at most: those with the smallest row ids, which are hashes and so an even choice
BAND = 4  # hashes of a MinHash that must be alike for two questions to share a cell: about 0.7 of their 5-grams


def text_coverage(rows: pl.LazyFrame, signatures: pl.LazyFrame) -> dict[str, float]:
    """Distinct word n-grams, and cells of near-alike questions.

    Args:
        rows: `row_id` and `question`, sorted by row_id.
        signatures: `row_id` and `minhash` (64 permutations of the question's character 5-grams) of these rows and perhaps others.

    Returns `distinct_ngrams`: different runs of three words in the questions of at most 50,000 rows; `distinct_share`: of all runs of three
    (distinct-n of Li et al. 2016, arXiv 1510.03055); `clusters`: cells that these questions fall into, two questions sharing one where
    the first band of their MinHash is equal (locality-sensitive hashing, Broder 1997); `covered`: cells for each question, 1 where
    no two questions are alike.
    """
    some = rows.select("row_id", "question").head(SAMPLE).collect()
    words = some.select(pl.col("question").str.to_lowercase().str.extract_all(r"[\p{L}\p{N}]+").alias("words"))
    grams = (
        words.with_columns(place=pl.int_ranges(0, (pl.col("words").list.len().cast(pl.Int64) - NGRAM + 1).clip(0)))
        .explode("place")
        .drop_nulls("place")
        .select(pl.col("words").list.slice(pl.col("place"), NGRAM).list.join(" ").alias("gram"))
    )
    signed = (
        signatures.unique("row_id", keep="first").join(some.lazy().select("row_id"), on="row_id", how="semi").collect()
    )
    bands = np.array([hashes[:BAND] for hashes in signed["minhash"].to_list()], dtype=np.uint32)
    clusters = len(np.unique(bands, axis=0)) if len(bands) else 0
    distinct = grams["gram"].n_unique() if grams.height else 0
    return {
        "distinct_ngrams": distinct,
        "distinct_share": round(distinct / grams.height, 4) if grams.height else 0.0,
        "clusters": clusters,
        "covered": round(clusters / signed.height, 4) if signed.height else 0.0,
    }
