"""Echo and language filter: replies that repeat their prompt, or are not in the language it was written in.

A weak or confused model hands back its instructions or their examples, a multilingual one slips into another language. Neither is told
by a parser, since both are well-formed; both would become rows. Here they are malformed replies, which a second sample may mend.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from wethink_assets.identity import normalised_text
from wethink_assets.synthesis.calls.example_copies import copied_example
from wethink_assets.synthesis.calls.languages import foreign_part, language_of, unquoted
from wethink_assets.synthesis.calls.replies import MalformedReply

ECHO = 40  # characters of one sentence that stand in the instructions word for word
LETTERS = 20  # letters from which on a text has a script
FEWEST_LETTERS = 3  # of a text that has no Latin letter at all
_PIECES = re.compile(r"[\n.!?\u3002\uff01\uff1f]+")
_LATIN = re.compile("[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff]")
_OTHER = re.compile("(?![\u02b0-\u03ff])[^\\W\\d_\u0000-\u024f\u1e00-\u1eff]")  # Greek is mathematics


def require_own_words(
    texts: Iterable[str], instructions: str, language: str = "", examples: Sequence[str] = ()
) -> None:
    """Raise `MalformedReply` (`echo`, `wrong_language`) for a text that repeats its instructions or is in another language than they are.

    Args:
        texts: what would reach the tables; what quotation marks enclose may be in any language.
        instructions: the prompt as its file says it, without what was put into it: a text may well repeat that.
        language: that of the prompt pack, as `pack_language` tells; without one only scripts are told apart.
        examples: texts of the prompt's examples, which no text may say again in other words.

    >>> require_own_words(["A red circle."], "Describe this image.")
    """
    for text in texts:
        echoed = echo_in(text, instructions)
        if echoed:
            raise MalformedReply("echo", f"repeats its prompt: {echoed[:120]!r}")
        copied = copied_example(text, examples)
        if copied:
            raise MalformedReply("echo", f"says an example of its prompt in other words: {copied[:120]!r}")
        written, asked = script_of(text), _script_of_instructions(instructions)
        if written and asked and written != asked:
            raise MalformedReply("wrong_language", f"in {written} letters where {asked} were asked for: {text[:80]!r}")
        other = language_of(text, language) if language and written != "other" else None
        if other:
            raise MalformedReply("wrong_language", f"in {other!r} where {language!r} was asked for: {text[:80]!r}")
        part = foreign_part(text, language) if language and written != "other" else None
        if part:
            raise MalformedReply("wrong_language", f"goes on in another language than {language!r}: {part[:80]!r}")


def pack_language(instructions: Iterable[str]) -> str:
    """Language of a prompt pack by all its prompts: English unless it is plainly another; empty where its letters are not Latin."""
    text = "\n".join(instructions)
    return "" if script_of(text) == "other" else language_of(text) or "en"


def echo_in(text: str, instructions: str) -> str | None:
    """The first sentence or line of a text that its instructions hold word for word, case and white space aside; None without one."""
    if len(text) < ECHO:
        return None
    known = _normal(instructions)
    parts = [*_PIECES.split(text), *text.split("\n")]
    pieces = (normalised_text(part) for part in parts if len(part) >= ECHO)
    return next((piece for piece in pieces if len(piece) >= ECHO and piece in known), None)


def script_of(text: str) -> str | None:
    """`latin` or `other`, by most letters outside quotation marks; None where they are too few to tell."""
    if text.isascii():
        return "latin" if len(text) >= 2 * LETTERS else None
    bare = unquoted(text)
    latin, other = len(_LATIN.findall(bare)), len(_OTHER.findall(bare))
    if latin + other < LETTERS:
        return None
    return "other" if other > latin else "latin"


def without_latin(text: str) -> bool:
    """Whether a text is in other letters than Latin ones and has none of these, outside quotation marks.

    >>> without_latin("\u7ea2\u8272\u5706\u5708"), without_latin("A sign reads \u300c\u6b62\u307e\u308c\u300d")
    (True, False)
    """
    bare = "" if text.isascii() else unquoted(text)
    return len(_OTHER.findall(bare)) >= FEWEST_LETTERS and not _LATIN.search(bare)


@lru_cache(maxsize=256)
def _script_of_instructions(instructions: str) -> str | None:
    return script_of(instructions)


@lru_cache(maxsize=256)
def _normal(instructions: str) -> str:
    return normalised_text(instructions)
