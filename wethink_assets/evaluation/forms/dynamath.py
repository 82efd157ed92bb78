"""DynaMath: each question in several variants, answered in a JSON object; the headline is the worst case.

Rules after VLMEvalKit's `DynaMath.evaluate` and `dynamath.parse_answer`.
"""

import json
from collections.abc import Iterator, Mapping

import polars as pl

from wethink_assets.evaluation.forms.form import (
    JUDGE,
    RULE,
    UNDECIDED,
    AskJudge,
    Fields,
    Form,
    Row,
    Verdict,
    verdict_of,
)
from wethink_assets.evaluation.grading.breakdown import Breakdown, Category, by_column, categories_by, percent_of
from wethink_assets.evaluation.grading.clusters import HIT, ONE, Clusters, clustered
from wethink_assets.evaluation.grading.rules import number_of, short_answer
from wethink_assets.evaluation.samples.questions import DrawnQuestion, draw_question, is_hard, question_about, stream
from wethink_assets.kinds import FILL_IN, LETTERS, MULTIPLE_CHOICE
from wethink_assets.sources.sample.scenes import draw_scene

CLOSE = 0.001
"""By how much a number may differ from the reference."""
INSTRUCTION = """
## Answer Instruction Please provide an answer to the question outlined above. Your response should adhere to the following JSON format, \
which includes two keys: 'solution' and 'short answer'. The 'solution' key can contain detailed steps needed to solve the question, and the \
'short answer' key should provide a concise response. {by_type}

Example of expected JSON response format:

"""
EXAMPLE = json.dumps({"solution": "[Detailed step-by-step explanation]", "short answer": "[Concise Answer]"}, indent=4)
BY_TYPE = {
    "multiple choice": "Provide the corresponing choice option in the 'short answer' key, such as 'A', 'B', 'C', or 'D'.",
    "float": "Format the answer as a three-digit floating-point number and provide it in the 'short answer' key.",
}
OTHER_TYPES = "Float numbers in the answer should be formatted as three-digit floating-point numbers."
EXTRACTIONS = {"multiple choice": "an option letter", "float": "a number with three decimal places"}
VARIANTS = 3
LEVELS = ("elementary school", "high school", "undergraduate")


class DynaMath(Form):
    """A question counts only if all its variants (rows of one `qid`) are right."""

    columns = ("answer", "qid")
    headline = "worst-case accuracy"

    def prompt(self, row: Row) -> str:
        by_type = BY_TYPE.get(str(row.get("answer_type")), OTHER_TYPES)
        return f"## Question\n {row['question']}" + INSTRUCTION.format(by_type=by_type) + EXAMPLE

    def row_faults(self, row: Row) -> Mapping[str, str]:
        faults = dict(super().row_faults(row))
        if not str(row["qid"] or "").strip():
            faults["qid"] = "it is empty"
        answer, answer_type = str(row["answer"]), row.get("answer_type")
        if answer_type == "float" and number_of(answer, whole=False) is None and not faults:
            faults["answer"] = f"{answer!r} is no number, which its answer_type float needs"
        if answer_type == "multiple choice" and answer not in tuple(LETTERS) and not faults:
            faults["answer"] = f"{answer!r} is no letter, which its answer_type multiple choice needs"
        return faults

    async def verdict(self, row: Row, answer: str, ask: AskJudge) -> Verdict:
        answer_type, right = str(row.get("answer_type")), str(row["answer"])
        short = _short_answer_key(answer)
        value, how = short_answer(short if short is not None else answer, answer_type), RULE
        if value is None:
            instruction = EXTRACTIONS.get(answer_type, "")
            extracted = await ask("judge_extract", question=row["question"], instruction=instruction, reply=answer)
            extracted, how = (extracted, JUDGE) if extracted is not None else ("", UNDECIDED)
            value = short_answer(extracted, answer_type)
        if value is None:  # VLMEvalKit's last resort: an option that begins so is taken to be meant
            return Verdict(float(answer_type == "multiple choice" and right in answer[:3].upper()), "", how)
        if answer_type == "float":
            reference = number_of(right, whole=False)
            return verdict_of(reference is not None and abs(float(value) - reference) <= CLOSE, value, how)
        same = value == right if answer_type == "multiple choice" else str(value).lower() in right.lower()
        return verdict_of(same, value, how)

    def clusters(self, frame: pl.DataFrame) -> Clusters:
        return clustered(frame, "qid", [HIT.min()], [ONE.first()])

    def breakdown(self, frame: pl.DataFrame) -> Breakdown:
        worst = 100 * self.clusters(frame).headline()
        by = {**by_column(frame, "subject", "average, "), **by_column(frame, "knowledge_level", "average, ")}
        return {"worst case": worst, "average": percent_of(frame["hit"]), **by}

    def categories(self, frame: pl.DataFrame) -> Iterator[Category]:
        return categories_by(frame, "subject", "knowledge_level")

    def stand_in(self, key: str, count: int) -> Iterator[Fields]:
        """Questions in three variants each: the same question about another image."""
        questions = -(-count // VARIANTS)
        for variant in range(VARIANTS):
            for number in range(questions):
                drawn = _variant(key, number, variant)
                answer_type = "multiple choice" if drawn.options else "float" if drawn.numeric else "free-form"
                question = f"{drawn.text} choice: {drawn.listed_options}" if drawn.options else drawn.text
                yield {
                    "index": str(number + variant * questions), "qid": str(number), "varid": str(variant + 1),
                    **drawn.columns(question), **drawn.option_columns,
                    "answer": drawn.letter if drawn.options else drawn.answer, "answer_type": answer_type,
                    "subject": drawn.query.family.category, "knowledge_level": LEVELS[number % len(LEVELS)],
                }  # fmt: skip


def _short_answer_key(answer: str) -> str | None:
    """`short answer` of the JSON object that DynaMath asks for, or None."""
    start, end = answer.find("{"), answer.rfind("}")
    try:
        reply = json.loads(answer[start : end + 1].replace("\\", ""), strict=False) if 0 <= start < end else None
    except (ValueError, RecursionError):
        return None
    short = reply.get("short answer") if isinstance(reply, dict) else None
    return str(short) if isinstance(short, (str, int, float)) else None


def _variant(key: str, number: int, variant: int) -> DrawnQuestion:
    first = draw_question(key, number, MULTIPLE_CHOICE.code if number % 3 == 0 else FILL_IN.code)
    family, rng = first.query.family, stream(key, number, f"variant {variant}")
    for _ in range(1000 if variant else 0):
        scene = draw_scene(rng, first.scene.kind, hard=is_hard(key, number))
        answer = first.query.answer(scene)
        if answer is not None and (not family.pool or answer in family.pool):
            return question_about(scene, first.query, first.kind, rng, f"{key}/{number}/{variant}")
    return first


DYNAMATH = DynaMath()
