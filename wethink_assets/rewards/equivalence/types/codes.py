"""Codes: what names a thing without being an amount, so that each of its characters counts (phone, zip, version, model, seat, blood type, formula).

A code is told by its form (`B12`, `1.2.3`, `01234`, `A-`, `(555) 123-4567`) or by a question that asks for one, which then makes a code of what
would be a number otherwise: version `2.10` is not `2.1`.
"""

import re

from wethink_assets.rewards.equivalence.numbers import NUMBER_WORDS, spelled_out
from wethink_assets.rewards.equivalence.reading import Allowed, AnswerType, Asked, Comparable, Reading, Written
from wethink_assets.rewards.equivalence.types.chemistry import formula_of, without_state
from wethink_assets.rewards.equivalence.types.cues import Cues, cues_of
from wethink_assets.rewards.equivalence.types.dates import is_numeric_date
from wethink_assets.rewards.equivalence.units import unit_of

LONGEST = 60
"""Characters of a code that are read."""
_NOT_ASKED = frozenset(["amount", "duration", "date", "time", "dimensions", "ratio", "odds", "range", "score"])
_LABELS = (
    "the|is|it|its|number|num|nr|no|room|seat|flight|bus|route|version|ver|model|zip|postal|post|postcode|code|phone|telephone|tel|fax|mobile|cell|call|gate|"
    "platform|track|lane|channel|page|apartment|apt|suite|unit|id|isbn|issn|serial|sku|line|highway|exit|terminal|jersey|player|tram|train|blood|type|group|"
    "grade|plate|license|licence|registration|order|invoice|account|reference|ref|ticket|chapter|section|figure|fig|table|item|part|box|coach|car|us|at|on|in"
)
_LABEL = re.compile(rf"(?:(?:{_LABELS})\b\.?:?\s*|#\s?)+", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:no\.\s?|nos?\.?\s|#\s?|number\s|nr\.?\s)(\d{1,12}[a-z]?)", re.IGNORECASE)
_UNITED = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)([A-Z]{1,5})")
_SCIENTIFIC = re.compile(r"\d+(?:\.\d+)?E\d+|\d+X\d+(?:X\d+)?|\d+X|\d{1,2}H\d{2}")
_NO_CODES = frozenset(["AM", "PM", "ST", "ND", "RD", "TH", "K", "M", "B", "T", "BN", "MN", "USD", "EUR", "GBP", "INR", "JPY", "AD", "BC", "CE", "BCE", "S", "X"])
_LETTERS_THAT_ARE_UNITS = frozenset("VWNJLKMBTS")
_MIXED = re.compile(r"[A-Z0-9]+(?:[-.][A-Z0-9]+){0,6}")
_QUARTER = re.compile(r"Q[1-4]|[1-4]Q(?:\d{2}){0,2}|FY\d{2,4}|Q[1-4]-?(?:\d{2}){1,2}|(?:\d{2}){1,2}-?Q[1-4]")
_SIGNED = re.compile(r"([A-D]{1,3}|AB|O|E|F)\s?([+-])")
_SIGN_WORDS = re.compile(r"(a|b|ab|o|0|c|d|e|f)[\s-]?(?:rh\s?)?\(?(\+|-|pos(?:itive)?\b|neg(?:ative)?\b|plus\b|minus\b)(?:ve\b)?\)?", re.IGNORECASE)
_BLOOD = re.compile(r"(?:rh[\s-]?)?(a|b|ab|o|0)(?:[\s-]?(?:type|group|blood))?", re.IGNORECASE)
_DOTTED = re.compile(r"\d{1,10}(?:\.\d{1,10}){2,7}")
_HYPHENED = re.compile(r"\d{1,12}(?:-\d{1,12}){2,7}")
_PHONE = re.compile(
    r"(\+\d{1,3}[\s.-]?)?(?:\(\d{2,5}\)[\s.-]?|\d{1,4}[\s.-])(?:\d{2,5}[\s.-]){0,4}\d{3,5}(?:\s?(?:ext\.?|x)\s?\d{1,6})?|\+\d{7,15}"
)
_LOCAL = re.compile(r"(\d{3})(\s?-\s?|\s)(\d{4})")
_POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}")
_VERSION = re.compile(r"(?:v|ver|version|release|rel)\.?\s?(\d+(?:\.\w+)*)", re.IGNORECASE)
_RELEASE = re.compile(r"(?:v|r)?\.?\s?(\d+(?:[.-]\d+)*[a-z]?(?:[ .-]?(?:alpha|beta|rc|sp|build|update|patch|preview|lts|dev|pre)[ .-]?\d*)?(?:\.x)?)", re.IGNORECASE)
_CALLED = re.compile(r"[+(]?[\dA-Z][\dA-Z\s().+/-]*(?:\s?(?:ext\.?|extension|x)\s?\d{1,6})?")
_GENERIC = re.compile(r"[A-Z0-9]+(?:[ ./:_-]+[A-Z0-9]+){0,7}")
_METRE = re.compile(r"(\d{1,2})\s?(?:/|over)\s?(\d{1,2})(?:\s?-?time)?")
_METRES = {"c": "4/4", "common time": "4/4", "common": "4/4", "cut time": "2/2", "cut common": "2/2", "alla breve": "2/2"}
_PRESSURE = re.compile(r"(\d{2,3})\s?(?:/|over)\s?(\d{1,3})(?:\s?mm\s?hg)?")
_ROW = re.compile(r"row\s(\w{1,3}),?\s(?:and )?seat\s(\w{1,3})", re.IGNORECASE)
_MOVE = re.compile(r"(?:[KQRBN]?[a-h]?[1-8]?x?[a-h][1-8](?:=?[QRBN])?|O-O(?:-O)?|0-0(?:-0)?)[+#]?")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)", re.IGNORECASE)
_BETWEEN_UNLIKE = re.compile(r"(?<=[A-Z])[^A-Z0-9]+(?=\d)|(?<=\d)[^A-Z0-9]+(?=[A-Z])")
_SEPARATORS = re.compile(r"[^A-Z0-9.]+")
_WORDY = re.compile(r"[a-z]{6}|\b(?:of|and|or|not|to|in|on|at|by|with|the|left|right|top|is|are|no|from|for|but|than|per)\b", re.IGNORECASE)
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
    if said.isalpha():
        return _of_letters(said, cues) if cues.code else None
    if cues.code:
        text = " ".join(written.plain.split()).rstrip(".").rstrip()
        key = _asked_for(text, said, cues.head, asked)
        if key:
            return Reading("code", key, cues.head)
    if said.isdecimal() and (said[0] != "0" or len(said) == 1):
        return None
    return _of_form(written, cues)


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
        signed = _SIGN_WORDS.fullmatch(core)
        if signed:
            return _signed(signed[1], signed[2])
        plain = _BLOOD.fullmatch(core)
        return plain[1].upper().replace("0", "O") if plain else None
    if head == "grade":
        signed = _SIGN_WORDS.fullmatch(_LABEL.sub("", folded)) if len(folded) < 20 else None
        return _signed(signed[1], signed[2]) if signed else None
    if head == "signature":
        match = _METRE.fullmatch(folded)
        return f"{int(match[1])}/{int(match[2])}" if match else _METRES.get(folded)
    if head == "pressure":
        match = _PRESSURE.fullmatch(folded)
        return f"{match[1]}/{match[2]}" if match else None
    if head == "chess":
        return said.rstrip(".") if _MOVE.fullmatch(said.rstrip(".")) else (folded if re.fullmatch(r"[a-h][1-8]", folded) else None)
    row = _ROW.fullmatch(text) if head == "seat" else None
    if row:
        return f"{row[1]}{row[2]}".upper()
    label = _LABEL.match(text)
    core = text[label.end() :] if label else text
    if head == "version":
        words = core.split(" ")
        while len(words) > 1 and words[0].isalpha() and words[0].casefold() in asked.folded.replace("?", " ").split():
            words = words[1:]
        match = _RELEASE.fullmatch(" ".join(words))
        return re.sub(r"[\s-]+(?=[a-z])|(?<=[a-z])[\s.-]+(?=\d)", "", match[1].casefold()) if match else None
    if "," in core or not any(char.isdecimal() for char in core):
        return _figures(core) if core and head == "number" and core.casefold().split("-")[0] in NUMBER_WORDS else None
    return _called(core) if head == "digits" else _generic(core)


def _signed(letters: str, sign: str) -> str:
    return letters.upper().replace("0", "O") + ("+" if sign[0].casefold() in "+p" and sign[:2].casefold() != "ne" else "-")


def _called(text: str) -> str | None:
    """The key of a code in which separators say nothing: its letters and figures, with a `+` before them."""
    if not _CALLED.fullmatch(text) and not _POSTCODE.fullmatch(text.upper()):
        return None
    extension = re.search(r"\s?(?:ext\.?|extension|x)\s?(\d{1,6})$", text)
    if extension:
        text = text[: extension.start()]
    kept = ("+" if text[0] == "+" else "") + re.sub(r"[^0-9A-Z/]", "", text.upper())
    return f"{kept}x{extension[1]}" if extension else kept


def _generic(text: str) -> str | None:
    """The key of any code: in capitals, without separators where a letter meets a figure, with one sign for all others."""
    ordinal = _ORDINAL.fullmatch(text)
    if ordinal:
        return ordinal[1]
    if _WORDY.search(text) and " " in text:
        return None
    if not _GENERIC.fullmatch(text.upper()):
        return None
    return _SEPARATORS.sub("-", _BETWEEN_UNLIKE.sub("", text.upper()))


def _of_form(written: Written, cues: Cues) -> Reading | None:
    """A code that its form tells; where something else is asked for, only one of letters with figures or signs."""
    said = written.said
    text = written.plain.rstrip(".").rstrip()
    if len(text) < 2 or cues.arithmetic:
        return None
    first = text[0]
    if not (first.isdecimal() or first in "+(#[" or first.isascii() and first.isalpha()):
        return None
    if cues.head not in _NOT_ASKED:
        key = _of_figures(text)
        if key:
            return Reading("code", key, "digits")
    signed = _SIGNED.fullmatch(text) or (_SIGN_WORDS.fullmatch(text) if first in "ABO0" and len(text) < 15 else None)
    if signed:
        return Reading("code", _signed(signed[1], signed[2]), "blood")
    key = _of_mixed(text, cues)
    if key:
        return Reading("code", key, "number")
    marked = text[-1] in "+-" or any(char.isdecimal() for char in text)
    if marked and not text.startswith("No") and not first.isdecimal() and first != "+" and (" " not in text or "_" in said):
        formula = formula_of(said.rstrip("."))
        if formula:
            return Reading("code", formula, "formula")
    return None


def _of_figures(text: str) -> str | None:
    """The key of figures that their grouping or a leading zero makes a code."""
    if text.isdecimal():
        return text
    if _COLOUR.fullmatch(text):
        return text.upper()
    numbered = _NUMBERED.fullmatch(text)
    if numbered:
        return f"#{numbered[1].upper()}"
    version = _VERSION.fullmatch(text)
    if version:
        return version[1].casefold()
    if not (text[0].isdecimal() or text[0] in "+(") or is_numeric_date(text):
        return None
    if _DOTTED.fullmatch(text) and len(text.split(".")[0]) <= 3:
        return text
    digits = sum(char.isdecimal() for char in text)
    local = _LOCAL.fullmatch(text)
    if local:
        return local[1] + local[3] if local[3][0] == "0" or "-" not in local[2] else None  # 500-1000 may be a range
    if 7 <= digits <= 15 and _PHONE.fullmatch(text) and (text[0] in "+(" or len(re.split(r"[\s.-]", text)) > 2):
        if re.fullmatch(r"\d{1,3}(?: \d{3})+", text):
            return None  # a number with spaces between its thousands
        return _called(text)
    if _HYPHENED.fullmatch(text):
        return text
    if "-" in text and re.fullmatch(r"\d{1,12}-0\d{1,11}|0\d{1,11}-\d{1,12}", text) and not re.fullmatch(r"\d{4}-\d{2}", text):
        return text
    return None


def _of_mixed(text: str, cues: Cues) -> str | None:
    """The key of letters with figures: capitals (`3C`, `B12`), unless they are a number with its unit."""
    if " " in text:
        return text.replace(" ", "") if _POSTCODE.fullmatch(text) else None
    if not text.isascii() or text.isdecimal():
        return None
    upper = text
    if text.islower() and text[:2].isalpha() and not set(text) <= set("abcxyz0123456789"):
        upper = text.upper()
        if not re.fullmatch(r"[A-Z]{2,5}\d{1,4}", upper) or upper.startswith(("NO", "LOG", "SIN", "COS", "TAN", "LN", "EXP", "SQRT", "PI")):
            return None
    if not _MIXED.fullmatch(upper) or _SCIENTIFIC.fullmatch(upper) or _QUARTER.fullmatch(upper):
        return None
    if not any(char.isdecimal() for char in upper) or not any(char.isalpha() for char in upper):
        return None
    united = _UNITED.fullmatch(upper)
    if united:
        name = united[2]
        if name in _NO_CODES or (len(name) == 1 and (name in _LETTERS_THAT_ARE_UNITS or "." in united[1] or cues.head in _NOT_ASKED)):
            return None
        if len(name) > 1 and (unit_of(name) or unit_of(name.lower()) or "." in united[1]):
            return None
    if re.fullmatch(r"[A-Z]{5,}-?\d*", upper) or re.fullmatch(r"\d+(?:\.\d+)?-[A-Z]{3,}", upper):
        return None
    if re.fullmatch(r"[A-Z]-\d|\d-[A-Z]", upper):
        return upper
    return _SEPARATORS.sub("-", _BETWEEN_UNLIKE.sub("", upper))


def alike_code(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Whether a candidate is a code but for separators that one of the two leaves out, case, thousands separators or a state of matter."""
    key, other = gold.reading.key, candidate.reading.key
    if candidate.reading.type == "code":
        if "formula" in (gold.reading.value, candidate.reading.value):
            one, two = without_state(key), without_state(other)
            return one == two and (one == key or two == other)
        bare, bare_other = key.replace("-", ""), other.replace("-", "")
        return key[-1] not in "+-" and other[-1] not in "+-" and bare == bare_other and (bare == key or bare_other == other)
    text = " ".join(candidate.written.plain.split()).rstrip(".").rstrip()
    if not text or len(text) > LONGEST or cues_of(asked).arithmetic:
        return False
    if candidate.reading.type == "range":
        return re.fullmatch(r"\d{3}-\d{4}", text) is not None and text.replace("-", "") == key
    if candidate.reading.type == "number" and re.fullmatch(r"\d{1,3}(?:,\d{3})+", text):
        return text.replace(",", "") == key
    if gold.reading.value == "formula" and any(char.islower() for char in key) and not text.islower():
        return text == key
    if key.startswith("#"):
        return text == key[1:] and "number" in asked.folded
    label = _LABEL.match(text)
    core = text[label.end() :] if label and len(text) > label.end() else text
    plain = re.sub(r"(?<=\w)[\s-]+(?=\w)", "", core)
    if gold.reading.value == "formula" and not any(char.isdecimal() for char in key):
        return plain == key
    return plain.upper() == key.upper()


CODE = AnswerType("code", "text", read_code, alike_code)
