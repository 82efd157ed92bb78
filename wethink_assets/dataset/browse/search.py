"""Full text of rows: words of a question, its options, answers, path and ids, in SQLite's index of words.

Words are compared without regard to case and accents, and by their beginning: `tri` finds triangle. Characters of scripts without spaces count as
words of their own. `"two words"` in quotes must stand beside each other.
"""

import re

__all__ = ["TABLE", "match_expression", "searchable"]

TABLE = "CREATE VIRTUAL TABLE words USING fts5(body, content='', tokenize='unicode61 remove_diacritics 2')"
_UNSPACED = re.compile("([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff])")
_TERM = re.compile(r'"([^"]*)"|([^\s"]+)')


def searchable(text: str) -> str:
    """A text as it is put into the index.

    >>> searchable("a 三角 b\\0")
    'a  三  角  b '
    """
    return _UNSPACED.sub(r" \1 ", text.replace("\0", " "))


def match_expression(search: str) -> str:
    """The words of a reader as an expression of SQLite's, in which nothing but words has a meaning; empty without a word.

    >>> match_expression('Red "a circle" OR*')
    '"Red" * "a circle" * "OR*" *'
    """
    terms = (phrase or word for phrase, word in _TERM.findall(search))
    spaced = (" ".join(searchable(term).split()) for term in terms)
    return " ".join(f'"{term}" *' for term in spaced if any(character.isalnum() for character in term))
