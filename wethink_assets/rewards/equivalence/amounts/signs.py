"""One sign for each thing in texts that may be amounts: LaTeX spaces and signs, Unicode minus, fractions and raised digits."""

import re

_SIGNS = str.maketrans(
    {
        "\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2044": "/", "\u2215": "/", "\u00d7": "*",
        "\u22c5": "*", "\u00b7": "*", "\u2219": "*", "\u2019": "'", "\u2018": "'", "\u2032": "'", "\u2033": '"', "\u201d": '"', "\u00ba": "\u00b0",
        "\u2218": "\u00b0", "\u02da": "\u00b0", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "\uff0c": ",", "\uff05": "%",
    }
)  # fmt: skip
_LATEX = re.compile(
    r"\\!|\\(?:left|right|displaystyle|bf|rm)(?![a-zA-Z])|(?P<comma>\{,\})|(?P<space>\\(?:[,;: ]|q?quad|thinspace)|(?<=[\d}])~)|"
    r"\\(?P<named>times|cdot|pounds|euro|textdollar|textdegree|degree|circ|percent)(?![a-zA-Z])(?:\{\})?|\\(?P<sign>[%$])|"
    r"\\(?:text|mbox|mathrm|textrm|textup|textbf|textit|mathbf|operatorname|hbox)\s*\{(?P<text>[^{}]*)\}"
)
_NAMED = {
    "times": "*", "cdot": "*", "pounds": "\u00a3", "euro": "\u20ac", "textdollar": "$", "textdegree": "\u00b0", "degree": "\u00b0",
    "circ": "\u00b0", "percent": "%",
}  # fmt: skip
_RAISED_DEGREE = re.compile(r"\s?\^\s?\{?\s?\u00b0\s?\}?")
_VULGAR_BESIDE = re.compile("(?<=\\d)\\s?(?=[\u00bc-\u00be\u2150-\u215e])")
_VULGAR = {
    "\u00bc": "1/4", "\u00bd": "1/2", "\u00be": "3/4", "\u2150": "1/7", "\u2151": "1/9", "\u2152": "1/10", "\u2153": "1/3", "\u2154": "2/3",
    "\u2155": "1/5", "\u2156": "2/5", "\u2157": "3/5", "\u2158": "4/5", "\u2159": "1/6", "\u215a": "5/6", "\u215b": "1/8", "\u215c": "3/8",
    "\u215d": "5/8", "\u215e": "7/8",
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans(
    "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207b\u207a", "0123456789-+"
)
_RAISED = re.compile("[\u2070\u00b9\u00b2\u00b3\u2074-\u207b]+")


def prepared(text: str) -> str:
    r"""A text with one sign for each thing, as literals are read from it: LaTeX spaces and signs, Unicode minus, fractions and raised digits.

    Example:
        >>> prepared("14{,}916"), prepared(r"2\,\text{cm}^2"), prepared("2½"), prepared("10⁴")
        ('14,916', '2 cm^2', '2 1/2', '10^4')
    """
    if not text.isascii():
        text = _VULGAR_BESIDE.sub(" ", text)
        text = "".join(_VULGAR.get(char, char) for char in text).translate(_SIGNS)
        text = _RAISED.sub(lambda match: f"^{match[0].translate(_SUPERSCRIPTS)}", text)
    if "\\" in text or "{" in text or "~" in text:
        text = _LATEX.sub(_plainly, text)
    if "\u00b0" in text:
        text = _RAISED_DEGREE.sub("\u00b0", text)
    return text.strip()


def _plainly(match: re.Match[str]) -> str:
    if match["named"]:
        return _NAMED[match["named"]]
    if match["text"] is not None:
        return f" {match['text'].strip()}" if match["text"][:1].isspace() else match["text"]
    return match["sign"] or (match["comma"] and ",") or (match["space"] and " ") or ""
