"""Language of a text in Latin letters, by its function words: articles, prepositions, pronouns, verbs that descriptions are made of.

Half of a running text is such words, and hardly any language shares many with another (Ingle 1976; Grefenstette 1995). That needs no model,
works from about eight words on, and says nothing of names, lists and labels, which are in no language. What quotation marks enclose is quoted from
an image and not looked at. `function_words.json` has the words.
"""

import json
import re
from collections import Counter
from functools import cache
from importlib.resources import files

MOST_WORDS = 400
FEWEST_WORDS = 8
SHARE = 0.2  # of words that speak for another language, at least
LEAD = 2.5  # times the words of the language that was asked for
ENOUGH = 0.25  # of words in the language that was asked for: then nothing else is looked at
NON_ENGLISH = 0.7  # what a word in small letters counts that has letters which English lacks

_WORD = re.compile(r"[^\W\d_]+")
_MARKED = re.compile("[\u00df-\u00f6\u00f8-\u024f\u0259\u1e00-\u1eff]")
_QUOTED = re.compile(
    '"[^"]*"|[\u201c\u201e][^\u201c\u201d\u201e]*[\u201c\u201d]|\u00ab[^\u00ab\u00bb]*\u00bb|\u2039[^\u2039\u203a]*\u203a|\u300c[^\u300d]*\u300d|\u300e[^\u300f]*\u300f'
    "|(?<!\\w)\u2018[^\u2018\n]{1,300}?\u2019(?!\\w)|(?<!\\w)'[^'\n]{1,300}'(?!\\w)|`[^`]*`|(?<!\\*)\\*[^*\n]{1,300}\\*(?!\\*)"
)
_MAY_QUOTE = re.compile("[\"\u201c\u201e\u00ab\u2039\u300c\u300e`*'\u2018]")  # with what any match of `_QUOTED` begins
_OUTER = re.compile("^[\"\u201c\u201e\u00ab\u300c'\u2018`]+|[\"\u201c\u201d\u00bb\u300d'\u2019`]+$")


def unquoted(text: str) -> str:
    """A text without what quotation marks, backticks or emphasis enclose; one that is quoted as a whole stays.

    >>> unquoted('A sign reads "Je suis là" twice.')
    'A sign reads   twice.'
    """
    bare = _QUOTED.sub(" ", text) if _MAY_QUOTE.search(text) else text
    return bare if _WORD.search(bare) else _OUTER.sub("", text.strip())


@cache
def _table() -> dict[str, str]:
    table: dict[str, str] = json.loads(
        (files("wethink_assets.synthesis.calls") / "function_words.json").read_text(encoding="utf-8")
    )
    return table


@cache
def _joining() -> frozenset[str]:
    """What names and dishes are joined by, in English text too (Ludwig van Beethoven, soupe de poisson): alone it makes no sentence."""
    return frozenset(_table()["joining"].split())


@cache
def _function_words() -> dict[str, tuple[str, ...]]:
    """Languages of each function word, English first."""
    languages: dict[str, list[str]] = {}
    for language, words in _table().items():
        if language == "joining":
            continue
        for word in dict.fromkeys(words.split()):
            languages.setdefault(word, []).append(language)
    return {word: tuple(names) for word, names in languages.items()}


@cache
def _words_of(language: str) -> frozenset[str]:
    return frozenset(word for word, languages in _function_words().items() if language in languages)


@cache
def _words_of_others(language: str) -> frozenset[str]:
    return frozenset(word for word, languages in _function_words().items() if language not in languages)


def mostly_english(text: str) -> bool:
    """Whether the share of English function words leaves no doubt; punctuation is not taken off, so it is quick and says yes too seldom."""
    words = text.lower().split()
    own = sum(map(_words_of("en").__contains__, words))
    foreign = sum(map(_function_words().__contains__, words)) - own
    return (
        bool(words) and own >= ENOUGH * len(words) and 4 * foreign <= own
    )  # "No me es posible": three words are English, too


def language_of(text: str, asked: str = "en", fewest: int = FEWEST_WORDS) -> str | None:
    """Code of the language in which a text is plainly written; None where it is `asked`, or cannot be told.

    Args:
        text: in Latin letters; of others only the words that are not are looked at.
        asked: language in whose favour doubt is decided; empty where there is none.
        fewest: words outside quotation marks from which on a text has a language.

    >>> language_of("Das Bild zeigt einen roten Kreis links neben zwei blauen Quadraten.")
    'de'
    >>> language_of('A menu lists "soupe de poisson" and "filet de boeuf aux herbes" in two columns.') is None
    True
    """
    known = _function_words()
    rough = text[: 8 * MOST_WORDS].lower().split()
    if sum(map(_words_of(asked).__contains__, rough)) >= ENOUGH * len(rough):
        return None
    words = _WORD.findall(unquoted(text))[:MOST_WORDS]
    if len(words) < fewest:
        return None
    own, others, distinct, marked = 0, Counter[str](), dict[str, set[str]](), 0
    for word in words:
        small = word.lower()
        languages = known.get(small, ())
        if asked in languages:
            own += 1
        elif languages:
            others.update(languages)
            for language in languages:
                distinct.setdefault(language, set()).add(small)
        elif small == word and _MARKED.search(small):
            marked += 1
    if not others:
        return None
    language, count = others.most_common(1)[0]
    evidence = count + NON_ENGLISH * marked
    plain = (
        len(distinct[language]) >= 2
        and not distinct[language] <= _joining()
        and evidence >= max(2.5, SHARE * len(words))
        and evidence >= LEAD * own
    )
    return language if plain else None


_PART = re.compile(r"(?<=[.!?\u2026])(?:\s+|(?=[\u0400-\uffff]))|(?<=[\u3002\uff01\uff1f])\s*|\n+")
_COPIES = re.compile(
    r":\s*$|\b(?:reads?|reading|says?|said|saying|states?|writ\w+|wrote|texts?|signs?|letters?|notes?|captions?|messages?|verses?|stanzas?|quot\w+|label\w*|"
    r"titled?|headlines?|posters?|menus?|lists?|inscri\w+|transcri\w+|original|printed|words?|begins?|continues?|lyrics|poem|song|prayer|motto|"
    r"version|column|half|translat\w+|subtitles?|speech|bubbles?|paragraphs?|pages?|dialogues?)\b",
    re.IGNORECASE,
)
_OTHER_LETTER = re.compile(
    "[\u0400-\u052f\u0590-\u06ff\u0900-\u0dff\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
PART_WORDS = 8  # of a part of a text, from which on it has a language
PART_LETTERS = 12  # of a part in letters that are not Latin
PART_OWN = 0.1  # of the words of a part in another language, at most, that are of the language asked for


def foreign_part(text: str, asked: str = "en") -> str | None:
    """Where a text that began in the language asked for goes on in another one of its own accord, that part; else None.

    What quotation marks enclose is not looked at, nor what the sentence before introduces as written in the image ("The letter reads:").

    >>> foreign_part("A red circle is left of a square. Daneben steht ein blauer Kreis, der etwas kleiner ist als das Quadrat.")
    'Daneben steht ein blauer Kreis, der etwas kleiner ist als das Quadrat.'
    >>> foreign_part("The letter begins: Liebe Anna. Ich habe dir lange nicht geschrieben, weil ich auf der Reise war.") is None
    True
    """
    foreign = not _words_of_others(asked).isdisjoint(text.lower().split())
    if not foreign and (text.isascii() or not _OTHER_LETTER.search(text)):
        return None
    parts = [part for part in _PART.split(unquoted(text)) if part and part.strip()]
    for number, part in enumerate(parts):
        if number and _is_foreign(part, asked) and not any(_COPIES.search(before) for before in parts[:number]):
            return part.strip()
    return None


def _is_foreign(part: str, asked: str) -> bool:
    words = _WORD.findall(part)
    if len(_OTHER_LETTER.findall(part)) >= PART_LETTERS:
        return len(_OTHER_LETTER.findall(part)) > sum(word.isascii() for word in words) * 3
    own = sum(asked in _function_words().get(word.lower(), ()) for word in words)
    return len(words) >= PART_WORDS and own <= PART_OWN * len(words) and language_of(part, asked) is not None
