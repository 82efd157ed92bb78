"""Choice that an answer makes among options: by a letter with what leads to it and follows it, by a conclusion, or by an option's text.

A letter counts where only wording leads to it and where what follows it is nothing, its own option's text, a confirmation or an explanation that
neither denies, doubts nor names another option.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from wethink_assets.kinds import LETTERS
from wethink_assets.rewards.equivalence.choices.labels import bare, labels, mentions
from wethink_assets.rewards.equivalence.choices.words import denied, ends, leads, only_signs
from wethink_assets.rewards.equivalence.comparison import strict
from wethink_assets.rewards.equivalence.normal_form import plain_answer
from wethink_assets.rewards.equivalence.reading import Asked
from wethink_assets.rewards.equivalence.wording import said_of
from wethink_assets.rewards.equivalence.writing.words import joined, words_of

_NOTHING = Asked()
_MARKUP = re.compile(
    r"\*+|(?<![A-Za-z0-9])_+|_+(?![A-Za-z0-9])|[`$\u3010\u3011\u300a\u300b]|(?<!~)~(?!~)|\\(?:boxed|fbox|text\w*|mathrm|mathbf)\b|</?(?:answer|strong|em|choice|option|final_answer)\s*>|[\"\u201c\u201d\u300c\u300d]"
)
_TAGGED = re.compile(r"<([bip])>([^<]*)</\1>")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")
_OPENING = re.compile(r"^[\s#>\u2022\u2705\u2714\u2611\u27a1\u2192\ufe0f\U0001f449-]+(?=\S)")
_CLAUSE = re.compile(
    r"[.!;\n\u3002\uff1b]+\s*|,\s*(?=(?:so|therefore|thus|hence|then|which means|the answer|answer)\b|(?:option\s+)?[(\[]?[A-Z][)\]]?\s+is\s)|\uff0c",
    re.IGNORECASE,
)
_STATED = re.compile(r"\b(?:answer|option|choice|choose|select|pick|correct)\b|\u7b54\u6848|\u9009", re.IGNORECASE)
_SO = re.compile(r"(?:so|therefore|thus|hence)\b|\u6240\u4ee5|\u56e0\u6b64|\u6545", re.IGNORECASE)
_ANSWERED = re.compile(r"\banswer\s*(?:is|:|would|should|must)|\u7b54\u6848", re.IGNORECASE)
_REASON = re.compile(r"[ ,]*(?:because|since|as|due to|given that|for|which)\b", re.IGNORECASE)
_CHOSEN = re.compile(
    r"(?:(?:so|therefore|thus|hence)\s*,?\s+)?(?:(?:i|we)(?:\s+would|\s+will|['\u2019]d|['\u2019]ll)?"
    r"\s+(?:choose|select|pick|go\s+with|answer|say|opt\s+for)|(?:the\s+)?(?:correct\s+|right\s+|best\s+)?(?:option|choice)\s*(?:is|:)?)\s+(.+)",
    re.IGNORECASE | re.DOTALL,
)
_CONFIRMED = re.compile(
    r"(.+?)\s+(?:is|are|would\s+be)\s+(?:the\s+)?(?:correct|right|best|my)?\s*(?:answers?|options?|choices?|one)?(?<=\w)\s*[.!]?",
    re.IGNORECASE | re.DOTALL,
)
_STATES = re.compile(r"(.{1,120}?)\s(?:is|are|was|were)\s+(.+)", re.IGNORECASE | re.DOTALL)
_LABELLED_LAST = re.compile(r"(.+?)\s*(?:[,:;\n-]\s*[(\[]?|[(\[])\s*(?:option\s+|answer\s+)?([A-Z])[)\]]?", re.DOTALL)
_PORTUGUESE = re.compile(r"^A(?=\s+(?:resposta|alternativa)\b)")
_YES_NO = re.compile(r"(?:yes|no)\b.*\s", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d]+|[^\w\s]")
_WORDY = re.compile(r"[^\W\d_]+(?:[ .,'\u2019&!-]+[^\W\d_]+)*[.!]?")


class Choice:
    """What one answer says of the options.

    letter: that of the one option that it names; None where it names none or more than one.
    """

    def __init__(self, said: str, options: Sequence[str], known: str) -> None:
        """`known` are the letters that may name an option, whether or not there is one of that name."""
        self._options = options
        self._known = known
        self._said = said
        text = _MARKUP.sub("", _TAGGED.sub(r"\2", said)).strip()
        self._text = _PORTUGUESE.sub("a", _OPENING.sub("", _LINES.sub("\n", _SPACES.sub(" ", text))))
        self.letter = self._read()

    def _read(self) -> str | None:
        text = self._text
        if not text or text.rstrip(" .!\n")[-1:] in ("?", "\uff1f"):
            return None
        label = self._label(text)
        if label:
            letter, rest, apart = label
            if self._agrees(letter, rest, apart):
                return letter if self._exists(letter) else None
            if apart or letter == "A":
                return None
        return self._concluded(text) or self._by_text(text)

    def _exists(self, letter: str) -> bool:
        return LETTERS.index(letter) < (len(self._options) or len(LETTERS))

    def _own(self, letter: str) -> str:
        index = LETTERS.index(letter)
        return self._options[index] if index < len(self._options) else ""

    def _label(self, text: str) -> tuple[str, str, bool] | None:
        """The letter that a text begins with, after words that lead to it; what follows, and whether a sign parts the two."""
        for label in labels(text):
            if not leads(text[: label.start]):
                return None
            rest, apart = text[label.end :], label.set_apart(text)
            read_as_article = label.article and not self._agrees(label.letter, rest, apart)
            if read_as_article and (self._begins_with_option(text[label.start :]) or not self._named(bare(rest))):
                return None
            return label.letter, rest, apart
        return None

    def _begins_with_option(self, text: str) -> bool:
        begun = f"{folded(text)} "
        return any(begun.startswith(f"{folded(plain_answer(option))} ") for option in self._options)

    def _agrees(self, letter: str, rest: str, apart: bool) -> bool:
        """Whether what follows a letter is nothing, its option's text, or what confirms or explains the choice."""
        inner = bare(rest)
        if not inner:
            return rest.strip() != "-"
        named = self._named(inner)
        if named:
            return named == letter
        if rest[0] not in " \t\n" and not apart:
            return only_signs(inner)
        own = self._own(letter)
        left = _without(inner, own) if own else inner
        if denied(left) or mentions(left, letter, self._known) or self._names_another(inner, left, letter):
            return False
        if ends(left):
            return True
        return apart or _REASON.match(left) is not None

    def _names_another(self, text: str, left: str, letter: str) -> bool:
        """Whether a text has the words of another option in it; `left` is the text without this option's own."""
        own = self._own(letter)
        for index, option in enumerate(self._options):
            if LETTERS[index] == letter:
                continue
            for tokens in (_option_words, _tokens):
                other = tokens(option)
                if _has(tokens(left if own and _has(tokens(own), other) else text), other):
                    return True
        return False

    def _concluded(self, text: str) -> str | None:
        """The letter of the last clause, where it says which the answer is and nothing before it names another option."""
        starts = [match.end() for match in _CLAUSE.finditer(text.rstrip(" .!\n\u3002"))]
        for start in reversed(starts[-3:]):
            head, clause = text[:start], text[start:]
            label = self._label(clause)
            if not label:
                continue
            letter, rest, apart = label
            ended = head.endswith("\n") and not bare(rest)
            if (
                not (_STATED.search(clause) or _SO.match(clause) or ended)
                or not self._agrees(letter, rest, apart)
                or not self._exists(letter)
            ):
                return None
            left = _without(head, self._own(letter)) if self._own(letter) else head
            if _ANSWERED.search(head) or "?" in head or mentions(left, letter, self._known):
                return None
            if left != head and denied(left):
                return None
            return None if self._names_another(head, left, letter) else letter
        return None

    def _by_text(self, text: str) -> str | None:
        """The letter of the option whose text an answer is, or says with words around it."""
        if not self._options:
            return None
        said = said_of(text, _NOTHING)
        for form in (self._said, text, said):
            named = self._named(form)
            if named:
                return named
        for pattern in (_CHOSEN, _CONFIRMED, _LABELLED_LAST, _STATES):
            match = pattern.fullmatch(said if pattern in (_CHOSEN, _CONFIRMED) else text.rstrip(" .!"))
            if match and (named := self._around(match, pattern)):
                return named
        return self._among(text)

    def _around(self, match: re.Match[str], pattern: re.Pattern[str]) -> str | None:
        """The letter of the option that a part of a text names, if the rest of the text denies nothing and names no other."""
        part = match[2] if pattern is _STATES else match[1]
        named = self._named(said_of(part, _NOTHING).strip(" .!()"))
        if not named or denied(_without(match[0], self._own(named))):
            return None
        if pattern is _LABELLED_LAST:
            return named if named == match[2] else None
        if pattern is _STATES and (
            self._names_another(match[1], match[1], named) or mentions(match[1], "", self._known)
        ):
            return None
        return named

    def _among(self, text: str) -> str | None:
        """The letter of the one option whose text stands between words that lead to a choice and words that confirm it."""
        chosen: list[str] = []
        for index, option in enumerate(self._options):
            parts = re.split(_as_words(option), text, maxsplit=1, flags=re.IGNORECASE)
            if len(parts) < 2 or not leads(parts[0]) or mentions(parts[0], "", self._known):
                continue
            shared = sum(_option_words(other) == _option_words(option) for other in self._options) > 1
            if not shared and not mentions(parts[1], "", self._known) and ends(parts[1]):
                chosen.append(LETTERS[index])
        return chosen[0] if len(chosen) == 1 else None

    def _named(self, value: str) -> str | None:
        """The letter of the one option that a text equals."""
        value = value.strip()
        if not value or not self._options:
            return None
        same: list[int] = []
        wordy = _WORDY.fullmatch(value) is not None
        if wordy:
            key = joined(_unled(words_of(value.rstrip(".!"), _NOTHING)))
            same = [index for index, option in enumerate(self._options) if joined(_option_words(option)) == key]
        if not same and not (wordy and value.isalpha()) and not _YES_NO.match(value):
            same = [index for index, option in enumerate(self._options) if strict(option, value)]
        if len(same) > 1:
            written = folded(value)
            same = [index for index in same if folded(plain_answer(self._options[index])) == written]
        return LETTERS[same[0]] if len(same) == 1 else None


def folded(text: str) -> str:
    """A text in folded case, its white space single, without a final full stop.

    >>> folded("The  Red car.")
    'the red car'
    """
    return " ".join(text.casefold().split()).rstrip(" .")


@lru_cache(maxsize=16384)
def _option_words(option: str) -> tuple[str, ...]:
    return _unled(words_of(plain_answer(option), _NOTHING))


@lru_cache(maxsize=16384)
def _tokens(text: str) -> tuple[str, ...]:
    """Words, numbers and signs of a text as they stand."""
    return tuple(_TOKEN.findall(text.casefold()))


def _unled(words: tuple[str, ...]) -> tuple[str, ...]:
    """Words without the pronoun that a sentence begins with: `It decreases` says what `decreases` does."""
    return words[1:] if len(words) > 1 and words[0] in ("it", "they", "he", "she") else words


def _without(text: str, own: str) -> str:
    """A text without an option's own text where it stands as words."""
    return re.sub(_as_words(own), " ", text, flags=re.IGNORECASE)


def _as_words(option: str) -> str:
    return rf"(?<![^\W_]){re.escape(option.strip())}(?![^\W_])"


def _has(words: Sequence[str], part: Sequence[str]) -> bool:
    """Whether words contain others in a row."""
    return bool(part) and any(words[at : at + len(part)] == part for at in range(len(words) - len(part) + 1))
