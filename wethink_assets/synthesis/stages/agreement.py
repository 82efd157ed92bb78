"""Agreement of two answers to a question, as its kind compares them, and the form in which an answer is kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wethink_assets.kinds import KINDS
from wethink_assets.rewards.equivalence.answers import option_letter, plain_answer, same_answer
from wethink_assets.synthesis.calls.item_calls import ItemCalls
from wethink_assets.synthesis.calls.markup import markup_in
from wethink_assets.synthesis.calls.non_replies import no_answer_in
from wethink_assets.synthesis.calls.replies import MalformedReply
from wethink_assets.synthesis.calls.reply_schemas import Grade

ANSWERS_BY_TYPE = "answers are compared by what they are read as"
"""What version 2 of the logic of the stages that compare answers changed."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whether two answers agree, how they were compared (letter, text, math, judge), and the judge's score if it was asked."""

    agreed: bool
    how: str
    score: float | None = None


def accepted_answer(kind: str, options: Sequence[str], question: str = "", grounds: str = "") -> Callable[[str], str]:
    """What turns an answer as replied into its stored form (of a question with options the letter), or raises `MalformedReply`.

    A refusal or a non-answer ("Unknown") is refused, unless it names an option, or the question offers or `grounds` (a description) quote it.

    Raises `UnknownName` for an unknown kind.
    """
    question_kind = KINDS[kind]

    def accept(answer: str) -> str:
        stored = form(answer)
        code = None if question_kind.has_options else no_answer_in(answer, question, grounds, question_kind.prose)
        if code:
            raise MalformedReply(code, f"answer {answer[:80]!r}")
        return stored

    def form(answer: str) -> str:
        if len(answer) > question_kind.longest_answer:
            raise MalformedReply("too_long", f"{len(answer)} characters in a {kind} answer")
        if markup_in(answer):
            raise MalformedReply("markup", f"answer {answer[:80]!r}")
        if question_kind.has_options:
            letter = option_letter(answer, options)
            if letter is None:
                raise MalformedReply(no_answer_in(answer, "", "") or "no_option", f"answer {answer[:80]!r}")
            return letter
        if question_kind.prose and not question_kind.normalised:
            return answer
        kept = question_kind.normalised(answer) if question_kind.normalised else plain_answer(answer)
        if not kept:
            none = "not_of_kind" if question_kind.normalised else "empty"
            fault = no_answer_in(answer, question, grounds) if any(map(str.isalnum, answer)) else none
            raise MalformedReply(fault or none, f"answer {answer[:80]!r}")
        return kept

    return accept


async def compare(
    calls: ItemCalls,
    kind: str,
    question: str,
    options: Sequence[str],
    reference: str,
    candidate: str,
    threshold: float,
) -> Agreement:
    """Compare two answers by rule, and where a kind is judged and they are not worded alike by the judge, who accepts from `threshold` on."""
    agreed, how = same_answer(kind, reference, candidate, options, question=question)
    if agreed or KINDS[kind].grader == "rule":
        return Agreement(agreed, how)
    grade = await calls.parsed("judge", Grade, question=question, reference=reference, candidate=candidate)
    return Agreement(grade.score >= threshold, "judge", grade.score)
