"""Spelling variants, plurals, abbreviations and contractions of English words, as the table `spelling.tsv` beside this module has them.

The table is data: a line has a kind, a form as written and the one that stands for it. Kinds: `spelling` (British and American forms and other
variants of one word), `plural` (of common nouns; names and words whose plural means something else, such as glasses or arms, are left out),
`short` (abbreviations wherever they stand), `first` and `street` (those that mean another thing at the start of a name than after one),
`direction` (before or after a street's name), `weekday` and `month` (where a day or a month is asked for), `name` (a whole answer that is
another name of the same), `contraction` (with and without the apostrophe, where that is no word of its own), `opposite` (words of
which one never stands for the other), `value` (words that make another answer of one, with their class).
"""

from functools import cache
from importlib.resources import files

_FILE = "spelling.tsv"


@cache
def table(kind: str) -> dict[str, tuple[str, ...]]:
    """The forms of a kind, each with the words that stand for it.

    Example:
        >>> table("contraction")["don't"], table("first")["st"], table("street")["st"]
        (('do', 'not'), ('saint',), ('street',))
    """
    return _tables()[kind]


@cache
def _tables() -> dict[str, dict[str, tuple[str, ...]]]:
    tables: dict[str, dict[str, tuple[str, ...]]] = {}
    lines = files(__package__).joinpath(_FILE).read_text(encoding="utf-8").splitlines()
    for line in lines[1:]:
        kind, written, canonical = line.split("\t")
        tables.setdefault(kind, {})[written] = tuple(canonical.split())
    return tables


@cache
def variants() -> dict[str, tuple[str, ...]]:
    """Words with another spelling, number or length, each with what stands for it; a word that is not there stands for itself.

    Example:
        >>> variants()["colours"], variants()["knives"], variants()["tv"], "glasses" in variants()
        (('color',), ('knife',), ('television',), False)
    """
    spellings, plurals, short = table("spelling"), table("plural"), table("short")
    merged: dict[str, tuple[str, ...]] = {}
    for word in {*spellings, *plurals, *short}:
        words = short.get(word) or (word,)
        for step in (spellings, plurals, spellings):
            words = tuple(part for one in words for part in step.get(one, (one,)))
        merged[word] = words
    return merged
