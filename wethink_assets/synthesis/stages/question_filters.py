"""Question filters: whether a candidate question is well-formed, by rule, which costs no call."""

import re
from collections.abc import Sequence

from wethink_assets.identity import normalised_text
from wethink_assets.kinds import KINDS, LETTERS, QuestionKind
from wethink_assets.rewards.equivalence.answers import normalised_value, number_of, option_letter
from wethink_assets.rewards.equivalence.options import letter_class
from wethink_assets.synthesis.calls.markup import markup_in
from wethink_assets.synthesis.calls.reply_schemas import Question
from wethink_assets.synthesis.stages.question_slots import ABILITIES, REASONING

LONGEST_QUESTION = 600

# Whoever answers has the image and no text: a question must not lean on one.
_LEANS_ON_TEXT = re.compile(
    r"\b(?:according to|based on|in|from|per) (?:the|this|your) (?:\w+ )?(?:description|caption|passage)\b"
    r"|\bthe (?:given|provided|above|following) (?:description|text|caption|passage|information)\b"
    r"|\b(?:described|mentioned|stated|listed) above\b|\b(?:described|mentioned|stated) in the (?:description|text)\b"
    r"|\b(?:text|passage|caption) above\b|\bdoes the (?:description|caption|passage)\b",
    re.IGNORECASE,
)
# Orders to whoever answers, as they are written into pictures to be obeyed: no question about a picture needs them.
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b[^.?!\n]{0,40}\b(?:instructions?|prompts?|rules|guidelines|told|above)\b"
    r"|\b(?:system prompt|developer mode|jailbreak)\b|\byou are now\b|\b(?:reply|respond|answer) only with\b",
    re.IGNORECASE,
)


def fault_of(question: Question, kind: str) -> str | None:
    """The rule that a question breaks, in words, or None.

    >>> fault_of(Question(question="How many?", category="counting", abilities=["Reasoning", "Math"]), 'FIB') is None
    True
    """
    text = question.question
    if len(text.split()) < 2 or len(text) > LONGEST_QUESTION:
        return "question is too short" if len(text) <= LONGEST_QUESTION else "question is too long"
    texts = [text, question.answer, question.category, *question.options]
    if any(markup_in(part) for part in texts):
        return "question holds markup"
    if any(_ORDERS.search(part) for part in texts):
        return "question gives orders to whoever answers"
    if _LEANS_ON_TEXT.search(text):
        return "question refers to a text that is not shown"
    if not question.category:
        return "category is empty"
    return _fault_of_abilities(question.abilities) or _fault_of_answer(question, KINDS[kind])


def _fault_of_abilities(abilities: Sequence[str]) -> str | None:
    unknown = [name for name in abilities if name not in ABILITIES]
    if unknown:
        return f"unknown ability {unknown[0]!r}"
    if REASONING not in abilities or len(set(abilities)) < 2:
        return "abilities are not Reasoning and one more"
    return None


def _fault_of_answer(question: Question, kind: QuestionKind) -> str | None:
    if kind.option_counts is not None:
        return _fault_of_options(question, kind.option_counts)
    if question.options:
        return f"{kind.code} question has options"
    if question.answer and kind.normalised and not kind.normalised(question.answer):
        return f"answer is none of a {kind.title} question"
    if kind.longest_proposal is not None and len(question.answer) > kind.longest_proposal:
        return "answer is too long to fill in"
    return "question gives its answer away" if gives_away(question.question, question.answer) else None


def _fault_of_options(question: Question, counts: range) -> str | None:
    options = question.options
    if len(options) not in counts:
        return f"{len(options)} options"
    values = [number_of(option) or normalised_value(option) for option in options]
    if len(set(values)) < len(options):
        return "two options are the same"
    if any(re.match(rf"[\(\[]?{letter_class(len(options))}[\)\].:]\s", option, re.IGNORECASE) for option in options):
        return "an option carries its letter"
    if not question.answer:
        return None
    letter = option_letter(question.answer, options)
    if letter is None:
        return "answer is not among the options"
    right = options[LETTERS.index(letter)]
    others = [option for option in options if option != right]
    revealed = gives_away(question.question, right) and not any(
        gives_away(question.question, other) for other in others
    )
    return "question gives its answer away" if revealed else None


def gives_away(question: str, answer: str) -> bool:
    """Whether a question says its answer. Numbers, short words and either-or questions are let pass: they prove nothing."""
    value, asked = normalised_value(answer), normalised_value(question)
    if len(value) < 4 or not re.search(r"[^\W\d_]", value) or " or " in f" {asked} ":
        return False
    return f" {value} " in f" {asked} "


def repeats(question: str, asked: Sequence[str]) -> bool:
    """Whether a question was asked before, letter case, spacing and outer punctuation aside."""
    return normalised_text(question) in {normalised_text(other) for other in asked}


def known_abilities(abilities: Sequence[str]) -> list[str]:
    """Abilities in their own order, each once, Reasoning first."""
    return [name for name in ABILITIES if name in abilities]
