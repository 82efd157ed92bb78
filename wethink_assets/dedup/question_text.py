"""Question text as rows are compared by it: what is only writing is folded, what carries meaning is kept.

Two forms. `same_text` is equal where two questions are one: case, Unicode form, spacing, quotes, dashes and punctuation are writing, and so is the
order of options, whether they are listed apart or in the text (`listed_options`). `near_text` leaves out the words, too, that ask nothing (articles,
"please"). Numbers, the case of a unit's prefix, signs, powers, factorials, names, colours and negations stay, in their order. No similarity is
measured: one changed word makes another question, however long both are.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache

from wethink_assets.dedup.listed_options import any_order, bare_options, parted
from wethink_assets.identity import KEPT, marked_symbols, normalised_text

__all__ = ["WRITING", "asked_text", "near_text", "one_writing", "same_text", "written"]

WRITING = str.maketrans(
    {
        **{chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)},  # full width
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u00b4\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u301d\u301e`", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63", "-"),
        **dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad", None),
        **dict.fromkeys("\u3002\uff61", "."),
        "\u3001": ",",
    }
)
_BARE_DECIMAL = re.compile(r"(?<![\w.])\.(?=\d)")
_TOKEN = re.compile(rf"\d+(?:[.,:]\d+)*|(?:{KEPT}?[^\W\d_])+(?:'[^\W\d_]+)*|_+|\.+|\S")
_JOINING = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_]{3})|(?<=[^\W\d_]{3})-(?=[^\W\d_])|(?<=\d)-(?=[^\W\d_]{3})")
"""A hyphen within a compound (`x-axis`, `10-year-old`); between shorter names it may be a minus."""
_OPERATORS = frozenset("=+-*/×÷<>^")
_PUNCTUATION = frozenset(".,;:!?\"'")
_ASKING = frozenset(("please", "kindly"))
_MAY_ASK_NOTHING = frozenset(("the", "an", "a", "this", "that", "there", "of"))
"""What `_asks_nothing` looks at."""
_PICTURES = frozenset(
    [
        "chart",
        "diagram",
        "drawing",
        "figure",
        "graph",
        "image",
        "map",
        "photo",
        "photograph",
        "picture",
        "plot",
        "scene",
        "table",
    ]
)
_NO_NOUN = frozenset(
    "and are as at be between by divided does equals few for from greater has have if in is larger less little lot minus more of on or over plus "  # noqa: SIM905
    "smaller than then times to was were when with".split()
)
"""Before these an `a` is a name (`is a larger than b`), or says more than an article does (`a few`)."""
_SPELLINGS = {
    "center": "centre", "centers": "centres", "color": "colour", "colored": "coloured", "colors": "colours", "gray": "grey",
    "favorite": "favourite", "meter": "metre", "meters": "metres", "liter": "litre", "liters": "litres", "labeled": "labelled",
    "neighbor": "neighbour", "percent": "%", "&": "and", "can't": "can not", "cannot": "can not", "won't": "will not",
}  # fmt: skip
_ASKED = frozenset(["how", "that", "there", "what", "when", "where", "who", "why"])
Form = Callable[[list[str]], list[str]]


def asked_text(question: str) -> str:
    """A question without the options that it lists in its text.

    >>> asked_text("Which colour? A. red B. blue"), asked_text("Which colour has it, red or blue?")
    ('Which colour?', 'Which colour has it')
    """
    stem, _, tail = _parted(question)
    return " ".join(f"{stem} {tail}".split()).rstrip(",")


def one_writing(text: str) -> str:
    """A text with quotes, dashes and letters of one kind (`WRITING`)."""
    if text.isascii():
        return text.replace("`", '"')  # as below, in a twentieth of the time
    return text.translate(WRITING)


def written(question: str) -> str:
    """A question in one Unicode form, as its answer is read by it: letters, quotes and dashes of one width and kind, single spaces."""
    return " ".join(unicodedata.normalize("NFC", one_writing(question)).split())


def same_text(question: str, options: Sequence[str] = ()) -> str:
    """Text that is equal exactly where two questions with their options are the same question.

    >>> same_text("Is the “big” car red , or blue ?") == same_text('is the "big" car red or blue')
    True
    >>> same_text("Which colour? A. red B. blue") == same_text("Which colour? A. blue B. red")
    True
    >>> same_text("What is 5 mW?") == same_text("What is 5 MW?"), same_text("What is 5!?") == same_text("What is 5?")
    (False, False)
    """
    return _text(question, options, lambda tokens: tokens)


def near_text(question: str, options: Sequence[str] = ()) -> str:
    """`same_text` without the words that ask nothing: equal where two questions are nearly the same.

    >>> near_text("What's the color of a car?"), near_text("Is a larger than b?"), near_text("How many are there in the map?")
    ('what is colour of car', 'is a larger than b', 'how many are in map')
    """
    return _text(question, options, _content)


def _parted(question: str) -> tuple[str, tuple[str, ...], str]:
    return parted(one_writing(question))


def _text(question: str, options: Sequence[str], form: Form) -> str:
    stem, items, tail = _parted(question)
    options = bare_options([one_writing(option) for option in options])
    given = [_folded(option, form) for option in options]
    parts = [_folded(stem, form), *sorted(_folded(item, form) for item in items)]
    if behind := _folded(tail, form):
        parts.append(behind)
    if options:
        parts += ["", *(sorted(given) if any_order(options) else given)]
    return "\n".join(parts)


def _folded(text: str, form: Form) -> str:
    return " ".join(form(list(_tokens(text))))


@lru_cache(maxsize=256)  # both forms of a question are made one after the other
def _tokens(text: str) -> tuple[str, ...]:
    """Numbers, words and signs of a text, without the punctuation that says nothing."""
    folded = normalised_text(marked_symbols(_BARE_DECIMAL.sub("0.", text) if "." in text else text))
    if not folded.isascii():
        folded = folded.replace("\u2044", "/")  # the slash of ½
    if "-" in folded:
        folded = _JOINING.sub(" ", folded)
    found = list(_TOKEN.finditer(folded))
    kept: list[str] = []
    opened = {'"': False, "'": False}
    for index, match in enumerate(found):
        token = match[0]
        if (token[0] in _PUNCTUATION and not token[-1].isdigit()) or token == KEPT:
            before = found[index - 1] if index else None
            after = found[index + 1][0] if index + 1 < len(found) else ""
            if not _says_something(token, before, match.start(), after, opened, kept[-1:]):
                continue
        kept.append("_" if token[0] == "_" else token)
    return tuple(kept)


def _says_something(
    sign: str, before: re.Match[str] | None, start: int, after: str, opened: dict[str, bool], last: list[str]
) -> bool:
    number = before is not None and before[0][-1].isdigit()
    joined = before is not None and before.end() == start
    if sign in opened:  # feet, inches and derivatives stand behind what they are of, where no quotation is open
        closes, opened[sign] = opened[sign], not opened[sign]
        symbol = number or (
            sign == "'" and before is not None and len(before[0]) == 1 and (before[0].isalpha() or last == [sign])
        )
        if symbol and joined and not closes:
            opened[sign] = False
            return True
        return False
    if sign == "!":
        return (joined and before is not None and (number or before[0] == ")" or len(before[0]) == 1)) or after == "="
    if sign == "?":
        return (before is not None and before[0] in _OPERATORS) or (after[:1] in _OPERATORS and bool(after))
    return sign != KEPT and number and after[:1].isdigit()


def _content(tokens: list[str]) -> list[str]:
    if not _ASKING.isdisjoint(tokens):
        tokens = [token for token in tokens if token not in _ASKING]
    kept: list[str] = []
    for index, token in enumerate(tokens):
        if token in _MAY_ASK_NOTHING:
            before = tokens[index - 1] if index else ""
            after = tokens[index + 1] if index + 1 < len(tokens) else ""
            if _asks_nothing(token, before, after):
                continue
        kept.append(_SPELLINGS.get(token) or (_written_out(token) if "'" in token else token))
    return kept


def _asks_nothing(word: str, before: str, after: str) -> bool:
    if word in ("the", "an"):
        return after[:1].isalnum()
    if word == "a":
        return len(after) > 1 and after[0].isalpha() and after not in _NO_NOUN and not before[-1:].isdigit()
    if word in ("this", "that"):
        return after in _PICTURES
    if word == "there":
        return before in ("is", "are", "was", "were") and bool(after)
    return word == "of" and before in ("all", "both")


def _written_out(token: str) -> str:
    """What a short form that is none of `_SPELLINGS` stands for."""
    if token.endswith("n't"):
        return f"{token[:-3]} not"
    asked, _, ending = token.rpartition("'")
    return f"{asked} is" if ending == "s" and asked in _ASKED else token
