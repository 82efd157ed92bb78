"""Names of one model: whether a service that was asked for a model answered with it.

Services write one model in several ways: with the provider before it (`openai/gpt-4o`, `models/gemini-2.5-flash`), with the date of a snapshot behind
it (`gpt-4o-2024-08-06`, `gpt-4-0613`, `claude-3-5-sonnet-20241022`, `gemini-2.0-flash-001`), with a variant or provider behind a colon (`:free`,
`:latest`), with dots or hyphens, in another order of words (`claude-sonnet-4`, `claude-4-sonnet`), as the file that it was loaded from, whose
name ends in how its weights are stored (`/models/Qwen3-8B-Q4_K_M.gguf`, as llama.cpp tells it).
"""

import re
from collections import Counter
from collections.abc import Iterable

ANY = "any"  # in the setting `other_models`
_WORD = re.compile(r"[a-z]+|\d+[a-z]*")
_DATE = re.compile(r"((19|20)\d\d)?(0[1-9]|1[0-2])([0-2]\d|3[01])|(19|20)\d\d(0[1-9]|1[0-2])|2\d(0[1-9]|1[0-2])|0\d\d")
_DATED = re.compile(
    r"(preview |exp )?((19|20)\d\d )?(0[1-9]|1[0-2]) ([0-2]\d|3[01])|(preview |exp )?((19|20)\d\d )?(0[1-9]|1[0-2])"
)
_STORED = re.compile(r"[-.](ud-)?(i?q\d(_[a-z0-9]+)*|tq\d_\d|mxfp\d(_moe)?|b?f16|f32)$")  # llama.cpp's types of weights


def same_model(asked: str, answered: str) -> bool:
    """Whether two names are of one model; two different snapshots of it are not, nor two ways to store its weights.

    >>> same_model("gpt-4o", "gpt-4o-2024-08-06"), same_model("openai/gpt-4o", "gpt-4o"), same_model("gpt-4o", "gpt-4o-mini")
    (True, True, False)
    """
    if asked == answered:
        return True
    (name, variant), (other, other_variant) = _parts(asked), _parts(answered)
    if variant and other_variant and variant != other_variant:
        return False
    if bool(_STORED.search(name)) != bool(_STORED.search(other)):
        name, other = _STORED.sub("", name), _STORED.sub("", other)
    words, other_words = Counter(_words(name)), Counter(_words(other))
    if not words or not other_words:
        return False
    more, less = sorted((list((words - other_words).elements()), list((other_words - words).elements())), key=len)[::-1]
    return not less and (not more or _is_snapshot(more))


def may_answer(asked: str, answered: str, others: Iterable[str]) -> bool:
    """Whether a model may answer where one was asked for: it is the same, or one of those that may stand in its place."""
    return same_model(asked, answered) or any(other == ANY or same_model(other, answered) for other in others)


def _parts(name: str) -> tuple[str, str]:
    """The last part of a path, without a file's ending, and what follows a colon or an at sign."""
    last = re.split(r"[\\/]", name.strip().lower().rstrip("/\\"))[-1]
    bare, _, variant = last.removesuffix(".gguf").partition(":")
    bare, _, snapshot = bare.partition("@")
    return f"{bare}-{snapshot}" if snapshot else bare, "" if variant in ("latest", "free") else variant


def _words(name: str) -> list[str]:
    return [word for word in _WORD.findall(name) if word != "latest"]


def _is_snapshot(words: list[str]) -> bool:
    """Whether words that only one name has are the date or number of a snapshot."""
    if len(words) == 1:
        return bool(_DATE.fullmatch(words[0]))
    return bool(_DATED.fullmatch(" ".join(words)))
