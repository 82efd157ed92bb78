"""Checks of a question by models: whether what it takes for granted is so in the image, and whether it can be answered without the image."""

from collections.abc import Mapping, Sequence
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.kinds import KINDS
from wethink_assets.rewards.equivalence.answers import Allowed, accepts
from wethink_assets.synthesis.calls.collector import Rejected, Waiting
from wethink_assets.synthesis.calls.item_calls import ItemCalls
from wethink_assets.synthesis.calls.replies import MalformedReply
from wethink_assets.synthesis.calls.reply_schemas import Premise
from wethink_assets.synthesis.stages.agreement import accepted_answer, compare
from wethink_assets.synthesis.stages.option_order import as_in_row, turned_order


async def require_premise(calls: ItemCalls, asked: Mapping[str, Any]) -> None:
    """Raise `Rejected` (`false_premise`) where the describer does not find in the image what a question takes for granted."""
    premise = await calls.parsed("premise", Premise, **asked)
    if not premise.holds:
        raise Rejected("false_premise", premise.reason)


async def require_image(
    calls: ItemCalls, asked: Mapping[str, Any], row_id: str, answer: str, allowed: Allowed, settings: Settings
) -> None:
    """Raise `Rejected` (`answerable_blind`) where the reasoner, who sees neither image nor description, answers right in each of `blind_samples`.

    The first that is wrong, or none, ends it. A guess among n options is right once in n times: so each sample has the options in
    another order, which a guess by place fails, and a reasoner that cannot know is asked to say so.

    Args:
        calls: of the question's item.
        asked: question, kind and options as in the row.
        row_id: of the question, which the orders of the options follow from.
        answer: the right one.
        allowed: what is right beside it.
        settings: of the configuration.
    """
    samples = settings.pipeline.blind_samples
    guess = ""
    for number in range(samples):
        guess = await _guess(calls, asked, row_id, number, settings)
        if not guess or not await _is_right(calls, asked, answer, guess, allowed, settings):
            return
    if samples:
        raise Rejected("answerable_blind", f"{guess[:100]!r} without the image, {samples} of {samples} times")


async def _guess(calls: ItemCalls, asked: Mapping[str, Any], row_id: str, number: int, settings: Settings) -> str:
    """A sample of the answer without the image; empty where there is none."""
    options: Sequence[str] = asked["options"]
    turn = number % max(len(options), 1)
    order = (turned_order(row_id, options, turn) if turn else None) or list(range(len(options)))
    shown = [options[index] for index in order]
    form = accepted_answer(asked["kind"], shown)
    read = as_in_row(form, order) if options else form

    def accept(reply: str) -> str:
        try:
            return read(reply)
        except MalformedReply:
            return ""

    try:
        _, guess = await calls.answer(
            "blind",
            accept,
            number=number,
            temperature=settings.pipeline.samples_temperature,
            **{**asked, "options": shown},
        )
    except Waiting:
        raise
    except Rejected:  # declined, cut off, empty: whatever it is, the question was not answered
        return ""
    return guess


async def _is_right(
    calls: ItemCalls, asked: Mapping[str, Any], answer: str, guess: str, allowed: Allowed, settings: Settings
) -> bool:
    if accepts(asked["kind"], answer, guess, asked["options"], question=asked["question"], allowed=allowed):
        return True
    if KINDS[asked["kind"]].grader == "rule":
        return False
    threshold = settings.pipeline.agreement_score
    return (await compare(calls, **asked, reference=answer, candidate=guess, threshold=threshold)).agreed


def checks_suffix(settings: Settings) -> str:
    """What the logic version of `answers` ends in where questions are checked by models; empty where none is."""
    chosen = settings.pipeline
    warm = f"t{chosen.samples_temperature:g}" if chosen.samples_temperature else ""
    blind = f"+blind{chosen.blind_samples}{warm}" if chosen.blind_samples else ""
    return ("+premise" if chosen.premise_check else "") + blind
