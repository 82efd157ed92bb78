"""Near-duplicate questions are found, and only among rows of one kind and answer."""

import random

import numpy as np
from rensa import RMinHash

from wethink_assets.dedup.methods import mixed
from wethink_assets.dedup.minhash import rows_per_band, similar_pairs
from wethink_assets.dedup.texts import shingles

STEMS = ("chart", "bar", "value", "year", "large", "small", "colour", "shape", "left", "right", "above", "below")
WORDS = [stem + ending for stem in STEMS for ending in ("", "s", "ly", "ish")]


def sentence(rng: random.Random, words: int = 28) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words))


def jaccard(one: str, other: str) -> float:
    first, second = set(shingles(one)), set(shingles(other))
    return len(first & second) / len(first | second)


def test_near_texts_are_found_and_others_are_not() -> None:
    rng = random.Random(0)
    texts = [sentence(rng) for _ in range(400)]
    texts += [text + "s" for text in texts[:200]]  # one letter more at the end
    minhashes = np.array(RMinHash.digests_from_token_sets([shingles(t) for t in texts], 64, 42), dtype=np.uint32)
    everything = np.arange(len(texts))
    found = {
        tuple(pair) for pair in similar_pairs(minhashes, everything, np.zeros(len(texts), np.uint64), 0.9).tolist()
    }
    true = {(a, b) for a in range(len(texts)) for b in range(a + 1, len(texts)) if b == a + 400}
    assert all(jaccard(texts[a], texts[b]) > 0.95 for a, b in true)
    assert len(found & true) >= 0.99 * len(true)
    assert all(jaccard(texts[a], texts[b]) > 0.75 for a, b in found)
    apart = np.array([index >= 400 for index in everything], dtype=np.uint64)
    assert not len(similar_pairs(minhashes, everything, apart, 0.9))


def test_few_rows_and_no_rows() -> None:
    assert similar_pairs(np.empty((0, 64), np.uint32), np.empty(0, np.int64), np.empty(0, np.uint64), 0.9).shape == (
        0,
        2,
    )
    one = np.ones((1, 64), np.uint32)
    assert similar_pairs(one, np.array([0]), np.zeros(1, np.uint64), 0.9).shape == (0, 2)
    pair = similar_pairs(one, np.array([0, 0]), np.zeros(2, np.uint64), 0.9)
    assert pair.tolist() == [[0, 1]]


def test_bands_hardly_miss_a_pair_at_the_threshold() -> None:
    for similarity in (0.5, 0.7, 0.8, 0.9, 0.95, 1.0):
        rows = rows_per_band(64, similarity)
        assert (1 - similarity**rows) ** (64 // rows) <= 0.01


def test_mixing_tells_columns_apart() -> None:
    a, b = np.arange(1000, dtype=np.uint64), np.arange(1000, dtype=np.uint64)[::-1].copy()
    assert len(np.unique(mixed(a, b))) == 1000
    assert (mixed(a, b) != mixed(b, a)).all()
