"""Who stays follows from the rows alone, and no crowd of alike rows takes quadratic time."""

import random
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from wethink_assets.dedup.duplicates import CONFLICT, NEAR, Duplicates, find_duplicates
from wethink_assets.dedup.methods import Comparison
from wethink_assets.dedup.row_index import KEYS, RowIndex
from wethink_assets.dedup.texts import precedence, question_keys, stated_answer_key
from wethink_assets.identity import row_id, sha256_hex
from wethink_assets_tests.dedup.test_duplicates_rules import made_row, same_image

CROWD = 50_000
SCHEMA = {**Comparison.of().row_columns, **KEYS}


def decided(frame: pl.DataFrame, majority: bool = False) -> Duplicates:
    with tempfile.TemporaryDirectory() as folder, RowIndex(Path(folder), majority=majority) as index:
        for part in frame.iter_slices(10_000):
            index.add(part)
        index.seal()
        return find_duplicates(index)


def some_rows(chance: random.Random) -> list[dict[str, Any]]:
    """Rows from small pools, so that equal and nearly equal parts are common."""
    rows = []
    for number in range(chance.randint(2, 40)):
        image, words = (chance.randint(0, 1), chance.randint(0, 4)), chance.randint(0, 1)
        row = made_row(image, (words, 0), chance.randint(0, 2), chance.choice(["MC", "FIB", "DES"]))
        near = hash((row["kind"], words)) % 2**63
        same = near + chance.randint(0, 2)
        own = sha256_hex(f"{image}{row['kind']}{same}".encode())[:32]
        rank = precedence(own, f"{image}:{number}", "source", row["answer_key"])
        rows.append({**row, "same_key": same, "near_key": near, "row_id": own, "precedence": rank})
    return rows


def told(rows: list[dict[str, Any]], majority: bool) -> dict[int, tuple[int, int, int]]:
    """Reason, survivor and opponent of each row, all by what they are."""
    found = decided(pl.DataFrame(rows, schema=SCHEMA), majority)
    ranks = [row["precedence"] for row in rows] + [-1]
    pairs = zip(found.reason.tolist(), found.survivor.tolist(), found.opponent.tolist(), strict=True)
    return {ranks[n]: (reason, ranks[stays], ranks[other]) for n, (reason, stays, other) in enumerate(pairs)}


def same_whatever_the_history(histories: int, seed: int, majority: bool) -> None:
    chance = random.Random(seed)
    for _ in range(histories):
        rows = some_rows(chance)
        known = told(rows, majority)
        chance.shuffle(rows)
        assert told(rows, majority) == known
        by_rank = {row["precedence"]: row for row in rows}
        for rank, (reason, survivor, opponent) in known.items():
            if survivor >= 0:
                assert known[survivor][0] == 0
                assert same_image(by_rank[rank], by_rank[survivor])
                assert by_rank[rank]["near_key"] == by_rank[survivor]["near_key"]
            if reason == CONFLICT:
                assert by_rank[opponent]["answer_key"] != by_rank[rank]["answer_key"]
                assert by_rank[opponent]["same_key"] == by_rank[rank]["same_key"]


@pytest.mark.parametrize("majority", [False, True])
def test_the_same_rows_stay_whatever_the_history(majority: bool) -> None:
    same_whatever_the_history(10, seed=1, majority=majority)


@pytest.mark.slow
@pytest.mark.parametrize("majority", [False, True])
def test_the_same_rows_stay_in_a_thousand_histories(majority: bool) -> None:
    same_whatever_the_history(1_000, seed=2, majority=majority)


def crowd(rows: int, question: str, numbered: bool) -> pl.DataFrame:
    """Rows with one answer: of one image with numbered questions, or of one question about images of one hash, no two alike."""
    noise = np.random.default_rng(5)
    near_text = Comparison.of().texts.near_text
    answer = stated_answer_key("FIB", "yes", [], question)
    images = [sha256_hex(f"{0 if numbered else n}".encode()) for n in range(rows)]
    texts = [question.format(n) for n in range(rows)] if numbered else [question]
    keys = [question_keys("FIB", text, [], near_text) for text in texts] * (1 if numbered else rows)
    pixels = (
        [bytes(768)] * rows if numbered else [row.tobytes() for row in noise.integers(0, 256, (rows, 768), np.uint8)]
    )
    own = [row_id(image, "FIB", f"{n}", []) for n, image in enumerate(images)]
    return pl.DataFrame(
        {
            "image_id": images,
            "kind": ["FIB"] * rows,
            "phash": ["0" * 16] * rows,
            "pixels": pixels,
            "text_sha256": [sha256_hex(b"")] * rows,
            "minhash": [[0] * 64] * rows,
            "answer_key": [answer] * rows,
            "same_key": [same for same, _ in keys],
            "near_key": [near for _, near in keys],
            "precedence": [precedence(one, one, "source", answer) for one in own],
            "row_id": own,
        },
        schema=SCHEMA,
    )


@pytest.mark.parametrize("numbered", [True, False])
def test_a_crowd_of_rows_that_are_nearly_the_same_is_told_apart(numbered: bool) -> None:
    frame = crowd(200, "Is the largest number in the first row of the table {}?", numbered)
    assert not decided(frame).reason.any()


def test_the_search_finds_what_comparing_with_all_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = crowd(300, "Is it?", numbered=False)
    chance = np.random.default_rng(6)
    pixels = [np.frombuffer(one, np.uint8).astype(np.int16) for one in frame["pixels"].head(100)]
    altered = [np.clip(one + chance.integers(-6, 7, 768), 0, 255).astype(np.uint8).tobytes() for one in pixels]
    frame = frame.with_columns(pl.Series("pixels", [*frame["pixels"].head(200), *altered]))
    found = decided(frame)
    assert (found.reason == NEAR).sum() == 100
    monkeypatch.setattr("wethink_assets.dedup.sketches.SketchSearch.FEWEST", 10_000)
    assert found.survivor.tolist() == decided(frame).survivor.tolist()


@pytest.mark.slow
@pytest.mark.parametrize("numbered", [True, False])
def test_fifty_thousand_rows_of_one_answer_end(numbered: bool) -> None:
    frame = crowd(CROWD, "Is the largest number in the first row of the table {}?", numbered)
    began = time.process_time()
    assert not decided(frame).reason.any()
    assert time.process_time() - began < 60
