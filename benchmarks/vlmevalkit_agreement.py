"""Agreement of our scorers with VLMEvalKit's on the same replies.

    python benchmarks/vlmevalkit_agreement.py [--questions 120]

Draws the stand-ins, puts them under the names of the fourteen, makes replies of many kinds (right, wrong, wordy, in JSON, refusing, empty),
decides and adds them up here, has VLMEvalKit score the same replies in its own environment, as a scoring does, with the same stand-in for the
judge on both sides, and compares headlines and single verdicts. One process for all fourteen; its time is given by benchmark. It needs
`make setup-vlmevalkit`.
"""

import argparse
import asyncio
import json
import random
import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.config.evaluation import ScoringSettings
from wethink_assets.evaluation.benchmarks.catalog import OPENCOMPASS, SAMPLE
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile, benchmark_files, rows_of
from wethink_assets.evaluation.grading.rules import list_of
from wethink_assets.evaluation.vlmevalkit.process import Kit
from wethink_assets.evaluation.vlmevalkit.scoring import NO_ANSWER, KitResult, kit_result, prompts_of
from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets.models.chat import Message

MARKS = str.maketrans(".()", "   ")
CONSISTENT = re.compile(r".*\[Standard Answer\]:(.*)\n\s*\[Model_answer\] :(.*)\n\s*Judgement:\s*$", re.DOTALL)


def judged(name: str, variables: dict[str, Any]) -> Any:
    """The reply that the judge is taken to give: the last word as the extraction, a grade by the answer's length; nothing about options."""
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


class PromptJudge:
    """Gives the same to VLMEvalKit's prompts: the reply that a prompt is about stands between the last two of its marks."""

    ABOUT = (
        ("Model respone: ", "Extracted answer:"),
        ("Model response: '", "'\nExtracted Answer: "),
        ("Answer: <start>\n", "\n<end>\nYour output: "),
        ("Free-form answer: ", "\nInstruction: "),
    )

    def __init__(self, form: str) -> None:
        self.form, self.asked = form, 0

    async def judge_reply(
        self, benchmark: str, messages: Sequence[Message], temperature: float, counts: object = None
    ) -> str:
        """One reply of the judge."""
        self.asked += 1
        prompt = messages[-1].text
        if match := CONSISTENT.search(prompt):
            return str(int(match[1].strip().lower() == match[2].strip().lower()))
        if self.form in ("choice", "circular", "mmmu", "wemath"):
            return "Z"
        if self.form == "yes_no":
            return "Unknown"
        if self.form == "mmvet":
            reply = prompt.split(" | ")[-2] if " | " in prompt else ""
            return str(judged("judge_grade", {"reply": "" if reply == NO_ANSWER else reply}))
        reply = next((self._between(prompt, *marks) for marks in self.ABOUT if marks[0] in prompt), "")
        name = "judge_letters" if self.form == "logicvista" else "judge_extract"
        return (
            str(judged(name, {"reply": reply})).upper()
            if self.form == "logicvista"
            else (judged(name, {"reply": reply}) or "nothing")
        )

    @staticmethod
    def _between(prompt: str, first: str, last: str) -> str:
        reply = prompt.rpartition(first)[2].partition(last)[0]
        return "" if reply == NO_ANSWER else reply


def reply_to(row: dict[str, Any], form: str, rng: random.Random) -> str:
    """A reply of a random kind; right in about half of the cases."""
    options = BENCHMARK_FORMS[form].options(row)
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


def stand_ins(folder: Path, questions: int) -> tuple[Settings, list[BenchmarkFile]]:
    """The stand-ins under the names of the fourteen."""
    drawn = Settings(folder=str(folder), scoring=ScoringSettings(sample_questions=questions))
    for file in benchmark_files(drawn):
        if file.benchmark.sample:
            shutil.copy(file.path, file.path.with_name(f"{file.benchmark.key.removeprefix(SAMPLE)}.tsv"))
    settings = Settings(folder=str(folder), scoring=ScoringSettings(samples=False))
    return settings, benchmark_files(settings, [one.key for one in OPENCOMPASS])


async def our_verdicts(file: BenchmarkFile, replies: Sequence[str]) -> list[float]:
    """Our verdict on each reply."""

    async def ask(name: str, **variables: Any) -> Any:
        return judged(name, variables)

    rows, form = rows_of(file.path).iter_rows(named=True), BENCHMARK_FORMS[file.benchmark.form]
    return [(await form.grade(row, reply, ask)).hit for row, reply in zip(rows, replies, strict=True)]


def their_hits(file: BenchmarkFile, result: KitResult) -> dict[str, float]:
    """VLMEvalKit's verdict by row, where it has one per row."""
    return {} if file.benchmark.form == "circular" else {index: one.hit for index, one in result.verdicts.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=120, help="of each of the fourteen")
    questions = parser.parse_args().questions
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        settings, files = stand_ins(Path(folder), questions)
        with Kit(settings) as kit:
            for file in files:
                worst = max(worst, compare(kit, file))
            print(f"largest difference {worst:.2f}; {kit.started} process of VLMEvalKit {kit.version}")


def compare(kit: Kit, file: BenchmarkFile) -> float:
    """Score one file on both sides, and print where they differ; the difference of the headlines out of 100."""
    import polars as pl

    key, form, rng = file.benchmark.key, file.benchmark.form, random.Random(SAMPLE + file.benchmark.key)
    rows = rows_of(file.path)
    replies = [reply_to(row, form, rng) for row in rows.iter_rows(named=True)]
    hits = asyncio.run(our_verdicts(file, replies))
    ours = file.benchmark.scale * BENCHMARK_FORMS[form].clusters(rows.with_columns(pl.Series("hit", hits))).headline()
    began = time.monotonic()
    judge = PromptJudge(form)
    try:
        prompts_of(kit, file)
        by_index = dict(zip(rows["index"], replies, strict=True))
        result = asyncio.run(kit_result(kit, judge, file, by_index, "agreement", 64))  # type: ignore[arg-type]
    except Exception as error:
        print(f"{key}: VLMEvalKit fails: {error}")
        return 0.0
    took = time.monotonic() - began
    theirs = result.headline
    if form == "ocr":
        theirs = None if theirs is None else 1000 * theirs / rows.height
    if form == "wemath" and theirs is not None:
        problems = rows.filter(pl.col("key").str.ends_with("multi")).height
        theirs = (
            100 * (problems - 525 * (1 - theirs / 100)) / problems
        )  # it always divides by the problems of the real one
    assert theirs is not None, key
    print(
        f"{key}: ours {ours:.2f}, VLMEvalKit {theirs:.2f}; {rows.height} replies, judge asked {judge.asked} times, {took:.1f} s"
    )
    other, asked = their_hits(file, result), dict(zip(rows["index"], zip(replies, hits, strict=True), strict=True))
    for row in [
        row
        for row in rows.iter_rows(named=True)
        if other.get(row["index"], asked[row["index"]][1]) != asked[row["index"]][1]
    ][:8]:
        reply, hit = asked[row["index"]]
        print(
            f"  {row['index']}: ours {hit}, answer {row['answer']!r}, reply {reply!r}, {result.verdicts[row['index']]}"
        )
    return 100 * abs(ours - theirs) / file.benchmark.scale


if __name__ == "__main__":
    main()
