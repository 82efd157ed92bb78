"""Found and false: questions of benchmarks in other wordings, and unrelated rows, by the comparison of texts that a cut is held against.

    python benchmarks/question_overlap.py [--questions 2000] [--rows 100000] [--seed 7000] [--texts FILE ...] [--json]

Questions are made of sentences whose things, names and numbers are drawn; each is written in another way, and is to be found. Unrelated are the rows
of `wethink_assets_tests/support/row_pairs.py`, questions of the same sentences with other draws, and templates that benchmarks have word for word:
none is to be found by its text alone. With `--texts`, files of real questions (JSON: pairs of question and options) are compared with each other,
and one half of each against its other half, where the same text of another picture counts. Reported: shares, and microseconds a row.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from wethink_assets.dedup.question_overlap import AskedText, BenchmarkQuestions, signed_questions
from wethink_assets_tests.support.row_pairs import labelled_rows

THINGS = "baker farmer train ladder garden fence tank tile rope pool coin lamp wheel bridge shelf kite bottle candle tower boat".split()  # noqa: SIM905
NAMES = "Anna Bertram Chloé Dmitri Zoë Ivo Paula Ravi Sven Tomas".split()  # noqa: SIM905
SENTENCES = (
    "{name} has {number} {thing}s, of which every {other} is {number} metres away from the next.",
    "The {thing} on the left is {number} cm longer than the {other} that {name} bought in {number}.",
    "In the figure, the {thing} begins at the point {number} and ends where the {other} of {name} stands.",
    "Each {thing} needs {number} minutes, but with a {other} it takes {name} only {number} of them.",
    "Between {number} and {number} the value of the {thing} rises while that of the {other} falls.",
)
ASKED = (
    "How many {thing}s does {name} need for all of this?",
    "What is the largest number of {thing}s that fit beside the {other}?",
    "By how much does the {thing} differ from the {other} at the end?",
)
TEMPLATES = (
    "What is the title of the chart?",
    "What is the value of the smallest individual bar in the whole chart?",
    "How many people in the image are standing to the left of the red car?",
    "Which of the following statements about the picture is true?",
)
HINT = (
    "Hint: Please answer the question and provide the correct option letter, e.g., A, B, C, D, at the end.\nQuestion: "
)


def question(chance: random.Random) -> AskedText:
    """A made question of 40 to 70 words, with four options or none."""
    lines = [*chance.sample(SENTENCES, chance.choice((2, 3))), chance.choice(ASKED)]
    text = " ".join(lines)
    for slot, values in (("{name}", NAMES), ("{thing}", THINGS), ("{other}", THINGS)):
        while slot in text:
            text = text.replace(slot, chance.choice(values), 1)
    while "{number}" in text:
        text = text.replace("{number}", str(chance.randrange(2, 2000)), 1)
    return text, [str(chance.randrange(2000)) for _ in range(chance.choice((0, 4)))]


def _lettered(text: str, options: Sequence[str]) -> str:
    return "\n".join([text, *(f"({letter}) {option}" for letter, option in zip("ABCD", options, strict=False))])


WAYS: dict[str, Callable[[str, list[str], random.Random], AskedText]] = {
    "as it is": lambda text, options, chance: (text, options),
    "case and spacing": lambda text, options, chance: (text.upper().replace(" ", "  ").replace(",", " ,"), options),
    "options in another order": lambda text, options, chance: (text, chance.sample(options, len(options))),
    "options in the text": lambda text, options, chance: (_lettered(text, options), []),
    "without options": lambda text, options, chance: (text, []),
    "after an instruction": lambda text, options, chance: (HINT + text, options),
    "before an instruction": lambda text, options, chance: (f"{text} Think step by step, then answer in one word.", options),
    "another first name": lambda text, options, chance: (text.replace(next(n for n in NAMES if n in text), "Quentin", 1), options)
    if any(name in text for name in NAMES) else (text, options),
}  # fmt: skip


def held(asked: Sequence[AskedText]) -> BenchmarkQuestions:
    """Questions as those of one benchmark."""
    signed = signed_questions((str(index), *one) for index, one in enumerate(asked))
    return BenchmarkQuestions(signed.with_columns(benchmark=pl.lit("made")))


def measure(count: int, rows: int, seed: int) -> dict[str, Any]:
    chance = random.Random(seed)
    asked = [question(chance) for _ in range(count)]
    benchmark = held([*((HINT + text, options) for text, options in asked), *((one, []) for one in TEMPLATES)])
    found = {}
    for name, way in WAYS.items():
        overlaps = benchmark.asked([way(text, list(options), chance) for text, options in asked])
        found[name] = [sum(one.asked_in == f"made {one.row}" for one in overlaps), count]
    other = random.Random(seed + 1)
    short = [
        (one.question, one.options) for pair in labelled_rows(rows // 2, str(seed)) for one in (pair.first, pair.second)
    ]
    unrelated = {
        "rows of row_pairs": short,
        "the same sentences with other draws": [question(other) for _ in range(rows)],
        "templates that the benchmark has": [(chance.choice(TEMPLATES), []) for _ in range(rows // 10)],
    }
    false, took = {}, 0.0
    for name, texts in unrelated.items():
        began = time.process_time()
        false[name] = [len(benchmark.asked(texts)), len(texts)]
        took += time.process_time() - began
    everything = sum(len(texts) for texts in unrelated.values())
    return {"found": found, "false": false, "CPU microseconds a row": round(1e6 * took / everything, 1)}


def of_files(paths: Sequence[Path], seed: int) -> dict[str, Any]:
    """Real questions: each file against each other one, and one half of each against the other half."""
    texts = {path.stem: [(text, options or []) for text, options in json.loads(path.read_text())] for path in paths}
    across = {
        f"{one} against {other}": [len(held(texts[other]).asked(texts[one])), len(texts[one])]
        for one in texts for other in texts if one != other
    }  # fmt: skip
    halves, themselves = {}, {}
    for name, asked in texts.items():
        mixed = random.Random(seed).sample(asked, len(asked))
        middle = len(mixed) // 2
        halves[name] = [len(held(mixed[middle:]).asked(mixed[:middle])), middle]
        themselves[name] = [len(held(asked).asked(asked)), len(asked)]
    return {"one file in another": across, "one half in the other": halves, "found word for word": themselves}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7000)
    parser.add_argument("--texts", type=Path, nargs="*", default=[])
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    figures = measure(args.questions, args.rows, args.seed)
    if args.texts:
        figures |= of_files(args.texts, args.seed)
    if args.json:
        print(json.dumps(figures, indent=1, ensure_ascii=False))
        return
    for title, counts in figures.items():
        if not isinstance(counts, dict):
            print(f"{title}: {counts}")
            continue
        print(title)
        for name, (hits, total) in counts.items():
            print(f"  {name:44} {hits:7} of {total:7}  {hits / total:.5f}")


if __name__ == "__main__":
    main()
