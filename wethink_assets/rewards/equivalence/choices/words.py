"""Words around the choice of an option: those that lead to it, those that confirm it, and those that deny or doubt it.

English, with the few of other languages in which models name their answer. What is in none of these sets is not wording but content.
"""

import re

_LEADING = frozenset(
    word
    for line in (
        "so therefore thus hence then and finally overall consequently accordingly ok okay well sure",
        "the a my our your final correct right best true proper most appropriate suitable accurate reasonable likely logical closest",
        "answer answers ans option options choice choices letter selection response result solution key guess selected chosen",
        "is are be has have would will should must i we it this that to question problem given here above which one following among from of",
        "in for choose chose choosing select selecting pick picking go going with opt opting vote believe think say conclude only clearly",
        "definitely obviously certainly based on image picture figure diagram chart graph photo looking at conclusion summary just am us let me",
        "can see get take corresponds corresponding matches matching fits fitting statement analysis according shown as had",
        "la respuesta correcta es opcion opci\u00f3n el il reponse r\u00e9ponse est bonne correcte die der antwort richtige ist lautet",
        "resposta correta \u00e9 alternativa letra risposta corretta \u00e8",
        "\u043e\u0442\u0432\u0435\u0442 \u043f\u0440\u0430\u0432\u0438\u043b\u044c\u043d\u044b\u0439",
        "\u0432\u0430\u0440\u0438\u0430\u043d\u0442 \u044d\u0442\u043e",
    )
    for word in line.split()
)
_ENDING = frozenset(
    {
        "is", "are", "was", "the", "a", "correct", "right", "best", "true", "proper", "most", "appropriate", "answer", "option", "choice", "one",
        "it", "would", "be", "my", "final", "only", "here", "selection", "seems", "statement", "likely", "sure", "for", "of", "course", "definitely",
        "alone", "certainly", "clearly", "therefore", "i", "think", "believe",
    }
)  # fmt: skip
_SIGNS = frozenset(
    "\u6240\u4ee5\u56e0\u6b64\u6545\u7efc\u4e0a\u8ff0\u5e94\u8be5\u5f53\u6b63\u786e\u6700\u7ec8\u672c\u9898\u9009\u9805\u9879\u62e9\u64c7\u9078"
    "\u7b54\u6848\u662f\u4e3a\u70ba\u7684\u6211\u8ba4\u4f1a\u89e3\u3048\u306f\u3067\u3059\uc815\ub2f5\uc740\ub294\uc774\uc785\ub2c8\ub2e4\uc120\ud0dd\ubc88"
)
"""Characters of Chinese, Japanese and Korean in which an answer is named."""
_WORD = re.compile(r"[^\W\d_]+")
_SHORTENED = re.compile(r"['\u2019](?:s|d|ll|m|ve)\b|\bl['\u2019]")
_DIGIT = re.compile(r"\d")
_DENIED = re.compile(
    r"\b(?:not|no|never|neither|nor|none|nothing|wrong|incorrect|false|except|excluding|excluded|unless|instead|rather|but|however|although|though|maybe|perhaps"
    r"|possibly|probably|might|may|could|either|both|or|unsure|unclear|uncertain|unlikely|less|least|second|impossible|cannot|without|alternatively|also|wait|actually|hmm"
    r"|doubt|hardly|reject\w*|eliminat\w*|ruled|invalid|mistaken?|unknown|anything|anyone|can be|don|doesn|isn|than|nao|nicht|pas)\b"
    r"|n['\u2019]t\b|\?|\uff1f|[\u2717\u2718\u274c\u274e\u00d7>]|[\u4e0d\u6ca1\u975e\u9519\u6216\u9664\u8bef]",
    re.IGNORECASE,
)


def denied(text: str) -> bool:
    """Whether a text takes back, doubts or goes beyond a choice.

    Example:
        >>> denied("is the correct answer"), denied("is wrong"), denied("or maybe C")
        (False, True, True)
    """
    return _DENIED.search(text) is not None


def leads(text: str) -> bool:
    """Whether words before a choice lead to it and say nothing else.

    Example:
        >>> leads("So the best answer would be option "), leads("The answer is not "), leads("The car is ")
        (True, False, False)
    """
    if not text.strip():
        return True
    return not denied(text) and not _DIGIT.search(text) and _within(_SHORTENED.sub(" ", text.casefold()), _LEADING)


def ends(text: str) -> bool:
    """Whether words after a choice confirm it and say nothing else.

    >>> ends(" is the correct answer."), ends(" is the second best"), ends("")
    (True, False, True)
    """
    return not denied(text) and not _DIGIT.search(text) and _within(text.casefold(), _ENDING)


def only_signs(text: str) -> bool:
    """Whether a text is only characters of Chinese, Japanese or Korean in which a choice is named."""
    return _SIGNS.issuperset(text)


def _within(text: str, words: frozenset[str]) -> bool:
    return all(word in words or (not word.isascii() and _SIGNS.issuperset(word)) for word in _WORD.findall(text))
