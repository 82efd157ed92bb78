"""What holds for any rows under the rules of before version 5: who stays, and that growth displaces nothing."""

import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wethink_assets.dedup.duplicates import Duplicates, find_duplicates
from wethink_assets.dedup.methods import Comparison
from wethink_assets.dedup.perceptual_hash import images_alike
from wethink_assets.dedup.row_index import RowIndex

RNG = np.random.default_rng(7)


HASHES = [int(h) for h in RNG.integers(0, 2**63, 3)]


PIXELS = RNG.integers(40, 200, (3, 768))


MINHASHES = RNG.integers(0, 2**32, (3, 64))


def made_row(image: tuple[int, int], text: tuple[int, int], answer: int, kind: str) -> dict[str, Any]:
    """A row of image `base` altered in steps, and of text `base` altered in steps: neighbours on the step scale are nearly equal."""
    base, step = image
    words, altered = text
    minhash = MINHASHES[words].copy()
    minhash[: 4 * altered] += 1
    return {
        "image_id": f"{base:08x}{step:08x}" * 4,
        "kind": kind,
        "phash": f"{HASHES[base] ^ ((1 << (5 * step)) - 1):016x}",
        "pixels": (PIXELS[base] + 4 * step).astype(np.uint8).tobytes(),
        "text_sha256": f"{'MFD'.index(kind[0]):08x}{words:04x}{altered:04x}" * 4,
        "minhash": minhash.tolist(),
        "answer_key": answer,
    }


ROW = st.builds(
    made_row,
    st.tuples(st.integers(0, 1), st.integers(0, 4)),
    st.tuples(st.integers(0, 1), st.integers(0, 3)),
    st.integers(0, 1),
    st.sampled_from(["MC", "FIB", "DES"]),
)


ROWS = st.lists(ROW, max_size=40)


def decided(rows: list[dict[str, Any]], batches: int = 1) -> Duplicates:
    frame = pl.DataFrame(rows, schema=Comparison.of().row_columns)
    with tempfile.TemporaryDirectory() as folder, RowIndex(Path(folder), order_free=False) as index:
        size = max(1, -(-len(rows) // batches))
        for part in frame.iter_slices(size):
            index.add(part)
        index.seal()
        return find_duplicates(index)


def same_question(one: dict[str, Any], other: dict[str, Any]) -> bool:
    if one["kind"] != other["kind"]:
        return False
    alike = np.mean(np.array(one["minhash"]) == np.array(other["minhash"])) >= 0.9
    return bool(one["text_sha256"] == other["text_sha256"] or alike)


def same_image(one: dict[str, Any], other: dict[str, Any]) -> bool:
    if one["image_id"] == other["image_id"]:
        return True
    near = (int(one["phash"], 16) ^ int(other["phash"], 16)).bit_count() <= 8
    first, second = (np.frombuffer(row["pixels"], np.uint8)[None] for row in (one, other))
    return near and bool(images_alike(first, second, 6.0).all())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS)
def test_a_dropped_row_is_like_the_kept_row_that_it_names(rows: list[dict[str, Any]]) -> None:
    found = decided(rows)
    for position, (reason, survivor) in enumerate(zip(found.reason.tolist(), found.survivor.tolist(), strict=True)):
        if reason in (1, 2):
            assert survivor < position
            assert found.reason[survivor] == 0
            assert same_image(rows[position], rows[survivor])
            assert same_question(rows[position], rows[survivor])
        else:
            assert survivor == -1
        if reason == 3:
            others = [
                r
                for r in rows
                if (r["image_id"], r["text_sha256"]) == (rows[position]["image_id"], rows[position]["text_sha256"])
            ]
            assert len({other["answer_key"] for other in others}) > 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS)
def test_no_two_kept_rows_are_the_same_so_a_second_pass_drops_nothing(rows: list[dict[str, Any]]) -> None:
    found = decided(rows)
    kept = [row for row, reason in zip(rows, found.reason.tolist(), strict=True) if reason == 0]
    assert not decided(kept).reason.any()
    for number, one in enumerate(kept):
        for other in kept[:number]:
            equal_answers = one["answer_key"] == other["answer_key"]
            assert not (equal_answers and same_question(one, other) and same_image(one, other))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.integers(2, 5), st.randoms(use_true_random=False))
def test_batches_do_not_matter_and_growth_displaces_nothing(
    rows: list[dict[str, Any]], batches: int, rng: random.Random
) -> None:
    whole = decided(rows)
    parted = decided(rows, batches)
    assert whole.reason.tolist() == parted.reason.tolist()
    assert whole.survivor.tolist() == parted.survivor.tolist()
    first = rng.randrange(len(rows) + 1)
    before = decided(rows[:first])
    for position in range(first):
        if before.reason[position] == 2:
            # Only a contradiction found later can change what an earlier row was told.
            assert whole.reason[position] in (2, 3) or 3 in whole.reason[:first]
        if before.reason[position] == 0:
            assert whole.reason[position] in (0, 3) or 3 in whole.reason[:first]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_decides_who_stays_never_how_contradictions_end(
    rows: list[dict[str, Any]], rng: random.Random
) -> None:
    order = rng.sample(range(len(rows)), len(rows))
    first, second = decided(rows), decided([rows[i] for i in order])
    contradicted = {i for i, reason in enumerate(first.reason.tolist()) if reason == 3}
    assert contradicted == {order[i] for i, reason in enumerate(second.reason.tolist()) if reason == 3}
    kept = [rows[order[i]] for i, reason in enumerate(second.reason.tolist()) if reason == 0]
    for row, reason in zip(rows, first.reason.tolist(), strict=True):
        if reason == 0:  # whoever stays in one order is represented in the other
            assert any(same_image(row, other) and same_question(row, other) for other in kept)
