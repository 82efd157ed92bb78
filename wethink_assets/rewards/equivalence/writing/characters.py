"""Characters in one form each: what Unicode has in several ways is written in one, and nothing that says something is flattened.

Full-width letters, ligatures and composed accents become the plain ones (as NFKC has it). Raised and lowered digits, vulgar fractions and circled
numbers do not run into what stands before them: `10²` is `10^2`, `10₂` is `10_2` (`H₂O` is H2O), `2½` is `2 1/2`, `①` is `(1)`.
"""

import re
import unicodedata
from functools import lru_cache

_SUPER, _SUB, _CIRCLE, _FRACTION = "<super>", "<sub>", "<circle>", "<fraction>"
_DEGREES = re.compile("(?<=[0-9])\\s?[\u00ba\u02da](?![a-z])")
_TRADE = re.compile("[\u2122\u00ae\u00a9\u2120]")
_UNSEEN = re.compile("[\u00ad\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe0e\ufe0f\ufeff]")
_FORMS = re.compile("[^\\x00-\\x7f]+")


def composed(text: str) -> str:
    """A text in characters of one form.

    Example:
        >>> composed("\\uff11\\uff12"), composed("10\\u00b2"), composed("2\\u00bd"), composed("H\\u2082O"), composed("cafe\\u0301") == "caf\\u00e9"
        ('12', '10^2', '2 1/2', 'H2O', True)
    """
    if text.isascii():
        return text
    text = _UNSEEN.sub("", _DEGREES.sub("\u00b0", text))
    text = _TRADE.sub("", unicodedata.normalize("NFC", text))
    if unicodedata.is_normalized("NFKC", text):
        return text
    return unicodedata.normalize("NFC", _FORMS.sub(_plain_run, text))


def _plain_run(match: re.Match[str]) -> str:
    run, before = match[0], match.string[match.start() - 1 : match.start()]
    parts: list[str] = []
    last = ""
    for char in run:
        tag, plain = _form(char)
        if tag == _SUPER and plain.isalpha() and plain.isascii():
            parts.append(plain)
        elif tag == _SUPER:
            parts.append(plain if last == _SUPER else f"^{plain}")
        elif tag == _SUB:
            previous = parts[-1][-1:] if parts and parts[-1] else before
            parts.append(plain if last == _SUB or not previous.isdigit() else f"_{plain}")
        elif tag == _CIRCLE:
            parts.append(f"({plain})")
        elif tag == _FRACTION:
            previous = parts[-1][-1:] if parts and parts[-1] else before
            parts.append(f" {plain}" if previous.isdigit() else plain)
        else:
            parts.append(plain)
        last = tag
    return "".join(parts)


@lru_cache(maxsize=4096)
def _form(char: str) -> tuple[str, str]:
    """How a character is a form of plainer ones, and those."""
    plain = unicodedata.normalize("NFKC", char)
    if plain == char:
        return "", char
    decomposition = unicodedata.decomposition(char)
    tag = decomposition.partition(" ")[0]
    if tag == _FRACTION or "\u2044" in plain:
        return _FRACTION, plain.replace("\u2044", "/")
    if tag in (_SUPER, _SUB):
        return tag, plain.replace("\u2212", "-")
    if tag == _CIRCLE:
        return tag, plain
    if tag.startswith("<") and plain[-1:].isdigit() and "00B2" in decomposition.split()[-1:]:
        return tag, f"{plain[:-1]}^2"
    if tag.startswith("<") and "00B3" in decomposition.split()[-1:]:
        return tag, f"{plain[:-1]}^3"
    return tag, plain


_LETTERS = str.maketrans(
    {
        "\u00f8": "o", "\u00d8": "O", "\u0142": "l", "\u0141": "L", "\u0111": "d", "\u0110": "D", "\u00f0": "d", "\u00d0": "D", "\u00fe": "th",
        "\u00de": "Th", "\u00e6": "ae", "\u00c6": "Ae", "\u0153": "oe", "\u0152": "Oe", "\u0131": "i", "\u0127": "h", "\u0126": "H",
        "\u00df": "ss", "\u1e9e": "SS",
    }
)  # fmt: skip
_TONES = re.compile("[\u0309\u0323\u031b]")


@lru_cache(maxsize=16384)
def unaccented(text: str) -> str:
    """A text whose Latin letters have no accents; letters of other scripts keep theirs, and so does Vietnamese, where they tell words apart.

    Example:
        >>> unaccented("caf\\u00e9"), unaccented("S\\u00f8ren"), unaccented("\\u0439") == "\\u0439"
        ('cafe', 'Soren', True)
    """
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFD", text)
    if _TONES.search(apart):
        return text
    kept: list[str] = []
    latin = False
    for char in apart:
        if unicodedata.category(char) == "Mn":
            if latin:
                continue
        else:
            latin = char.isascii() and char.isalpha()
        kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept)).translate(_LETTERS)
