"""Precision and recall of telling pairs of rows apart: one question written in two ways, or two that differ in what they mean.

    python benchmarks/row_pairs.py [--pairs 100000] [--seed 5000] [--rules 5|4] [--json]

Pairs are made (`wethink_assets_tests/support/row_pairs.py`), so the truth follows from how each is made; both rows of a pair have one image and one
answer, unless the change is to the answer. Those that mean something else have equal answers by chance, as yes, no and small numbers are. A pair is
joined where one of its rows is left out for the other. By rules 4 they are compared as versions were that were cut before. The forms of
`dedup.question_text` were written with seeds below 1,000.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from wethink_assets.dedup.duplicates import EXACT, NEAR, find_duplicates
from wethink_assets.dedup.methods import Comparison
from wethink_assets.dedup.row_index import KEYS, RowIndex
from wethink_assets.dedup.texts import (
    answer_key,
    comparable_text,
    precedence,
    question_keys,
    stated_answer_key,
    text_digest,
)
from wethink_assets.identity import row_id, sha256_hex, slot_id
from wethink_assets_tests.support.row_pairs import AskedRow, LabelledRows, labelled_rows

BLOCK = 20_000  # pairs signed at once


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=5000)
    parser.add_argument("--rules", type=int, choices=[4, 5], default=5, help="version of the rules of cuts")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    figures = measure(args.pairs, args.seed, order_free=args.rules == 5)
    if args.json:
        print(json.dumps(figures, indent=1))
        return
    print(
        f"{figures['pairs']} pairs, seed {args.seed}, rules {args.rules}: precision {figures['precision']:.5f}, recall {figures['recall']:.5f}"
    )
    for kind, (joined, pairs) in figures["same, joined"].items():
        print(f"same    {kind:28} {joined:7} of {pairs:7} joined  {joined / pairs:.4f}")
    for kind, (joined, pairs) in figures["different, joined"].items():
        print(f"another {kind:28} {joined:7} of {pairs:7} joined  {joined / pairs:.4f}")
    print(f"CPU microseconds a row: {figures['microseconds a row']}")
    for example in figures["errors"]:
        print(*example, sep="\n  ")


def measure(pairs: int, seed: int, order_free: bool = True) -> dict[str, Any]:
    """Figures by kind of change."""
    joined: Counter[tuple[bool, str]] = Counter()
    made: Counter[tuple[bool, str]] = Counter()
    errors: list[tuple[str, str, str]] = []
    seconds = 0.0
    for first in range(0, pairs, BLOCK):
        labelled = labelled_rows(min(BLOCK, pairs - first), f"{seed}/{first}")
        began = time.process_time()
        verdicts = joins(labelled, order_free)
        seconds += time.process_time() - began
        for pair, join in zip(labelled, verdicts, strict=True):
            key = (pair.same, pair.change)
            made[key] += 1
            joined[key] += join
            if join != pair.same and sum(pair.change in error[0] for error in errors) < 3:
                label = f"{'missed' if pair.same else 'joined falsely'}: {pair.change}"
                errors.append((label, told(pair.first), told(pair.second)))
    right = sum(count for (same, _), count in joined.items() if same)
    return {
        "pairs": pairs,
        "precision": right / max(1, sum(joined.values())),
        "recall": right / max(1, sum(count for (same, _), count in made.items() if same)),
        "same, joined": {kind: (joined[same, kind], count) for (same, kind), count in sorted(made.items()) if same},
        "different, joined": {
            kind: (joined[same, kind], count) for (same, kind), count in sorted(made.items()) if not same
        },
        "microseconds a row": round(seconds / (2 * pairs) * 1e6, 1),
        "errors": errors,
    }


def told(row: AskedRow) -> str:
    """A row in one line."""
    return f"{row.kind} {row.question!r} {list(row.options) or ''} -> {row.answer}"


def joins(pairs: Sequence[LabelledRows], order_free: bool) -> list[bool]:
    """Whether one row of each pair is left out for the other; each pair has an image of its own."""
    comparison = Comparison.of()
    rows = [(number, row) for number, pair in enumerate(pairs) for row in (pair.first, pair.second)]
    records: dict[str, list[Any]] = {name: [] for name in ("image_id", "kind", "text_sha256", "answer_key", *KEYS)}
    for place, (number, row) in enumerate(rows):
        image = sha256_hex(f"image {number}".encode())
        key_of = stated_answer_key if order_free else answer_key
        answer = key_of(row.kind, row.answer, row.options, row.question)
        same, near = question_keys(row.kind, row.question, row.options, comparison.texts.near_text)
        own, slot = row_id(image, row.kind, row.question, row.options), slot_id(image, row.kind, place % 2)
        values = (image, row.kind, text_digest(row.kind, row.question, row.options), answer)
        for name, value in zip(records, (*values, same, near, precedence(own, slot, "s", answer), own), strict=True):
            records[name].append(value)
    blank = {"phash": [image[:16] for image in records["image_id"]], "pixels": [bytes(768)] * len(rows)}
    signed = {"minhash": pl.Series([[]] * len(rows), dtype=pl.List(pl.UInt32))}
    if not order_free:
        texts = [comparable_text(row.question, row.options) for _, row in rows]
        signed = {name: pl.Series(values) for name, values in comparison.texts.sign(texts).items()}
    frame = pl.DataFrame({**records, **blank, **signed}, schema_overrides={**comparison.row_columns, **KEYS})
    with tempfile.TemporaryDirectory() as folder, RowIndex(Path(folder), comparison, order_free) as index:
        index.add(frame)
        index.seal()
        reasons = find_duplicates(index).reason
    return [bool({EXACT, NEAR} & set(reasons[2 * number : 2 * number + 2].tolist())) for number in range(len(pairs))]


if __name__ == "__main__":
    main()
