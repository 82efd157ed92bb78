"""Votes of the two sides of a question: several samples of an answer, of which more than half must be the same one; and a second order of options.

Samples are asked in turn, and no longer than the outcome is open.
"""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.kinds import KINDS
from wethink_assets.synthesis.calls.collector import Rejected, Waiting
from wethink_assets.synthesis.calls.item_calls import ItemCalls, together
from wethink_assets.synthesis.stages.agreement import accepted_answer, compare
from wethink_assets.synthesis.stages.option_order import as_in_row, turned_order

Answer = tuple[str, str]
"""Thought and stored form of an answer."""


@dataclass(slots=True)
class _Ballot:
    answer: Answer
    votes: int = 1


def needed_votes(samples: int, share: float) -> int:
    """Samples that must be the same answer: this share of them, rounded up; more than half for each share that settings allow.

    >>> [needed_votes(7, share) for share in (0.51, 0.7, 1.0)]
    [4, 5, 7]
    """
    return max(math.ceil(share * samples - 1e-9), samples // 2 + 1)


async def voted(
    side: str,
    ask: Callable[[int], Awaitable[Answer]],
    same: Callable[[str, str], Awaitable[bool]],
    samples: int,
    needed: int,
) -> Answer:
    """The answer that `needed` of `samples` say, with the thought of the first that said it.

    The first sample must be an answer; a later one that is none, whatever `Rejected` says of it, votes for nothing. Samples are asked in turn:
    no more once an answer has its votes, or none can have them any more, so that the outcome is that of all of them.

    Args:
        side: whose answers they are, for the detail of a rejection.
        ask: makes the sample of a number, from 0 on.
        same: whether two answers, in their stored form, are one; the first is the earlier one.
        samples: how many there are at most.
        needed: more than half of them.

    Raises `Rejected`: `no_majority`, or what the first sample was rejected for.
    """
    ballots: list[_Ballot] = []
    for number in range(samples):
        try:
            answer = await ask(number)
        except Rejected as fate:
            if not number or isinstance(fate, Waiting):
                raise
        else:
            for ballot in ballots:
                if await same(ballot.answer[1], answer[1]):
                    ballot.votes += 1
                    break
            else:
                ballots.append(ballot := _Ballot(answer))
            if ballot.votes >= needed:
                return ballot.answer
        left = samples - number - 1
        if max(ballot.votes for ballot in ballots) + left < needed:
            break
    counts = ", ".join(f"{ballot.votes} x {ballot.answer[1][:60]!r}" for ballot in ballots)
    raise Rejected(
        "no_majority", f"{side}: {counts} after {number + 1} of {samples} samples, of which {needed} must agree"
    )


async def answers_of_both(
    calls: ItemCalls, asked: Mapping[str, Any], row_id: str, description: str, settings: Settings
) -> list[Answer]:
    """Answer from the image, then answer from the description, each as its samples vote. Raises `Rejected` (also `order_dependent`).

    Where each side answers once both are asked at the same time; else the description is not asked before the image's answer stands.

    Args:
        calls: of the question's item.
        asked: question, kind and options as in the row.
        row_id: of the question, which further orders of the options follow from.
        description: of the image, all that the other side gets.
        settings: of the configuration.
    """
    chosen = settings.pipeline
    accept = accepted_answer(asked["kind"], asked["options"], asked["question"], description)

    def from_image(number: int) -> Awaitable[Answer]:
        certainty = 0.0 if number else chosen.answer_certainty  # a sample may well be an unlikely one
        temperature = chosen.samples_temperature
        return calls.answer(
            "answer_image", accept, certainty=certainty, number=number, temperature=temperature, **asked
        )

    def from_text(number: int) -> Awaitable[Answer]:
        temperature = chosen.samples_temperature
        return calls.answer(
            "answer_text", accept, number=number, temperature=temperature, description=description, **asked
        )

    async def same(first: str, second: str) -> bool:
        threshold = chosen.agreement_score
        return (await compare(calls, **asked, reference=first, candidate=second, threshold=threshold)).agreed

    if chosen.image_samples == chosen.text_samples == 1 and not chosen.second_order:
        return await together(from_image(0), from_text(0))
    counts = chosen.image_samples, chosen.text_samples
    needed = [needed_votes(count, chosen.samples_agree) for count in counts]
    image = await voted("image", from_image, same, counts[0], needed[0])
    if chosen.second_order:
        await _require_order(calls, asked, row_id, description, image[1])
    return [image, await voted("description", from_text, same, counts[1], needed[1])]


async def _require_order(
    calls: ItemCalls, asked: Mapping[str, Any], row_id: str, description: str, answer: str
) -> None:
    """Raise `Rejected` (`order_dependent`) where another option is chosen once each stands elsewhere. Options that must stay pass."""
    order = turned_order(row_id, asked["options"], 1)
    if order is None:
        return
    shown = [asked["options"][index] for index in order]
    accept = as_in_row(accepted_answer(asked["kind"], shown, asked["question"], description), order)
    _, again = await calls.answer("answer_image", accept, **{**asked, "options": shown})
    if again != answer:
        raise Rejected("order_dependent", f"{answer} in the row's order of the options, {again} in another")


def image_calls(settings: Settings) -> float:
    """Usual calls of a question to the image's side: those of a vote that is not contested, and of a second order where there are options."""
    chosen = settings.pipeline
    with_options = sum(share for code, share in chosen.kinds.items() if KINDS[code].has_options)
    return needed_votes(chosen.image_samples, chosen.samples_agree) + chosen.second_order * with_options


def text_calls(settings: Settings) -> float:
    """The same of the description's side."""
    return needed_votes(settings.pipeline.text_samples, settings.pipeline.samples_agree)


def votes_suffix(settings: Settings) -> str:
    """What the logic version of `answers` ends in where sides answer several times or in a second order; empty where each answers once."""
    chosen = settings.pipeline
    sides = [("image", chosen.image_samples), ("text", chosen.text_samples)]
    parts = [f"+{side}{needed_votes(count, chosen.samples_agree)}of{count}" for side, count in sides if count > 1]
    warm = f"t{chosen.samples_temperature:g}" if parts and chosen.samples_temperature else ""
    return "".join(parts) + warm + ("+orders" if chosen.second_order else "")
