"""Path filters: checks by rule on a refined reasoning path, which cost no call."""

import re
from collections.abc import Sequence

from wethink_assets.kinds import KINDS, option_letters
from wethink_assets.rewards.equivalence.answers import number_of, option_letter

LONGEST_PATH = 4000

# What only somebody would say who had been handed a description, notes or the answer.
_LEAKS = re.compile(
    r"\b(?:the|this|a) (?:given |provided |textual |image |raw |original )*description\b(?! of)"
    r"|\bfinal answer (?:given|provided|is given)\b|\bthe (?:given|provided|reference|known) (?:final )?answer\b"
    r"|\banswer (?:that )?(?:was|is|has been) (?:given|provided|known)\b"
    r"|\b(?:raw|original|previous|draft) (?:chain of thought|reasoning|notes?)\b|\bthe (?:notes|draft) (?:say|state|mention|conclude)"
    r"|\b(?:described|mentioned|stated) in the (?:description|text above|caption)\b|\btext above\b|\bas (?:an ai|a language model)\b",
    re.IGNORECASE,
)
_CONCLUDED = re.compile(
    r"\b(?:answer|choice)(?: is| must be| should be|:)\s*(?::\s*)?(\S[^\n;!?]{0,80})|\bso it is\s+(\S[^\n;!?]{0,80})",
    re.IGNORECASE,
)
_OPTION = re.compile(r"\b[Oo]ption\s*\(?([A-Z])\b")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


def leak_in(path: str) -> str | None:
    """The words by which a path shows what its writer had been given, or None."""
    leak = _LEAKS.search(path)
    return leak[0] if leak else None


def contradiction_in(path: str, kind: str, options: Sequence[str], answer: str) -> str | None:
    """What a path concludes where that is plainly not `answer`: another option, another number; else None.

    >>> contradiction_in("Option A is too small. So the answer is C.", 'MC', ["1", "2", "3"], "B")
    'option C'
    """
    conclusions = [(first or second).split(". ")[0].strip(" .,:*\"'") for first, second in _CONCLUDED.findall(path)]
    if KINDS[kind].has_options:
        named = [option_letter(phrase.partition(",")[0], options) for phrase in conclusions]
        last = _SENTENCE_END.split(path.strip())[-1]
        ends = set(_OPTION.findall(last)) & set(option_letters(len(options)))
        concluded = [letter for letter in named if letter] + (list(ends) if len(ends) == 1 else [])
        return f"option {concluded[-1]}" if concluded and concluded[-1] != answer else None
    if conclusions and not KINDS[kind].prose:
        numbers = number_of(conclusions[-1]), number_of(answer)
        return conclusions[-1] if None not in numbers and numbers[0] != numbers[1] else None
    return None
