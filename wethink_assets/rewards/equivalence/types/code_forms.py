"""Codes told by their form: letters with figures, signs after letters, groups of figures, leading zeros."""

import re

from wethink_assets.rewards.equivalence.amounts.units import unit_of
from wethink_assets.rewards.equivalence.reading import Asked, Written
from wethink_assets.rewards.equivalence.types.chemistry import formula_of
from wethink_assets.rewards.equivalence.types.cues import Cues
from wethink_assets.rewards.equivalence.types.moments.dates import is_numeric_date

_NOT_ASKED = frozenset(["amount", "duration", "date", "time", "dimensions", "ratio", "odds", "range", "score"])
_NUMBERED = re.compile(r"(?:no\.\s?|nos?\.?\s|#\s?|number\s|nr\.?\s)(\d{1,12}[a-z]?)", re.IGNORECASE)
_UNITED = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)([A-Z]{1,5})")
_SCIENTIFIC = re.compile(r"\d+(?:\.\d+)?E\d+|\d+X\d+(?:X\d+)?|\d+X|\d{1,2}H\d{2}")
_NO_CODES = frozenset(
    [
        "AM",
        "PM",
        "ST",
        "ND",
        "RD",
        "TH",
        "K",
        "M",
        "B",
        "T",
        "BN",
        "MN",
        "USD",
        "EUR",
        "GBP",
        "INR",
        "JPY",
        "AD",
        "BC",
        "CE",
        "BCE",
        "S",
        "X",
    ]
)
_LETTERS_THAT_ARE_UNITS = frozenset("VWNJLKMBTS")
_MIXED = re.compile(r"[A-Z0-9]+(?:[-.][A-Z0-9]+){0,6}")
_QUARTER = re.compile(r"Q[1-4]|[1-4]Q(?:\d{2}){0,2}|FY\d{2,4}|Q[1-4]-?(?:\d{2}){1,2}|(?:\d{2}){1,2}-?Q[1-4]")
_SIGNED = re.compile(r"([A-D]{1,3}|AB|O|E|F)\s?([+-])")
SIGN_WORDS = re.compile(
    r"(a|b|ab|o|0|c|d|e|f)[\s-]?(?:rh\s?)?\(?(\+|-|pos(?:itive)?\b|neg(?:ative)?\b|plus\b|minus\b)(?:ve\b)?\)?",
    re.IGNORECASE,
)
_DOTTED = re.compile(r"\d{1,10}(?:\.\d{1,10}){2,7}")
_HYPHENED = re.compile(r"\d{1,12}(?:-\d{1,12}){2,7}")
_PHONE = re.compile(
    r"(\+\d{1,3}[\s.-]?)?(?:\(\d{2,5}\)[\s.-]?|\d{1,4}[\s.-])(?:\d{2,5}[\s.-]){0,4}\d{3,5}(?:\s?(?:ext\.?|x)\s?\d{1,6})?|\+\d{7,15}"
)
_LOCAL = re.compile(r"(\d{3})(\s?-\s?|\s)(\d{4})")
_POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}")
_VERSION = re.compile(r"(?:v|ver|version|release|rel)\.?\s?(\d+(?:\.\w+)*)", re.IGNORECASE)
_CALLED = re.compile(r"[+(]?[\dA-Z][\dA-Z\s().+/-]*(?:\s?(?:ext\.?|extension|x)\s?\d{1,6})?")
BETWEEN_UNLIKE = re.compile(r"(?<=[A-Z])[^A-Z0-9]+(?=\d)|(?<=\d)[^A-Z0-9]+(?=[A-Z])")
SEPARATORS = re.compile(r"[^A-Z0-9.]+")
_LOWER_SEAT = re.compile(r"[1-9]\d?[a-f]", re.IGNORECASE)
_LOWERED = re.compile(r"[A-Z]{2,4}\d{1,4}|[A-Z]{2}-\d{2,6}[A-Z]?")
_MONTH = re.compile(r"(?:\d{1,2}-?)?(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEPT?|OCT|NOV|DEC)-?\d")
_FUNCTIONS = ("NO", "LOG", "SIN", "COS", "TAN", "LN", "EXP", "SQRT", "PI")
_SCREEN = re.compile(r"(?:144|240|360|480|540|576|720|1080|1440|2160|4320)[pi]", re.IGNORECASE)
"""Lines of a screen, which are no pence."""
_FILM = re.compile(r"[2-8]k", re.IGNORECASE)
_COLOUR = re.compile(r"#[0-9A-Fa-f]{3,8}")


def code_of_form(written: Written, cues: Cues, asked: Asked) -> tuple[str, str] | None:
    """A code that its form tells; where something else is asked for, only one of letters with figures or signs."""
    said = written.said
    text = written.plain.rstrip(".").rstrip()
    if len(text) < 2 or cues.arithmetic:
        return None
    first = text[0]
    if not (first.isdecimal() or first in "+(#[" or (first.isascii() and first.isalpha())):
        return None
    if first.isdecimal() and (
        "/" in text or (" " in text and len(text) < 7 and text[-1].isalpha() and text[-1].islower())
    ):
        return None  # 3/4, 5 cm
    if cues.head not in _NOT_ASKED:
        key = _of_figures(text)
        if key:
            return (key, "digits")
    signed = _SIGNED.fullmatch(text) or (SIGN_WORDS.fullmatch(text) if first in "ABO0" and len(text) < 15 else None)
    if signed:
        return (signed_letter(signed[1], signed[2]), "blood")
    key = _of_mixed(text, cues, asked=bool(asked.text))
    if key:
        return (key, "number")
    marked = text.rstrip("})")[-1:] in ("+", "-") or any(char.isdecimal() for char in text)
    if (
        marked
        and not text.startswith("No")
        and not first.isdecimal()
        and first != "+"
        and (" " not in text or "_" in said)
    ):
        formula = formula_of(said.rstrip("."))
        if formula:
            return (formula, "formula")
    return None


def _of_figures(text: str) -> str | None:
    """The key of figures that their grouping or a leading zero makes a code."""
    if text.isdecimal():
        return text if text[0] == "0" and len(text) > 2 else None  # 05 may be five
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
        return called(text)
    if _HYPHENED.fullmatch(text):
        return text
    if (
        "-" in text
        and re.fullmatch(r"\d{1,12}-0\d{1,11}|0\d{1,11}-\d{1,12}", text)
        and not re.fullmatch(r"\d{4}-\d{2}", text)
    ):
        return text
    return None


def _of_mixed(text: str, cues: Cues, *, asked: bool) -> str | None:
    """The key of letters with figures: capitals (`3C`, `B12`), unless they are a number with its unit."""
    if " " in text:
        return text.upper().replace(" ", "") if _POSTCODE.fullmatch(text.upper()) else None
    if not text.isascii() or text.isdecimal():
        return None
    if _SCREEN.fullmatch(text) and (not asked or cues.head in ("", "dimensions")):
        return text.upper()
    if cues.head == "dimensions" and _FILM.fullmatch(text):
        return text.upper()
    if not asked and _LOWER_SEAT.fullmatch(text):
        return text.upper()
    upper = text
    if text.islower() and text[:2].isalpha() and not set(text) <= set("abcxyz0123456789"):
        upper = text.upper()
        if not _LOWERED.fullmatch(upper) or ("-" not in upper and upper.startswith(_FUNCTIONS)):
            return None
    if _MONTH.match(upper) or not _MIXED.fullmatch(upper) or _SCIENTIFIC.fullmatch(upper) or _QUARTER.fullmatch(upper):
        return None
    if not any(char.isdecimal() for char in upper) or not any(char.isalpha() for char in upper):
        return None
    united = _UNITED.fullmatch(upper)
    if united:
        name = united[2]
        if name in _NO_CODES or (
            len(name) == 1 and (name in _LETTERS_THAT_ARE_UNITS or "." in united[1] or cues.head in _NOT_ASKED)
        ):
            return None
        if len(name) > 1 and (unit_of(name) or unit_of(name.lower()) or "." in united[1]):
            return None
    if re.fullmatch(r"[A-Z]{5,}-?\d*", upper) or re.fullmatch(r"\d+(?:\.\d+)?-[A-Z]{3,}", upper):
        return None
    if re.fullmatch(r"[A-Z]-\d|\d-[A-Z]", upper):
        return upper
    return SEPARATORS.sub("-", BETWEEN_UNLIKE.sub("", upper))


def signed_letter(letters: str, sign: str) -> str:
    """A blood type or mark with its sign."""
    return letters.upper().replace("0", "O") + (
        "+" if sign[0].casefold() in "+p" and sign[:2].casefold() != "ne" else "-"
    )


def called(text: str) -> str | None:
    """The key of a code in which separators say nothing: its letters and figures, with a `+` before them."""
    if not _CALLED.fullmatch(text) and not _POSTCODE.fullmatch(text.upper()):
        return None
    extension = re.search(r"\s?(?:ext\.?|extension|x)\s?(\d{1,6})$", text)
    if extension:
        text = text[: extension.start()]
    if text.count("/") == 1 and sum(char.isdecimal() for char in text) == 10:
        text = text.replace("/", "")  # 202/452-1234
    kept = ("+" if text[0] == "+" else "") + re.sub(r"[^0-9A-Z/]", "", text.upper())
    return f"{kept}x{extension[1]}" if extension else kept
