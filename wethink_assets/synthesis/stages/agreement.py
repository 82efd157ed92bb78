"""Do two answers to a question agree, by the way of its kind, and in what form is an answer kept?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wethink_assets.rewards.equivalence.answers import option_letter, plain_answer, same_answer
from wethink_assets.synthesis.calls.item_calls import Asking
from wethink_assets.synthesis.calls.replies import MalformedReply
from wethink_assets.synthesis.calls.reply_schemas import Grade
from wethink_assets.synthesis.stages.question_filters import markup_in

LONGEST = {"MC": 500, "FIB": 200, "DES": 4000}


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whether two answers agree, how they were compared (letter, text, math, judge), and the judge's score if it was asked."""

    agreed: bool
    how: str
    score: float | None = None


def accepted_answer(kind: str, options: Sequence[str]) -> Callable[[str], str]:
    """What turns an answer as replied into its stored form (of multiple choice the letter), or raises `MalformedReply`."""

    def accept(answer: str) -> str:
        if len(answer) > LONGEST[kind]:
            raise MalformedReply("too_long", f"{len(answer)} characters in a {kind} answer")
        if markup_in(answer):
            raise MalformedReply("markup", f"answer {answer[:80]!r}")
        if kind == "DES":
            return answer
        kept = option_letter(answer, options) if kind == "MC" else plain_answer(answer)
        if not kept:
            raise MalformedReply("no_option" if kind == "MC" else "empty", f"answer {answer[:80]!r}")
        return kept

    return accept


async def compare(
    asking: Asking,
    kind: str,
    question: str,
    options: Sequence[str],
    reference: str,
    candidate: str,
    threshold: float,
) -> Agreement:
    """Compare two answers by rule; descriptive ones that are not worded alike go to the judge, who accepts from `threshold` on."""
    agreed, how = same_answer(kind, reference, candidate, options, question=question)
    if agreed or kind != "DES":
        return Agreement(agreed, how)
    grade = await asking.parsed("judge", Grade, question=question, reference=reference, candidate=candidate)
    return Agreement(grade.score >= threshold, "judge", grade.score)
