"""Codes: what names a thing without being an amount, so that each of its characters counts (phone, zip, version, model, seat, blood type, formula).

A code is formed by its form (`B12`, `1.2.3`, `01234`, `A-`, `(555) 123-4567`) or by a question that asks for one, which then makes a code of what
would be a number otherwise: version `2.10` is not `2.1`.
"""

import re

from wethink_assets.rewards.equivalence.numbers import NUMBER_WORDS, spelled_out
from wethink_assets.rewards.equivalence.reading import Allowed, AnswerType, Asked, Comparable, Reading, Written
from wethink_assets.rewards.equivalence.types.chemistry import formula_of, without_state
from wethink_assets.rewards.equivalence.types.code_forms import (
    BETWEEN_UNLIKE,
    SEPARATORS,
    SIGN_WORDS,
    called,
    code_of_form,
    signed_letter,
)
from wethink_assets.rewards.equivalence.types.cues import Cues, cues_of
from wethink_assets.rewards.equivalence.types.shapes import shape_of

LONGEST = 60
"""Characters of a code that are read."""
_LABELS = (
    "the|is|it|its|number|num|nr|no|room|seat|flight|bus|route|version|ver|model|zip|postal|post|postcode|code|phone|telephone|tel|fax|mobile|cell|"
    "call|gate|platform|track|lane|channel|page|apartment|apt|suite|unit|id|isbn|issn|serial|sku|line|highway|exit|terminal|jersey|player|tram|train|"
    "blood|type|group|grade|plate|license|licence|registration|order|invoice|account|reference|ref|ticket|chapter|section|figure|fig|table|item|part|"
    "box|coach|car|us|at|on|in"
)
_LABEL = re.compile(rf"(?:({_LABELS})\b(?:\.:?|:)?\s+|(?:no|nr|tel)\.:?|#\s?)", re.IGNORECASE)
_ANY_LABELS = frozenset([
    "the", "is", "it", "its", "number", "num", "nr", "no", "code", "id", "at", "on", "in", "type", "group", "grade",
])  # fmt: skip
_CALL_LABELS = frozenset([
    "us", "phone", "telephone", "tel", "fax", "mobile", "cell", "call", "zip", "postal", "post", "postcode", "isbn", "issn", "account",
])  # fmt: skip
_BLOOD = re.compile(r"(?:rh[\s-]?)?(a|b|ab|o|0)(?:[\s-]?(?:type|group|blood))?", re.IGNORECASE)
_RELEASE = re.compile(
    r"(?:v|r)?\.?\s?(\d+(?:[.-]\d+)*[a-z]?(?:[ .-]?(?:alpha|beta|rc|sp|build|update|patch|preview|lts|dev|pre)[ .-]?\d*)?(?:\.x)?)",
    re.IGNORECASE,
)
_GENERIC = re.compile(r"[A-Z0-9]+(?:[ ./:_-]+[A-Z0-9]+){0,7}")
_METRE = re.compile(r"(\d{1,2})\s?(?:/|over)\s?(\d{1,2})(?:\s?-?time)?")
_METRES = {
    "c": "4/4",
    "common time": "4/4",
    "common": "4/4",
    "cut time": "2/2",
    "cut common": "2/2",
    "alla breve": "2/2",
}
_LETTER = re.compile(r"(?:the )?letter ['\"]?([a-z])['\"]?", re.IGNORECASE)
_PRESSURE = re.compile(r"(\d{2,3})\s?(?:/|over)\s?(\d{1,3})(?:\s?mm\s?hg)?")
_ROW = re.compile(r"row\s(\w{1,3}),?\s(?:and )?seat\s(\w{1,3})", re.IGNORECASE)
_MOVE = re.compile(r"(?:[KQRBN]?[a-h]?[1-8]?x?[a-h][1-8](?:=?[QRBN])?|O-O(?:-O)?|0-0(?:-0)?)[+#]?")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)", re.IGNORECASE)
_WORDY = re.compile(
    r"[a-z]{6}|\b(?:of|and|or|not|to|in|on|at|by|with|the|left|right|top|is|are|no|from|for|but|than|per)\b",
    re.IGNORECASE,
)
_COLOUR = re.compile(r"#[0-9A-Fa-f]{3,8}")


def read_code(written: Written, asked: Asked) -> Reading | None:
    """An answer as a code.

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> phone, version = asked_of("What is the phone number?"), asked_of("Which version is installed?")
        >>> read_code(Written("(555) 0100"), phone).key, read_code(Written("v2.10"), version).key, read_code(Written("2.10"), asked_of(None))
        ('5550100', '2.10', None)
    """
    said = written.said
    if len(said) > LONGEST:
        return None
    cues = cues_of(asked)
    shape = shape_of(said)
    if not cues.code and (shape.words or (shape.number and said[0] != "0")):
        return None
    if said.isalpha():
        return _of_letters(said, cues) if cues.code else None
    if cues.code:
        text = " ".join(written.plain.split()).rstrip(".").rstrip()
        key = _asked_for(text, said, cues.head, asked)
        if key:
            return Reading("code", key, cues.head)
    if said.isdecimal() and (said[0] != "0" or len(said) == 1):
        return None
    formed = code_of_form(written, cues, asked)
    return Reading("code", *formed) if formed else None


def _of_letters(said: str, cues: Cues) -> Reading | None:
    """A code without figures, where the question asks for one that may be so."""
    head, key = cues.head, None
    if head == "formula":
        key = formula_of(said)
    elif head == "blood":
        match = _BLOOD.fullmatch(said)
        key = match[1].upper().replace("0", "O") if match else None
    elif head == "grade" and len(said) <= 3 and said.isupper():
        key = said
    elif head == "letter":
        key = said.upper() if len(said) == 1 else None
    elif head == "signature":
        key = _METRES.get(said.casefold())
    elif head == "number" and said.casefold() in NUMBER_WORDS:
        key = _figures(said)
    return Reading("code", key, head) if key else None


def _figures(text: str) -> str | None:
    spelled = spelled_out(text.casefold().replace("-", " ").split())
    match = re.fullmatch(r"(\d+)(?:st|nd|rd|th)?", spelled[0]) if len(spelled) == 1 else None
    return match[1] if match else None


def _asked_for(text: str, said: str, head: str, asked: Asked) -> str | None:
    """The key of a code of the kind that the question asks for."""
    folded = text.casefold()
    if head == "formula":
        return formula_of(said.rstrip("."))
    if head == "blood":
        core = re.sub(r"^(?:blood )?(?:type|group) |(?: blood)? (?:type|group)$| blood$", "", folded)
        signed = SIGN_WORDS.fullmatch(core)
        if signed:
            return signed_letter(signed[1], signed[2])
        plain = _BLOOD.fullmatch(core)
        return plain[1].upper().replace("0", "O") if plain else None
    if head == "grade":
        signed = SIGN_WORDS.fullmatch(_unlabelled(folded, head, asked)) if len(folded) < 20 else None
        return signed_letter(signed[1], signed[2]) if signed else None
    if head == "signature":
        match = _METRE.fullmatch(folded)
        return f"{int(match[1])}/{int(match[2])}" if match else _METRES.get(folded)
    if head == "letter":
        match = _LETTER.fullmatch(text)
        return match[1].upper() if match else None
    if head == "pressure":
        match = _PRESSURE.fullmatch(folded)
        return f"{match[1]}/{match[2]}" if match else None
    if head == "chess":
        return (
            said.rstrip(".")
            if _MOVE.fullmatch(said.rstrip("."))
            else (folded if re.fullmatch(r"[a-h][1-8]", folded) else None)
        )
    row = _ROW.fullmatch(text) if head == "seat" else None
    if row:
        return f"{row[1]}{row[2]}".upper()
    core = _unlabelled(text, head, asked)
    if head == "version":
        words = core.split(" ")
        while len(words) > 1 and words[0].isalpha() and words[0].casefold() in asked.folded.replace("?", " ").split():
            words = words[1:]
        match = _RELEASE.fullmatch(" ".join(words))
        return re.sub(r"[\s-]+(?=[a-z])|(?<=[a-z])[\s.-]+(?=\d)", "", match[1].casefold()) if match else None
    if "," in core or not any(char.isdecimal() for char in core):
        return _figures(core) if core and head == "number" and core.casefold().split("-")[0] in NUMBER_WORDS else None
    return called(core) if head == "digits" else _generic(core)


def _unlabelled(text: str, head: str, asked: Asked) -> str:
    """A text without the words before its code that say what it is of: general ones, and those that the question has."""
    while label := _LABEL.match(text):
        word = (label[1] or "no").casefold()
        known = (
            word in _ANY_LABELS
            or (head == "digits" and word in _CALL_LABELS)
            or (head == "version" and word in ("version", "ver"))
        )
        if label.end() == len(text) or not (known or word in asked.folded):
            break
        text = text[label.end() :]
    return text


def _generic(text: str) -> str | None:
    """The key of any code: in capitals, without separators where a letter meets a figure, with one sign for all others."""
    ordinal = _ORDINAL.fullmatch(text)
    if ordinal:
        return ordinal[1]
    if _WORDY.search(text) and " " in text:
        return None
    if not _GENERIC.fullmatch(text.upper()):
        return None
    return SEPARATORS.sub("-", BETWEEN_UNLIKE.sub("", text.upper()))


def alike_code(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Whether a candidate is a code but for separators that one of the two leaves out, case, thousands separators or a state of matter."""
    key, other = gold.reading.key, candidate.reading.key
    if candidate.reading.type == "code":
        if "formula" in (gold.reading.value, candidate.reading.value):
            one, two = without_state(key), without_state(other)
            return one == two and (one == key or two == other)
        bare, bare_other = key.replace("-", ""), other.replace("-", "")
        return (
            key[-1] not in "+-"
            and other[-1] not in "+-"
            and bare == bare_other
            and (bare == key or bare_other == other)
        )
    text = " ".join(candidate.written.plain.split()).rstrip(".").rstrip()
    if not text or len(text) > LONGEST or cues_of(asked).arithmetic:
        return False
    if candidate.reading.type == "range":
        return re.fullmatch(r"\d{3}-\d{4}", text) is not None and text.replace("-", "") == key
    if candidate.reading.type == "number":
        plain = text.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+", text) else text
        if key.startswith("#"):
            return text == key[1:] and "number" in asked.folded
        return plain == key and cues_of(asked).code
    if gold.reading.value == "formula":
        return _careless(text, key)
    core = _unlabelled(text, cues_of(asked).head, asked)
    plain = re.sub(r"(?<=\w)[\s-]+(?=\w)", "", core)
    return plain.upper() == key.upper() if candidate.reading.type in ("text", "expression") else plain == key


def _careless(text: str, key: str) -> bool:
    """Whether a text that is no formula as it stands is one in other case, and could be no other: `au` is Au, `co` may be CO or Co."""
    if text.casefold() != key.casefold() or formula_of(text) is not None:
        return False
    return formula_of(text.capitalize()) in (None, key)


CODE = AnswerType("code", "text", read_code, alike_code)
