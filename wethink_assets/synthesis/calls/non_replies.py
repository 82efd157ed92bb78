"""Replies that are none: refusals, words that no image came, non-answers, in the languages that models answer in.

A refusal is known by how it begins: an apology, or "I", with what cannot be done; inside quotation marks, or after "the letter reads", it is what
an image says. A non-answer ("Unknown", "N/A", "Not visible.") is known by being all that is said; it is sound where the question offers it, or
the description quotes it. `non_replies.json` has the phrases by language: patterns are matched with text in small letters.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Literal

from wethink_assets.identity import normalised_text
from wethink_assets.synthesis.calls.languages import mostly_english, unquoted
from wethink_assets.synthesis.calls.markup import leaked_token
from wethink_assets.synthesis.calls.replies import MalformedReply

__all__ = ["NON_REPLIES", "Wanted", "no_answer_in", "refusal_in", "require_reply"]

Wanted = Literal["text", "description", "detail"]
"""What a reply in words is: a text of any kind, a description of the whole image, or a detail of it, which may be said to be invisible."""

LONGEST_PHRASE = 160  # characters of a reply that may be one phrase
NON_REPLIES = "refusals, non-answers and other languages are no replies"
"""What the logic of the stages that ask models changed when it learnt to tell replies that are none."""
OPENING = 600  # characters in which a refusal begins
SHORT = 400  # characters of a reply in another language than English whose middle is looked at, too
_SENTENCES = re.compile(r"(?<=[.!?\u3002\uff01\uff1f])\s*|\n+|(?<=[;:])\s+(?=(?:i|sorry|as an)\b)")
_DECORATION = re.compile("[*_#>~`|\u2022\u25aa\u2500-\u27bf\U0001f000-\U0001faff]+")
_LABEL = re.compile(r"\W*(?:(?:final )?(?:answer|response|assistant|reply|output)\s*[:=-]+)\s*")
_SPEAKS = re.compile(
    r"\b(?:i|we|i'?m|my|our|me|you|your|sorry|apolog\w*|pardon|regret\w*|can'?t|cannot|unable|request\w*|"
    r"polic\w*|guidelines?|denied|refus\w*|reject\w*|"
    r"declin\w*|block\w*|filter\w*|flagged|redacted|censored|violat\w*|inappropriate|no|not|missing|please|"
    r"upload\w*|provided?|attach\w*|error|"
    r"unavailable|overloaded|timed?|timeout|out|bad|html|doctype|traceback|context|insufficient|too|let'?s|"
    r"is there|hello|hi|hey|sure|certainly|of course|"
    r"ok|okay|thank\w*|done|access|content|image|picture|description|unexpected|failed|something|model|service|"
    r"server|ai|nsfw|moderated|welcome|loading)\b"
)
_QUOTING = re.compile(
    r":|\b(?:says?|said|reads?|reading|states?|writ\w+|wrote|texts?|signs?|letters?|notes?|captions?|messages?|"
    r"speech|bubbles?|quotes?|labell?ed|labels?|"
    r"asks?|replies|replied|answers (?:with|that)|shows?|titled?|headlines?|posters?|cards?|e-?mails?|chats?|"
    r"pages?|screens?\w*|lyrics|poem|banner|printed|"
    r"inscription|slogan|line|lines|words?|thinks?|thought)\b"
)
_ADMITS = re.compile(
    r"^(?:i'?m (?:so |very |really )?sorry|sorry|i apologi[sz]e|as an ai|unfortunately|however|"
    r"i can'?t|i cannot|i'm unable|i am unable|i'm not able)\b"
)
_GOES_ON = re.compile(
    r"\b(?:but|although|though|whereas) (?!the (?:image|question|answer)|i\b|there (?:is|are) no)\w+ \w+ \w+"
)
_COPIED = re.compile(r"\b(?:is|are|stands?) (?:printed|written|painted|engraved|stamped|carved|embroidered)\b")
_ABSENCE_ASKED = re.compile(
    r"\b(?:leaves? (?:open|out)|left (?:open|out)|omits?|omitted|missing|lacks?|fails? to|n[o']t (?:say|tell|mention|show|give|explain|appear))\b",
    re.IGNORECASE,
)  # "What does the label leave open?": "It does not say how old it is."
_REFERENCE = re.compile(
    r"!?\[[^\]\n]*\]\([^)\n]*\)|data:\w+/\S+|(?:https?|file)://\S+|\S+\.(?:png|jpe?g|gif|webp|bmp)"
    r'|\{\s*"(?:error|detail|message)".*|\{\s*"\w+"\s*:\s*(?:null|""|\{\}|\[\])\s*\}'
    r"|\W*\w\W*|(\w{1,20})(?:\W+\1){2,}\W*",
    re.DOTALL | re.IGNORECASE,
)  # a link, an error, one word
_WRAPPED = re.compile(r"\\(?:boxed|fbox|text\w*|math\w+)\s*\{([^{}]*)\}")  # `\boxed{unknown}`
_FIELD = "value|number|text|name|year|date|word|colou?r"
_UNFILLED = re.compile(
    rf"\{{\{{?[a-z_ ]{{2,30}}\}}\}}?|\[(?:your |the |insert |final )?(?:answer|response|{_FIELD})[a-z_ ]{{0,20}}\]"
    rf"|<(?:your |the |insert |final )?(?:your[ _]answer|{_FIELD})[a-z_ ]{{0,20}}>",
    re.IGNORECASE,
)  # of a template
_SIGN_ASKED = re.compile(
    r"\b(?:sign|symbol|mark|character|operator|punctuation|abbreviation|letter)s?\b", re.IGNORECASE
)
_NAMED = re.compile(r"@\w+|[\w-]+(?:\.[\w-]+)+|[\w.+-]+@[\w.-]+")  # names, files
_ENDLESS = re.compile(r"(\S{1,20}?)(?:\s*\1){19,}")
_BLANK = re.compile(r"[\s.?!,;:_\u2026\u2013\u2014\u2015\u3002\uff01\uff1f-]*")
_ALPHABETIC = re.compile(r"[^\W\d_]")
_AROUND = " \t.,;:!?\"'()[]{}<>/\\-\u2013\u2014\u2026\u3002\uff01\uff1f\uff0c\u3001\u300c\u300d\u201c\u201d\u00ab\u00bb\u00bf\u00a1=_~`"
_LETTER = re.compile(r"[^\W_]")
_SHOWN = (
    r"\b(?:reads?|reading|says?|saying|labell?ed|labels?|marked|titled|entitled|words?|texts?|category|"
    r"categories|cells?|columns?|rows?|options?|bars?|segments?|"
    r"slices?|named|called|boxes|box|field|legend|entry|entries|printed|written|stamped|"
    r"sign)\b[^.\n]{{0,60}}?(?<!\w){}(?!\w)"
)


@cache
def _phrases() -> dict[str, dict[str, object]]:
    table: dict[str, dict[str, object]] = json.loads(
        (files("wethink_assets.synthesis.calls") / "non_replies.json").read_text(encoding="utf-8")
    )
    return table


@cache
def _patterns(part: str, language: str) -> tuple["re.Pattern[str]", ...]:
    lines = _phrases()[language].get(part, ())
    return tuple(re.compile(line) for line in ([lines] if isinstance(lines, str) else list(lines)))  # type: ignore[call-overload]


@cache
def _lead(language: str) -> "re.Pattern[str]":
    return re.compile(f"(?:{_phrases()[language]['lead']})")


@cache
def _exact(part: str) -> frozenset[str]:
    """Whole replies of a part, of all languages, as `_bare` has them."""
    lists = (str(phrases[part]).split("|") for phrases in _phrases().values() if part in phrases)
    return frozenset(_bare(phrase) for phrases in lists for phrase in phrases) - {""}


def _plain(text: str) -> str:
    """Small letters, plain apostrophes and spaces, no decoration."""
    text = text.replace("\u2019", "'").replace("\u2018", "'").replace("\u02bc", "'").replace("\u00b4", "'").lower()
    label = _LABEL.match(text)
    return " ".join(_DECORATION.sub(" ", text[label.end() :] if label else text).split())


def _bare(text: str) -> str:
    """A short reply without what surrounds its words."""
    return _plain(text).strip(_AROUND)


def _sentences(text: str) -> list[str]:
    return _worded(_parts(text))


def _parts(text: str) -> list[str]:
    return [_plain(part) for part in _SENTENCES.split(text.replace("\u2019", "'"))]


def _worded(parts: Iterable[str]) -> list[str]:
    return [part for part in parts if _LETTER.search(part)]


def refusal_in(text: str) -> str | None:
    """The sentence by which a reply refuses, or None.

    >>> refusal_in("I\u2019m sorry, but I can\u2019t assist with that request."), refusal_in("Es tut mir leid, dabei kann ich nicht helfen.") is None
    ("i'm sorry, but i can't assist with that request.", False)
    >>> refusal_in('A note on the door reads "I\\'m sorry, I cannot help you today."') is None
    True
    """
    return _opening_with(text, "refusal")


@dataclass(frozen=True, slots=True)
class _Opening:
    """How a reply begins and ends, outside quotation marks; no sentences where it can be nothing but a plain English text."""

    first: tuple[str, ...]
    last: tuple[str, ...]
    english: bool
    short: bool


@lru_cache(maxsize=64)
def _opening(text: str) -> _Opening:
    opening = unquoted(text[:OPENING])
    english = mostly_english(opening)
    if english and not _SPEAKS.search(opening.lower()):
        return _Opening((), (), True, False)
    parts = _parts(opening)
    last = _sentences(unquoted(text[-OPENING:])) if len(text) > OPENING else _worded(parts)
    return _Opening(tuple(_worded(parts[:4])), tuple(last[-3:]), english, len(text) <= SHORT)


def _opening_with(text: str, part: str) -> str | None:
    opening = _opening(text)
    for number, sentence in enumerate(opening.first):
        if _says(sentence, part, opening.english, opening.short):
            return sentence
        if number >= 3 or not (len(sentence) <= 25 or _lead("en").match(sentence)):
            break
    if part == "refusal":
        for before, sentence in pairwise(opening.last):
            if _ADMITS.match(sentence) and not _QUOTING.search(before) and _says(sentence, part, True, short=True):
                return sentence
    return None


def _says(sentence: str, part: str, english: bool, short: bool) -> bool:
    """Whether a sentence is one of a part's: in English, and unless it plainly is English in the other languages."""
    for language in ("en",) if english else _phrases():
        for pattern in _patterns(part, language):
            match = pattern.search(sentence)
            if match is None or (match.start() and not short and language != "en"):
                continue
            before = sentence[: match.start()].strip()
            if not before or (_lead(language).match(before) and not _QUOTING.search(before)):
                return True
    return False


def require_reply(text: str, wanted: Wanted = "text") -> None:
    """Raise `MalformedReply` (`refused`, `no_answer`, `markup`) for a reply in words that says nothing of what was asked for.

    >>> require_reply("A red circle on white ground.", "description")
    """
    if not (_LETTER if wanted == "detail" else _ALPHABETIC).search(text):
        raise MalformedReply("no_answer", f"no word in {text[:80]!r}")
    if _ENDLESS.fullmatch(text.strip()):
        raise MalformedReply("no_answer", f"nothing but {text.strip()[:20]!r} again and again")
    bare = _bare(text) if len(text) <= LONGEST_PHRASE else ""
    if bare in _exact("none") or (
        wanted == "description"
        and (
            bare in _exact("unseen") or bare in _exact("no_description") or _REFERENCE.fullmatch(text[:OPENING].strip())
        )
    ):
        raise MalformedReply("no_answer", repr(text[:80]))
    token = leaked_token(text)
    if token:
        raise MalformedReply("markup", f"{token!r} in {text[:80]!r}")
    refusal = refusal_in(text)
    if refusal:
        raise MalformedReply("refused", refusal[:200])
    missing = _opening_with(text, "no_image") or _only_acknowledges(text)
    if missing:
        raise MalformedReply("no_answer", missing[:200])
    if wanted == "description" and _only_inability(text, generic=True):
        raise MalformedReply("no_answer", text[:200])


def _only_acknowledges(text: str) -> str | None:
    """The first sentence of a reply that announces one ("Sure, I'll describe it:") and ends there."""
    opening = _opening(text)
    if len(text) > LONGEST_PHRASE or not opening.first:
        return None
    sentences = (*opening.first, *opening.last)
    ends = all(_says(sentence, "acknowledgement", opening.english, short=True) for sentence in sentences)
    return opening.first[0] if ends else None


def require_no_refusal(texts: Iterable[str]) -> None:
    """Raise `MalformedReply` (`refused`, `no_answer`) for fields of a JSON reply that refuse, or stand for nothing."""
    for text in texts:
        refusal = refusal_in(text)
        if refusal:
            raise MalformedReply("refused", refusal[:200])
        if _bare(text) in _exact("none"):
            raise MalformedReply("no_answer", repr(text[:80]))


def no_answer_in(answer: str, question: str, grounds: str, prose: bool = False) -> str | None:
    """`refused` or `no_answer` for an answer that is none, or None where it answers.

    Args:
        answer: as replied, without thoughts.
        question: what was asked; what it offers ("known or unknown?") is an answer.
        grounds: a description of the image; what it quotes, or says to be written, is an answer.
        prose: whether answers are sentences.

    >>> no_answer_in("Unknown", "Which year is printed?", "A coin."), no_answer_in("Unknown", "What does the tag say?", 'A tag reads "UNKNOWN".')
    ('no_answer', None)
    """
    answer = _WRAPPED.sub(r"\1", answer)
    bare = _bare(answer)
    if 0 < len(answer.strip()) <= 2 and _SIGN_ASKED.search(question):
        return None  # `-`, `?`, `Na`
    if not bare:  # an operator ("+") is an answer, a dash or dots are none
        return "no_answer" if _BLANK.fullmatch(answer) and not _in_text(answer.strip(), grounds) else None
    if _UNFILLED.fullmatch(answer.strip()) and not _in_text(answer.strip(), grounds):
        return "no_answer"
    code = _fault_of_answer(answer, bare, prose)
    if code is None:
        return None
    sound = _offered(bare, question, grounds) or (prose and code == "no_answer" and _ABSENCE_ASKED.search(question))
    return None if sound else code


def _fault_of_answer(answer: str, bare: str, prose: bool) -> str | None:
    if bare in _exact("none") or bare in _exact("unseen"):
        return "no_answer"
    if _NAMED.fullmatch(answer.strip()):
        return None
    if refusal_in(answer):
        return "refused"
    if _opening_with(answer, "no_image") or _only_inability(answer, generic=prose):
        return "no_answer"
    return None


def _only_inability(text: str, generic: bool) -> bool:
    """Whether all of a text says that something cannot be told; `generic`: of the answer or image, not of a thing in it."""
    if len(text) > OPENING:
        return False
    [subject], [filler] = _patterns("generic", "en"), _patterns("filler", "en")
    sentences = [sentence for sentence in _sentences(unquoted(text)) if not filler.search(sentence)]
    return (
        bool(sentences)
        and not _GOES_ON.search(_plain(text))
        and not _COPIED.search(_plain(text))
        and all(
            (not generic or subject.match(sentence)) and any(p.search(sentence) for p in _patterns("sentence", "en"))
            for sentence in sentences
        )
    )


def _offered(bare: str, question: str, grounds: str) -> bool:
    asked = f" {normalised_text(_bare_words(question))} "
    if f" {normalised_text(_bare_words(bare))} " in asked:
        return True
    return _in_text(bare, grounds)


def _bare_words(text: str) -> str:
    return re.sub(r"[^\w'/]+", " ", text.replace("\u2019", "'").lower()).strip()


def _in_text(bare: str, grounds: str) -> bool:
    """Whether a description quotes these words, has them in capitals, or says that they are written somewhere."""
    if not bare or not grounds:
        return False
    plain = grounds.replace("\u2019", "'")
    escaped = re.escape(bare)
    quoted = re.compile(
        rf"[\"\u201c\u201e\u00ab\u300c'\u2018`][^\"\u201c\u201d\u00bb\n]{{0,200}}?(?<!\w){escaped}(?!\w)"
        '[^"\u201c\u00ab\n]{0,200}?["\u201d\u00bb\u300d\'\u2019`]',
        re.IGNORECASE,
    )
    capitals = bare.upper()
    written = len(capitals) > 1 and capitals != bare and re.search(rf"(?<!\w){re.escape(capitals)}(?!\w)", plain)
    return bool(written or quoted.search(plain) or re.search(_SHOWN.format(escaped), plain, re.IGNORECASE))
