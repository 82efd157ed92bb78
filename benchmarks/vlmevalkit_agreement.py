"""Do our scorers give the scores that VLMEvalKit's own give, on the same replies?

    python benchmarks/vlmevalkit_agreement.py PYTHON [questions]

PYTHON is the interpreter of an environment that has `ms-vlmeval` (see docs/scoring.md). Draws the stand-ins, makes replies of many kinds
(right, wrong, wordy, in JSON, refusing, empty), decides and adds them up here, hands the same replies to VLMEvalKit's scoring functions in a
process of that interpreter, with the same stand-in for the judge on both sides, and compares each benchmark's headline.
"""

import asyncio
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

KIT = Path(__file__).parent / "vlmevalkit_scores.py"
MARKS = str.maketrans(".()", "   ")


def said_by_judge(name: str, variables: dict[str, Any]) -> Any:
    """What the judge is taken to say: the last word as the extraction, a grade by the answer's length; nothing about options."""
    words = str(variables["reply"]).split() or [""]
    if name == "judge_extract":
        return words[-1].strip(".")
    if name == "judge_consistent":
        return str(variables["reply"]).strip().lower() == str(variables["reference"]).strip().lower()
    if name == "judge_grade":
        return len(str(variables["reply"])) % 11 / 10
    if name == "judge_letters":
        letters = sorted({word for word in str(variables["reply"]).translate(MARKS).split() if word in "ABCDEFGH"})
        return "".join(letters).lower() or "z"
    return None


def reply_to(row: dict[str, Any], form: str, rng: random.Random) -> str:
    """A reply of a random kind; right in about half of the cases."""
    from wethink_assets.evaluation.items import options_of
    from wethink_assets.evaluation.rules import list_of

    options = options_of(row, form)  # type: ignore[arg-type]
    right = row["answer_option"] if form == "mathvista" and options else row["answer"]
    right = list_of(right)[0] if form == "ocr" else right
    if form == "mmmu" and right not in options:
        right = "A"
    value = right if rng.random() < 0.55 else rng.choice([*options, "no", "yes", "7", "red", "Z"])
    text = options.get(value, value)
    kinds = [
        value,
        value,
        f"The answer is {value}.",
        f"({value})",
        f"{text}",
        f"I think it is {text}",
        "",
        "I cannot tell from this.",
    ]
    if form == "dynamath":
        kinds += [json.dumps({"solution": "x", "short answer": value})] * 4
    if form == "yes_no":
        kinds += [f"{value}, because of the picture", f"{value}. " * 2]
    return rng.choice(kinds)


def ours(folder: Path, questions: int) -> dict[str, Any]:
    """Our headline of each stand-in, and the rows with their replies for the other side."""
    import polars as pl

    from wethink_assets.config import Settings
    from wethink_assets.config.evaluation import ScoringSettings
    from wethink_assets.evaluation.files import benchmark_files, rows_of
    from wethink_assets.evaluation.units import units_of
    from wethink_assets.evaluation.verdicts import decide

    settings = Settings(folder=str(folder), scoring=ScoringSettings(sample_questions=questions))
    found: dict[str, Any] = {}
    for file in [file for file in benchmark_files(settings) if file.benchmark.sample]:
        form, rng = file.benchmark.form, random.Random(file.benchmark.key)
        rows = rows_of(file.path)
        replies = [reply_to(row, form, rng) for row in rows.iter_rows(named=True)]

        async def verdicts(rows: Any = rows, replies: Any = replies, form: Any = form) -> list[float]:
            async def ask(name: str, **variables: Any) -> Any:
                return said_by_judge(name, variables)

            return [
                (await decide(row, form, reply, ask)).hit
                for row, reply in zip(rows.iter_rows(named=True), replies, strict=True)
            ]

        hits = asyncio.run(verdicts())
        scored = rows.with_columns(pl.Series("hit", hits))
        kept = rows.drop("images", "media", "row_start", "row_length").with_columns(pl.Series("prediction", replies))
        found[file.benchmark.key] = {
            "form": form,
            "score": 100 * units_of(scored, form).headline(),
            "hits": dict(zip(rows["index"], hits, strict=True)),
            "rows": kept.to_dicts(),
        }
    return found


def main() -> None:
    python, questions = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200
    with tempfile.TemporaryDirectory() as folder:
        mine = ours(Path(folder), questions)
        given = Path(folder) / "replies.json"
        given.write_text(json.dumps(mine))
        done = subprocess.run([python, str(KIT), str(given), folder], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"VLMEvalKit's side failed:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")
        theirs = json.loads((Path(folder) / "scores.json").read_text())
    worst = 0.0
    for key, told in mine.items():
        other = theirs[key]
        if isinstance(other, str):
            print(f"{key}: not compared: {other}")
            continue
        difference = abs(told["score"] - other["score"])
        worst = max(worst, difference)
        differ = [index for index, hit in other.get("hits", {}).items() if told["hits"].get(index) != hit]
        print(f"{key}: ours {told['score']:.2f}, VLMEvalKit {other['score']:.2f}, {len(told['hits'])} replies")
        for index in differ[:8]:
            row = next(row for row in told["rows"] if row["index"] == index)
            print(f"  {index}: ours {told['hits'][index]}, answer {row['answer']!r}, reply {row['prediction']!r}")
    print(f"largest difference {worst:.2f}")


if __name__ == "__main__":
    main()
