"""Templates of questions: what many questions have in common that are made by one pattern.

A template is the question as `question_text.same_text` folds it, with a mark in place of each number, quotation and name, and without the options
that it lists. Words of small letters that vary (colours, things) stay: which of them fill a pattern no rule can tell from one question.
"""

import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from wethink_assets.dedup.question_text import asked_text, same_text
from wethink_assets.identity import sha256_hex

MARK = "□"
_QUOTED = re.compile(r"\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)|“[^”]*”|‘[^’]*’")
_NUMBER = re.compile(r"(?<![^\W\d_])(?:(?<!\w)[-+])?\d+(?:[.,:/]\d+)*")
_NAME = re.compile(r"(?<=[^\s.?!:] )[^\W\d_a-z][\w'-]*(?: [^\W\d_a-z][\w'-]*)*")
_MARKS = re.compile(rf"{MARK}(?:[\s,]*{MARK})+")


def question_template(question: str) -> str:
    """The pattern that a question seems to be made by.

    >>> question_template("How many goals did Ada Byron score in 2015?")
    'how many goals did □ score in □'
    >>> question_template('Which is "left", A. red or B. blue?') == question_template("Which is “right”, A. green or B. grey?")
    True
    """
    asked = asked_text(question)
    for pattern in (_QUOTED, _NAME, _NUMBER):
        asked = pattern.sub(MARK, asked)
    return same_text(_MARKS.sub(MARK, asked))


def template_keys(kinds: Iterable[str], questions: Iterable[str]) -> npt.NDArray[np.uint64]:
    """64 bits of sha256 over kind and template of each question."""
    texts = (f"{kind}\n{question_template(question)}" for kind, question in zip(kinds, questions, strict=True))
    return np.fromiter((int(sha256_hex(text.encode("utf-8", "surrogatepass"))[:16], 16) for text in texts), np.uint64)
