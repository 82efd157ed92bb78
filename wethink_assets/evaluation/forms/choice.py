"""Forms answered by one option: a choice, one whose options are rotated (MMBench), and MMMU with its open questions.

Rules after VLMEvalKit: `report_acc` and `mcq_circular_eval`.
"""

import re
from collections.abc import Iterator, Mapping

import polars as pl

from wethink_assets.evaluation.benchmarks.tsv import IMAGES
from wethink_assets.evaluation.forms.form import (
    JUDGE,
    RULE,
    UNDECIDED,
    VLMEVALKIT,
    AskJudge,
    Fields,
    Form,
    Row,
    Verdict,
    verdict_of,
)
from wethink_assets.evaluation.grading.breakdown import (
    Breakdown,
    Category,
    by_category,
    by_column,
    categories_by,
    percent_of,
)
from wethink_assets.evaluation.grading.clusters import HIT, ONE, Clusters, clustered, single_samples
from wethink_assets.evaluation.grading.mmmu_official import official_open_verdict
from wethink_assets.evaluation.grading.rules import NO_OPTION, option_of
from wethink_assets.evaluation.samples.questions import draw_question
from wethink_assets.kinds import FILL_IN, LETTERS, MULTIPLE_CHOICE, lettered
from wethink_assets.sources.sample.scenes import VisualKind

ROTATION_OFFSET = 1_000_000
ROTATIONS = "each rotation by itself"
OTHER_ANSWERS = "Other Answers"
VALIDATION = "validation"
SPLITS = (None, "dev", VALIDATION, "test")
_IMAGE_MARK = re.compile(r"<image (\d{1,3})>")


class Choice(Form):
    """One question with options, of which one is right. instruction: what ends the list of options in the prompt."""

    own_files_by_vlmevalkit = True
    instruction = "Please select the correct answer from the options above. \n"

    def prompt(self, row: Row) -> str:
        options = self.shown_options(row)
        hint = f"Hint: {row['hint']}\n" if row.get("hint") else ""
        listed = "".join(f"{letter}. {option}\n" for letter, option in options.items())
        return f"{hint}Question: {row['question']}\n" + (f"Options:\n{listed}{self.instruction}" if options else "")

    def row_faults(self, row: Row) -> Mapping[str, str]:
        options, faults = self.shown_options(row), dict(super().row_faults(row))
        if len(options) < 2:
            return {"A": f"a choice needs two options at least, and this row has {len(options) or 'none'}", **faults}
        if self.right_option(row) not in options:
            faults["answer"] = f"{row['answer']!r} is no letter of its options ({', '.join(options)})"
        texts = {letter: " ".join(text.split()) for letter, text in options.items()}
        faults |= {letter: "it is blank" for letter, text in texts.items() if not text}
        right = texts.get(self.right_option(row))
        same = [letter for letter, text in texts.items() if text == right and letter != self.right_option(row)]
        return faults | {letter: "it is the right answer too" for letter in same if right}

    async def verdict(self, row: Row, answer: str, ask: AskJudge) -> Verdict:
        options = self.options(row)
        letter, how = option_of(answer, options), RULE
        if letter is None:
            letter, how = await ask("judge_option", question=row["question"], options=options, reply=answer), JUDGE
        if letter is None:
            letter, how = NO_OPTION, UNDECIDED
        return verdict_of(letter == self.right_option(row), letter, how)

    def stand_in(self, key: str, count: int) -> Iterator[Fields]:
        """MMStar asks about all kinds of scenes, AI2D about figures, RealWorldQA about hard images only."""
        kinds: tuple[VisualKind, ...] = ("figure",) if "AI2D" in key else ("shapes", "chart", "figure", "text")
        hard = True if "RealWorld" in key else None
        for number in range(count):
            drawn = draw_question(key, number, MULTIPLE_CHOICE.code, kinds=kinds, hard=hard)
            yield {"index": str(number), **drawn.columns(), **drawn.option_columns, "answer": drawn.letter}


def with_question(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `circle`: the question whose rotation a row is; rows of a question that lost its first form are left out."""
    index = pl.col("index").cast(pl.Int64)
    given = pl.col("g_index").cast(pl.Float64).cast(pl.Int64) if "g_index" in frame.columns else index % ROTATION_OFFSET
    circled = frame.with_columns(given.alias("circle"))
    first = circled.filter(index == pl.col("circle"))["circle"]
    return circled.filter(pl.col("circle").is_in(first.implode()))


class Circular(Choice):
    """Each question comes once per rotation of its options, and counts only if all rotations are right."""

    own_files_by_vlmevalkit = False

    def table_fault(self, rows: pl.DataFrame) -> str:
        whole = r"^\d{1,15}$"
        for column, form in (("index", whole), ("g_index", r"^\d{1,15}(\.0*)?$")):
            if column in rows.columns:
                other = rows.filter(~pl.col(column).str.contains(form).fill_null(column == "g_index"))
                if not other.is_empty():
                    index, value = other["index"][0], other[column][0]
                    return f"row {index!r}, column {column}: {value!r} is no whole number, by which rotations find their question"
        kept = with_question(rows)["index"]
        lost = rows.filter(~pl.col("index").is_in(kept.implode()))["index"]
        if lost.is_empty():
            return ""
        return f"row {lost[0]!r}, column index: the question that it rotates is not there, so it would not be counted"

    def clusters(self, frame: pl.DataFrame) -> Clusters:
        return clustered(with_question(frame), "circle", [HIT.min()], [ONE.first()])

    def breakdown(self, frame: pl.DataFrame) -> Breakdown:
        rotations = with_question(frame)
        groups = rotations.sort(pl.col("index").cast(pl.Int64)).group_by("circle", maintain_order=True)
        names = [name for name in ("category", "l2-category") if name in frame.columns]
        passed = groups.agg(HIT.min(), *(pl.col(name).first() for name in names))
        return {ROTATIONS: percent_of(rotations["hit"]), **by_category(passed)}

    def vlmevalkit_verdicts(
        self, rows: pl.DataFrame, answers: Mapping[str, str], verdicts: Mapping[str, Verdict]
    ) -> Mapping[str, Verdict]:
        """It grades questions: all rotations of one get its verdict, those of a question that it does not grade are wrong."""
        rotations = with_question(rows)
        questions = dict(zip(rotations["index"], rotations["circle"].cast(pl.String), strict=True))
        wrong = Verdict(0.0, "", VLMEVALKIT)
        return {index: verdicts.get(questions.get(index, index), wrong) for index in rows["index"]}

    def vlmevalkit_breakdown(self, frame: pl.DataFrame) -> Breakdown:
        return {name: value for name, value in self.breakdown(frame).items() if name != ROTATIONS}

    def stand_in(self, key: str, count: int) -> Iterator[Fields]:
        """Each question with its options rotated, as often as there are options."""
        rows, number = 0, 0
        while rows < count:
            drawn = draw_question(key, number, MULTIPLE_CHOICE.code, options=3)
            for turn in range(len(drawn.options)):
                options = drawn.options[turn:] + drawn.options[:turn]
                index, letter = number + turn * ROTATION_OFFSET, LETTERS[options.index(drawn.answer)]
                yield {"index": str(index), "g_index": str(number), **drawn.columns(), **dict(lettered(options)),
                       "answer": letter, "split": "dev"}  # fmt: skip
                rows += 1
            number += 1


class Mmmu(Choice):
    """Choices and open questions, which are graded as a choice of the answer and "Other Answers"; the headline is of the validation split."""

    headline = "accuracy on the validation split"
    own_files_by_vlmevalkit = False

    def options(self, row: Row) -> dict[str, str]:
        options = super().options(row)
        return options if "A" in options else {"A": str(row["answer"]), "B": OTHER_ANSWERS}

    def shown_options(self, row: Row) -> dict[str, str]:
        return {} if row.get("A") is None else self.options(row)

    def right_option(self, row: Row) -> str:
        answer = str(row["answer"])
        return answer if answer in LETTERS else "A"

    def row_faults(self, row: Row) -> Mapping[str, str]:
        if self.shown_options(row):
            faults = dict(super().row_faults(row))
        else:
            faults = dict(Form.row_faults(self, row))
            if row["answer"] in tuple(LETTERS):
                faults["answer"] = f"{row['answer']!r} is a letter, and the row has no options"
        named = max(map(int, _IMAGE_MARK.findall(str(row["question"]))), default=0)
        if named > len(row[IMAGES]):
            faults["question"] = f"it names <image {named}>, and the row has {len(row[IMAGES])}"
        if row.get("split") not in SPLITS:
            faults["split"] = f"{row['split']!r} is none of {', '.join(filter(None, SPLITS))}"
        return faults

    def table_fault(self, rows: pl.DataFrame) -> str:
        return (
            ""
            if _validation_rows(rows).height
            else f" has no row whose split is {VALIDATION}, which the headline is of"
        )

    def clusters(self, frame: pl.DataFrame) -> Clusters:
        return single_samples(_validation_rows(frame))

    def breakdown(self, frame: pl.DataFrame) -> Breakdown:
        return {
            **by_column(frame, "split", "split "),
            **_by_official_rule(_validation_rows(frame)),
            **by_category(_validation_rows(frame)),
        }

    def categories(self, frame: pl.DataFrame) -> Iterator[Category]:
        return categories_by(_validation_rows(frame), "l2-category", "category")

    def stand_in(self, key: str, count: int) -> Iterator[Fields]:
        """Validation and a few dev rows; a quarter of the questions is open."""
        for number in range(count):
            split, is_open = "dev" if number % 7 == 6 else VALIDATION, number % 4 == 1
            drawn = draw_question(key, number, FILL_IN.code if is_open else MULTIPLE_CHOICE.code)
            answer = drawn.answer if is_open else drawn.letter
            yield {"index": f"{split}_{number}", **drawn.columns(), **drawn.option_columns, "answer": answer,
                   "split": split}  # fmt: skip


def _by_official_rule(frame: pl.DataFrame) -> Breakdown:
    """Open questions as they are graded and by MMMU's own rule, and what all rows come to with that; nothing where no question is open."""
    if "prediction" not in frame.columns or not {"A", "answer"} <= set(frame.columns):
        return {}
    is_open = pl.col("A").is_null()
    said = frame.select(is_open, "prediction", pl.col("answer").cast(pl.String))
    hits = [
        float(bool(reply) and official_open_verdict(reply, answer)) if free else None
        for free, reply, answer in said.iter_rows()
    ]
    official = pl.Series("official", hits, dtype=pl.Float64)
    if official.null_count() == frame.height:
        return {}
    return {
        "open questions": percent_of(frame.filter(is_open)["hit"]),
        "open questions, MMMU's own rule": percent_of(official.drop_nulls()),
        "all, open ones by MMMU's own rule": percent_of(official.fill_null(frame["hit"])),
    }


def _validation_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of the validation split: all where the file names no split."""
    return frame.filter(pl.col("split") == VALIDATION) if "split" in frame.columns else frame


CHOICE = Choice()
CIRCULAR = Circular()
MMMU = Mmmu()
