"""Encoding of the names in an archive that do not say theirs, one for all of them: UTF-8, Shift-JIS, GB 18030 or the single bytes of the format.

A zip says for each name whether it is UTF-8, and often says so wrongly; a tar says nothing. What all names of an archive can be read in is weighed by
how usual the characters are that come out: kana and the common kanji of JIS, the common hanzi of GB 2312, letters with accents beside plain ones. The
decision depends on the names alone, in the order of the archive.
"""

from collections.abc import Iterator

__all__ = ["NameEncoding", "may_be_name"]

UTF_8, SHIFT_JIS, GB_18030, CP437, LATIN_1 = "utf-8", "cp932", "gb18030", "cp437", "latin-1"
WEIGHED = 2000
"""Names that are weighed; all are tried."""


class NameEncoding:
    """The encoding of an archive's names, found while these are added."""

    def __init__(self, single_byte: str = CP437) -> None:
        """`single_byte`: the encoding of names that no other fits."""
        self._single_byte = single_byte
        self._fitting = [UTF_8, SHIFT_JIS, GB_18030, single_byte]
        self._weights = dict.fromkeys(self._fitting, 0.0)
        self._characters = dict.fromkeys(self._fitting, 0)
        self.names = 0
        """How many names needed the decision."""

    def add(self, raw: bytes) -> None:
        """Take a name into account; one of plain ASCII says nothing."""
        if raw.isascii():
            return
        self.names += 1
        for encoding in tuple(self._fitting):
            text = _text(raw, encoding)
            if text is None:
                if encoding != self._single_byte:
                    self._fitting.remove(encoding)
            elif self.names <= WEIGHED:
                for weight in _weights(text, encoding):
                    self._weights[encoding] += weight
                    self._characters[encoding] += 1

    @property
    def name(self) -> str:
        """The encoding that fits best, by the name that Python knows it under."""
        if UTF_8 in self._fitting:
            return UTF_8
        return max(self._fitting, key=lambda each: self._weights[each] / max(self._characters[each], 1))

    def text(self, raw: bytes) -> str:
        """A name in the archive's encoding."""
        return raw.decode(self.name, "surrogateescape")


def may_be_name(raw: bytes, name: str) -> bool:
    """Whether a name of an archive may have been read from these bytes: in any of the encodings, whichever sign parts its folders."""
    if raw == name.encode("utf-8", "surrogateescape"):
        return True
    for encoding in (UTF_8, SHIFT_JIS, GB_18030, CP437, LATIN_1):
        text = raw.decode(encoding, "replace")
        if name in (text, text.replace("\\", "/")):
            return True
    return False


def _text(raw: bytes, encoding: str) -> str | None:
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        return None
    # Bytes that stand for nothing are read as controls and as characters for private use.
    return (
        None if any("\x80" <= character <= "\x9f" or "\ue000" <= character <= "\uf8ff" for character in text) else text
    )


def _weights(text: str, encoding: str) -> Iterator[float]:
    """How usual each character of a name is that is not ASCII, 0 to 1.2."""
    for start, end in _runs(text):
        before, after = text[start - 1 : start], text[end : end + 1]
        beside_letters = _is_letter(before) or _is_letter(after)
        for position in range(start, end):
            if encoding in (CP437, LATIN_1):
                around = text[position - 1 : position], text[position + 1 : position + 2]
                yield _western(text[position], *around) * (0.5 if end - start > 2 else 1)
            else:
                alone = end - start == 1 and beside_letters
                yield (_japanese if encoding == SHIFT_JIS else _chinese)(text[position]) * (0.4 if alone else 1)


def _runs(text: str) -> Iterator[tuple[int, int]]:
    start = None
    for position, character in enumerate(text):
        if not character.isascii() and start is None:
            start = position
        elif character.isascii() and start is not None:
            yield start, position
            start = None
    if start is not None:
        yield start, len(text)


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()


def _western(character: str, before: str, after: str) -> float:
    if not (character.isalpha() and "\xaa" <= character <= "\u017f") or character in "ªº":
        return 0.05
    if (character.islower() and after.isupper() and after.isascii()) or (
        character.isupper() and before.islower() and before.isascii()
    ):
        return 0.3
    return 1.0 if _is_letter(before) or _is_letter(after) else 0.8


def _japanese(character: str) -> float:
    if "\u3041" <= character <= "\u30ff":
        return 1.2
    if "\uff61" <= character <= "\uff9f":  # of half width
        return 0.2
    if "\u4e00" <= character <= "\u9fff":
        return 1.0 if character.encode(SHIFT_JIS)[0] <= 0x97 else 0.5
    return 0.8 if "\uff01" <= character <= "\uff60" or "\u3000" <= character <= "\u303f" else 0.4


def _chinese(character: str) -> float:
    lead, trail, *more = character.encode(GB_18030)
    if more or trail < 0xA1 or lead < 0xA1:
        return 0.2
    if "\u4e00" <= character <= "\u9fff":
        return 1.0 if lead <= 0xD7 else 0.6
    return 0.6
