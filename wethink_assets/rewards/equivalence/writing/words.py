"""Words of a text as it is compared: what two ways of writing one text share, and no more.

Case, articles, accents of Latin letters, punctuation around words, the hyphen or space within a compound, initials with and without points,
contractions, spelling, the number of common nouns, abbreviations and number words do not count. Signs that say something stay (`C++`, `A-`,
`4!`, `x^2`, `-5`, `1/2`), and so do digits as they stand, every word that denies or doubts, and the order.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from wethink_assets.rewards.equivalence.numbers import NUMBER_WORDS, spelled_out
from wethink_assets.rewards.equivalence.reading import Asked
from wethink_assets.rewards.equivalence.writing.characters import unaccented
from wethink_assets.rewards.equivalence.writing.spelling import table, variants

APART = frozenset(["no", "not", "never", "none", "neither", "nor", "non", "without", "or", "and", "but", "except"])
"""Words that stay apart from those beside them where a text is joined: `not able` is not `notable`."""
_ARTICLES = frozenset({"a", "an", "the"})
_BEFORE_ARTICLE = frozenset(
    {
        "of", "in", "on", "at", "to", "for", "with", "by", "from", "as", "like", "into", "onto", "over", "under", "and", "or", "is", "are", "was",
        "were", "be", "has", "have", "had", "near", "behind", "beside", "without", "not", "than",
    }
)  # fmt: skip
_SIGNS = str.maketrans(
    {
        "\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2015": "-", "\u2019": "'", "\u2018": "'",
        "\u02bc": "'", "\u00b4": "'", "`": "'", "\u2032": "'", "\u201c": '"', "\u201d": '"', "\u2033": '"', "\u00d7": "x", "\u2044": "/",
        "\u2026": ".", "\u3001": ",", "\u3002": ".", "\uff0c": ",", "\u00a0": " ",
    }
)  # fmt: skip
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_INITIALS = re.compile(
    r"(?<![^\W_])(?:[^\W\d_]\.){2,}(?:[^\W\d_](?![^\W_]))?|(?<![^\W_])(?:[^\W\d_]\. ){2,}(?:[^\W\d_]\.)?"
)
_BEFORE_COMPOUND = re.compile(r"^a\s+(?=[^\W\d_]-[^\W\d_]{2})")
_CUT_WITHOUT = re.compile(r"\bw/o\b\.?")
_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)*|'n'?(?![^\W_])|[^\w\s]|_")
_FORMULA = re.compile(r"[\\^=]")
_SPACE = re.compile(r"(?<!\d)\s+|\s+(?!\d)")
_LETTER = re.compile(r"[^\W\d_]")
_NUMBERING = frozenset({"no", "nos", "nr", "num"})
_STREETS = frozenset(words[0] for words in table("street").values())
_EXACT = re.compile(
    r"\b(?:singular|plural|spell\w*|written|writes?|words?|says?|printed|how many|number of|reads?|letters?)\b"
)
_SPELLED = re.compile(r"\bspell\w*")
_DAYS = re.compile(r"\b(?:week)?days?\b|\bwhen\b|\bdate")
_MONTHS = re.compile(r"\bmonths?\b|\bwhen\b|\bdate")


class Cues(NamedTuple):
    """How words are to be taken: one of several things as others than one, each spelling as a word of its own, short forms as days or months."""

    exact: bool = False
    spelled: bool = False
    days: bool = False
    months: bool = False


@lru_cache(maxsize=4096)
def cues_of(asked: Asked) -> Cues:
    """How words are to be taken in answers to a question."""
    text = asked.folded
    return (
        Cues(*(pattern.search(text) is not None for pattern in (_EXACT, _SPELLED, _DAYS, _MONTHS))) if text else Cues()
    )


def text_key(said: str, asked: Asked) -> str:
    """The key of a text: its words joined, with a space only where joining would make something else of them.

    Example:
        >>> nothing = Asked()
        >>> text_key("T-shirt", nothing), text_key("the U.S.A.", nothing), text_key("gray Dogs", nothing), text_key("not red", nothing)
        ('tshirt', 'unitedstates', 'graydog', 'not red')
    """
    return joined(words_of(said, asked))


def joined(words: Sequence[str]) -> str:
    """Words as one string; digits do not run into digits, and words that deny or connect stay apart."""
    if len(words) == 1:
        return words[0]
    parts: list[str] = []
    last = ""
    for word in words:
        if last and (last in APART or word in APART or (last[-1].isdigit() and word[0].isdigit())):
            parts.append(" ")
        parts.append(word)
        last = word
    return "".join(parts)


def words_of(said: str, asked: Asked) -> tuple[str, ...]:
    """The words of an answer without its wording, and the signs that count, each in the form that stands for its variants."""
    cues = cues_of(asked)
    if said.isascii() and said.isalpha():
        return _single(said.casefold(), cues)
    if _FORMULA.search(said) or (said[:1] != "#" and not _LETTER.search(said)):
        return (_SPACE.sub("", said).rstrip(".") or said,)
    text = said
    if not text.isascii():
        text = unaccented(text).translate(_SIGNS)
    elif "`" in text:
        text = text.replace("`", "'")
    text = text.casefold()
    if text.startswith("a "):
        text = _BEFORE_COMPOUND.sub("", text)
    if "," in text:
        text = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), text)
    if text.replace(" ", "").isalpha():
        words = text.split()
        if _standing().isdisjoint(words):
            return tuple(words)
    else:
        if "." in text:
            text = _INITIALS.sub(lambda match: match[0].replace(".", "").replace(" ", "") + " ", text)
        if "w/" in text:
            text = _CUT_WITHOUT.sub("without ", text)
        words = _tokens(text)
    forms = _canonical(words, cues)
    if forms:
        return _named().get("".join(forms)) or forms
    return ("".join(text.split()) or said,)


@lru_cache(maxsize=16384)
def _single(word: str, cues: Cues) -> tuple[str, ...]:
    return _named().get(word) or _canonical([word], cues) or (word,)


@cache
def _named() -> dict[str, tuple[str, ...]]:
    """Whole answers that are another name of the same, without spaces."""
    return {name.replace(" ", "").replace("/", ""): words for name, words in table("name").items()}


@cache
def _standing() -> frozenset[str]:
    """Words that may stand for others; a text of other words is its own form."""
    kinds = ("contraction", "first", "street", "direction", "weekday", "month")
    named = {word for name in table("name") for word in name.split()}
    return frozenset({*variants(), *NUMBER_WORDS, *_ARTICLES, *_NUMBERING, *named}).union(*map(table, kinds))


def _tokens(text: str) -> list[str]:
    """Words and the signs that count; an initial's point is kept with it where it could be taken for an article."""
    matches = list(_TOKEN.finditer(text))
    tokens: list[str] = []
    opened = 0
    for index, match in enumerate(matches):
        token = match[0]
        first = token[0]
        if first.isalnum():
            tokens.append(token)
            continue
        before = matches[index - 1] if index else None
        after = matches[index + 1] if index + 1 < len(matches) else None
        previous = before[0] if before is not None and before.end() == match.start() else ""
        following = after[0] if after is not None and after.start() == match.end() else ""
        if first == "." and previous == "a" and tokens:
            tokens[-1] = "a."
        elif first == "#" and following[:1].isdigit():
            tokens.append("number")
        elif first == "&" or token in ("'n'", "'n"):
            tokens.append("and")
        elif first in "([{":
            if _small(previous):
                opened += 1
                tokens.append("(")
        elif first in ")]}":
            if opened:
                opened -= 1
                tokens.append(")")
        elif _counts(first, previous, following, before[0] if before else "", after[0] if after else ""):
            tokens.append(token)
    return tokens


def _small(token: str) -> bool:
    """Whether a sign right after this is part of it: a number, a letter, a closing bracket."""
    return bool(token) and (len(token) == 1 or token[0].isdigit()) and (token[0].isalnum() or token in {")", "]", "}"})


def _counts(sign: str, previous: str, following: str, before: str, after: str) -> bool:
    """Whether a sign says something where it stands: `previous` and `following` touch it, `before` and `after` may be spaces away."""
    if sign == "-":
        if previous and following:
            digits = previous[0].isdigit() and following[0].isdigit()
            return digits or (len(previous) == len(following) == 1 and previous.isalnum())
        if previous:
            return _small(previous) or (len(previous) <= 2 and previous[0].isalpha()) or previous in ("+", "^")
        if following:
            return not following[0].isalpha() or len(following) == 1
        return before[:1].isdigit() and after[:1].isdigit()
    if sign in "!?":
        return _small(previous)
    if sign == ".":
        return not previous and following[:1].isdigit()
    if sign in "'\"":
        return _small(previous) and not following
    if sign == "*":
        return _small(previous) or (bool(previous) and bool(following))
    if sign == "_":
        return bool(previous) and bool(following) and (previous[0].isdigit() or following[0].isdigit())
    if sign in ",;:":
        return False
    category = unicodedata.category(sign)
    return category[0] in "SM" or sign in "%#@/\\^+=<>~|\u2030" or sign == "\u200d"


def _canonical(tokens: Sequence[str], cues: Cues) -> tuple[str, ...]:
    """Words in the forms that stand for their variants, without articles and with numbers in digits."""
    contractions = table("contraction")
    words: list[str] = []
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        if token in contractions:
            words.extend(contractions[token])
        elif token in _NUMBERING and following[:1].isdigit():
            words.append("number")
        elif token in ("one",) and words[-1:] == ["no"]:
            words[-1] = "noone"
        elif "'" in token and len(token) > 1:
            words.append(token.replace("'", ""))
        else:
            words.append(token)
    if not NUMBER_WORDS.isdisjoint(words):
        words = spelled_out(words)
    words = _located(words)
    last = len(words) - 1
    kept: list[str] = []
    for index, word in enumerate(words):
        if word in _ARTICLES and index < last and _is_article(word, words, index):
            continue
        kept.append("a" if word == "a." else word)
    days, months, known = table("weekday"), table("month"), variants()
    forms: list[str] = []
    for word in kept:
        if cues.days and word in days:
            forms.extend(days[word])
        elif cues.months and word in months:
            forms.extend(months[word])
        elif word in known and not cues.exact:
            forms.extend(known[word])
        elif word in table("spelling") and not cues.spelled:
            forms.extend(table("spelling")[word])
        elif word in table("short"):
            forms.extend(table("short")[word])
        else:
            forms.append(word)
    return tuple(forms)


def _is_article(word: str, words: Sequence[str], index: int) -> bool:
    following = words[index + 1]
    if word != "a":
        return following[0].isalnum()
    if len(following) < 2 or not following[0].isalpha():
        return False
    return index == 0 or words[index - 1] in _BEFORE_ARTICLE or words[index - 1].endswith("ing")


def _located(words: list[str]) -> list[str]:
    """Words with those abbreviations written out whose meaning follows from where they stand: `St` first is Saint, after a name Street."""
    if len(words) < 2:
        return words
    first, streets, directions = table("first"), table("street"), table("direction")
    written = list(words)
    if words[0] in first and words[1][0].isalpha() and words[1] not in _STREETS and words[1] not in streets:
        written[0] = first[words[0]][0]
    for index in range(1, len(words)):
        word = words[index]
        after = words[index + 1] if index + 1 < len(words) else ""
        ends = not after or after[0].isdigit() or after in directions or not after[0].isalnum()
        if word in streets and ends and words[index - 1][0].isalnum() and words[index - 1] != "number":
            written[index] = streets[word][0]
    for index in (0, *range(1, len(words))):
        if words[index] not in directions:
            continue
        if (index + 2 < len(words) and written[-1] in _STREETS and index <= 1) or written[index - 1] in _STREETS:
            written[index] = directions[words[index]][0]
    return written
