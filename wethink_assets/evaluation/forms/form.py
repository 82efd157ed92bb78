"""Base of all benchmark forms: subclass `Form`, define `verdict`, and override what differs from plain accuracy over single questions.

A form is registered under its key in `BENCHMARK_FORMS`; `[benchmarks.<name>] form = "<key>"` chooses it for a file of
one's own (`docs/extending.md`). A row is a record of the benchmark's TSV: its columns as text, None where a field is empty.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from wethink_assets.errors import ConfigError
from wethink_assets.evaluation.grading.breakdown import Breakdown, Category, by_category, categories_by
from wethink_assets.evaluation.grading.clusters import Clusters, single_samples
from wethink_assets.kinds import FILL_IN, KINDS, LETTERS, MULTIPLE_CHOICE, QuestionKind
from wethink_assets.models.chat import Image, Message

PROMPTS_VERSION, VERDICTS_VERSION = "1", "3"
"""Of the prompts and verdicts of all forms that ship; part of a score's settings."""
RULE, JUDGE, UNDECIDED, FAILED = "rule", "judge", "undecided", "judge failed"
VLMEVALKIT: Literal["vlmevalkit"] = "vlmevalkit"
MOST_OPTIONS = 8
"""Options that an embedded policy is shown; it was trained on fewer."""
Row = Mapping[str, Any]
Fields = dict[str, str]
"""A row of a drawn stand-in, before it is written."""
AskJudge = Callable[..., Awaitable[Any]]
"""`await ask(prompt, question=..., reply=..., ...)`: what the judge says; None where it cannot be asked that; raises `JudgeFailed`."""


class JudgeFailed(Exception):
    """The judge could not be asked, or gave nothing that can be used."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one reply.

    hit: what the form's headline adds up: 0 or 1, of MM-Vet a grade between them; extracted: what the reply was taken to answer; how: `rule`,
    `judge`, `undecided` (no rule fits and no judge can be asked), `judge failed` or `vlmevalkit`.
    """

    hit: float
    extracted: str
    how: str


def _filled(value: object) -> bool:
    return value is not None and bool(str(value).strip())


def verdict_of(right: bool, extracted: object, how: str) -> Verdict:
    """Right or wrong, with what was extracted (None: nothing)."""
    return Verdict(float(right), "" if extracted is None else str(extracted), how)


class Form(ABC):
    """How a benchmark is asked, graded and added up.

    Attributes:
        logic_version: of this form: to be raised when its prompt or verdict changes, so that scores are made anew.
        columns: columns that a file of this form must have beside `index` and `question`.
        headline: what the one number of a benchmark of one's own is called.
        judged: whether a verdict may come from the judge, which then is part of a score's settings.
        open_kind: kind of a question without options, where the row names none.
        own_files_by_vlmevalkit: whether VLMEvalKit scores files of one's own in this form.
    """

    logic_version: str = ""
    columns: tuple[str, ...] = ("answer",)
    headline: str = "accuracy"
    judged: bool = True
    open_kind: QuestionKind = FILL_IN
    own_files_by_vlmevalkit: bool = False

    # What a row asks

    def options(self, row: Row) -> dict[str, str]:
        """Options by letter, as replies are read with them: of the columns A, B, ..."""
        return {letter: str(row[letter]) for letter in LETTERS if row.get(letter) is not None}

    def shown_options(self, row: Row) -> dict[str, str]:
        """Options that the model is shown."""
        return self.options(row)

    def right_option(self, row: Row) -> str:
        """Letter of the right option, of a question that has some."""
        return str(row["answer"])

    def row_faults(self, row: Row) -> Mapping[str, str]:
        """By column, why a row of one's own file would be asked in vain: no reply could be right, or none be told from a wrong one."""
        return {"answer": "it is empty"} if "answer" in self.columns and not _filled(row["answer"]) else {}

    def table_fault(self, rows: pl.DataFrame) -> str:
        """Why the rows cannot be added up as the headline does, with row and column; empty where they can."""
        return ""

    def question_kind(self, row: Row) -> str:
        """Code of the question's kind. Drawn stand-ins say it; of other files, what has options is multiple choice."""
        kind = row.get("kind")
        if kind in KINDS:
            return str(kind)
        return (MULTIPLE_CHOICE if self.shown_options(row) else self.open_kind).code

    def reference(self, row: Row) -> str:
        """The reference answer as people read it."""
        return str(row["answer"]) if row.get("answer") is not None else ""

    def prompt(self, row: Row) -> str:
        """The prompt of a real model, as VLMEvalKit's `build_prompt` words it; images go first (MMMU's `<image 1>` marks stay where they are)."""
        return str(row["question"])

    def embedded_prompt(self, row: Row) -> str:
        """The prompt that an embedded policy was trained on; a drawn stand-in has its question apart from its benchmark's instructions."""
        from wethink_assets.models.embedded.tasks.examples import render_prompt

        question = str(row.get("asked") or row["question"])
        options = list(self.shown_options(row).values())[:MOST_OPTIONS]
        return render_prompt("answer_image", kind=self.question_kind(row), question=question, options=options)

    def conversation(self, row: Row, images: Sequence[Image], style: str, system: str) -> list[Message]:
        """What the model is sent. style: `embedded` or `vlmevalkit`; system: left out where empty."""
        text = self.embedded_prompt(row) if style == "embedded" else self.prompt(row)
        user = Message("user", text, tuple(images))
        return [Message("system", system), user] if system else [user]

    # How a reply is graded

    async def grade(self, row: Row, answer: str, ask: AskJudge) -> Verdict:
        """Verdict on an answer (a reply without its thought). None is wrong; a judge that fails makes it wrong, and is counted."""
        if not answer:
            return Verdict(0.0, "", RULE)
        try:
            return await self.verdict(row, answer, ask)
        except JudgeFailed:
            return Verdict(0.0, "", FAILED)

    @abstractmethod
    async def verdict(self, row: Row, answer: str, ask: AskJudge) -> Verdict:
        """Verdict on an answer that is not empty: by rule, or by what `ask` says the judge says (its prompts: `grading.judge`)."""

    # What the verdicts come to; a frame has the benchmark's columns, and `hit`

    def clusters(self, frame: pl.DataFrame) -> Clusters:
        """What the headline adds up, over the groups of samples that are resampled together."""
        return single_samples(frame)

    def units_of(self, frame: pl.DataFrame, indices: Collection[str]) -> set[str]:
        """Names of the clusters that rows with these indices belong to."""
        return set(self.clusters(frame.filter(pl.col("index").is_in(sorted(indices)))).names)

    def breakdown(self, frame: pl.DataFrame) -> Breakdown:
        """Figures beside the headline."""
        return by_category(frame)

    def categories(self, frame: pl.DataFrame) -> Iterator[Category]:
        """Categories with their rows, over each of which `clusters` can be taken by itself; a row may belong to several."""
        return categories_by(frame, "l2-category", "category")

    # Where VLMEvalKit graded

    def vlmevalkit_verdicts(
        self, rows: pl.DataFrame, answers: Mapping[str, str], verdicts: Mapping[str, Verdict]
    ) -> Mapping[str, Verdict]:
        """Verdict on each row by index, from those of VLMEvalKit; a row that it lost is left out. `answers`: by index."""
        return verdicts

    def vlmevalkit_breakdown(self, frame: pl.DataFrame) -> Breakdown:
        """Figures beside the headline, of verdicts by VLMEvalKit."""
        return self.breakdown(frame)

    # Stand-ins

    def stand_in(self, key: str, count: int) -> Iterator[Fields]:
        """Rows of the drawn stand-in `key`, about `count` of them: whole groups are drawn. The same arguments give the same rows."""
        raise ConfigError(f"{key}: the form {type(self).__name__} draws no stand-ins; it needs the method `stand_in`")
