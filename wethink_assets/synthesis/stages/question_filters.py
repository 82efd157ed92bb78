"""Question filters: whether a candidate question is well-formed, by rule, which costs no call."""

import re
from collections.abc import Sequence

from wethink_assets.identity import normalised_text
from wethink_assets.kinds import KINDS, LETTERS, QuestionKind
from wethink_assets.rewards.equivalence.answers import normalised_value, number_of, option_letter
from wethink_assets.rewards.equivalence.options import letter_class
from wethink_assets.synthesis.calls.markup import markup_in
from wethink_assets.synthesis.calls.reply_schemas import Question
from wethink_assets.synthesis.prompt_packs import inert
from wethink_assets.synthesis.stages.question_slots import ABILITIES, REASONING
from wethink_assets.synthesis.stages.question_wording import gives_orders, leans_on_text

LONGEST_QUESTION = 600
HONEST_WORDS = "rules on questions go by how words stand, and refuse reworded examples"


def fault_of(question: Question, kind: str, description: str | None = None) -> str | None:
    """The rule that a question breaks, in words, or None; `description` is that of its image, where it is known.

    >>> fault_of(Question(question="How many?", category="counting", abilities=["Reasoning", "Math"]), 'FIB') is None
    True
    """
    text = question.question
    if len(text.split()) < 2 or len(text) > LONGEST_QUESTION:
        return "question is too short" if len(text) <= LONGEST_QUESTION else "question is too long"
    texts = [text, question.answer, question.category, *question.options]
    if any(markup_in(part) or inert(part) != part for part in texts):
        return "question holds markup"
    if any(gives_orders(part) for part in texts):
        return "question gives orders to whoever answers"
    if leans_on_text(text, description):
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
    values = [number_of(option) or _case_counts(option) or normalised_value(option) for option in options]
    if len(set(values)) < len(options):
        return "two options are the same"
    if _lettered(options):
        return "an option carries its letter"
    if not question.answer:
        return None
    letter = option_letter(question.answer, options)
    if letter is None:
        # Letters may be what an image asks for ("Which label marks the root?"); then the one meant is told by its text.
        return None if options.count(question.answer) == 1 else "answer is not among the options"
    right = options[LETTERS.index(letter)]
    others = [option for option in options if option != right]
    revealed = gives_away(question.question, right) and not any(
        gives_away(question.question, other) for other in others
    )
    return "question gives its answer away" if revealed else None


def _case_counts(option: str) -> str | None:
    """An option of two letters of which the case counts, as of genes (`Bb`) and formulae (`CO`): as it is; else None."""
    short = option.strip()
    if len(short) == 2 and short.isalpha() and (short.casefold()[0] == short.casefold()[1] or short[1].isupper()):
        return short
    return None


def _lettered(options: Sequence[str]) -> bool:
    """Whether options carry letters of their own: `(a) red`, or `A. red` in more than one, since one may be an initial (`C. Lewis`)."""
    letters = letter_class(len(options))
    if any(re.match(rf"[(\[]?{letters}[)\]:]\s", option, re.IGNORECASE) for option in options):
        return True
    dotted = [re.match(rf"[(\[]?({letters})\.\s", option, re.IGNORECASE) for option in options]
    carried = [(place, match[1].upper()) for place, match in enumerate(dotted) if match]
    if any(letter not in LETTERS[: len(options)] for _, letter in carried):
        return False
    return len(carried) == len(options) or sum(letter == LETTERS[place] for place, letter in carried) >= 2


_CHOSEN_FROM = r"\b(?:between|among|amongst|of|from|comparing|compare|compared|than|versus|vs)\b"
_OF_A_NAME = r"['\u2019]s\b"
_ASKED_FOR = r"\b(?:which|who|whose|what)\b"


def gives_away(question: str, answer: str) -> bool:
    """Whether a question says its answer. Numbers, short words, and questions that name what to choose from are let pass: they prove nothing.

    >>> gives_away("How is the red star called?", "red star"), gives_away("Of France, Spain and Italy, which has more?", "France")
    (True, False)
    """
    value = normalised_value(answer)
    if len(value) < 4 or not re.search(r"[^\W\d_]", value):
        return False
    asked = f" {normalised_value(re.sub(_OF_A_NAME, '', question))} "
    return f" {value} " in asked and " or " not in asked and not _one_of_a_list(question, answer)


def _one_of_a_list(question: str, answer: str) -> bool:
    """Whether an answer is one of several things that its question names to choose from."""
    named = re.escape(re.sub(r"^(?:the|an?)\s+", "", answer.strip(" .\"'"), flags=re.IGNORECASE))
    joint = r"(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s+(?:vs\.?|versus)\s+|\s*/\s*)"
    other = r"(?!(?:which|what|who|whose|how|that|where|when|is|are)\b)\w+"
    listed = rf"\b{named}{joint}(?:the\s+)?{other}|\b{other}{joint}(?:the\s+)?{named}\b"
    return all(re.search(part, question, re.IGNORECASE) for part in (listed, _CHOSEN_FROM, _ASKED_FOR))


def repeats(question: str, asked: Sequence[str]) -> bool:
    """Whether a question was asked before, letter case, spacing and outer punctuation aside."""
    return normalised_text(question) in {normalised_text(other) for other in asked}


def known_abilities(abilities: Sequence[str]) -> list[str]:
    """Abilities in their own order, each once, Reasoning first."""
    return [name for name in ABILITIES if name in abilities]
