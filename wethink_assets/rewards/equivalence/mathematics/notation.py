"""Signs of a mathematical text: LaTeX commands, Unicode and plain writing as one kind of token each."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

LONGEST = 600
"""Characters of a mathematical text that are read."""
MOST_TOKENS = 400


class Token(NamedTuple):
    """One sign. kind: `number`, `symbol`, `function`, `command`, `operator`, `open`, `close`, `bar`, `comma`, `relation`, `set`, `or`, `and`,
    `sub`, `degree`, `infinity`, `row`, `cell`, `begin`, `end`."""

    kind: str
    text: str


class Unreadable(Exception):
    """A text, or a part of one, that is no mathematics that can be read here."""


FUNCTIONS = frozenset({
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "ln", "log",
    "lg", "exp", "sqrt", "cbrt", "abs", "max", "min", "gcd", "lcm",
})  # fmt: skip
GREEK = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "omicron", "rho",
    "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Sigma", "Upsilon", "Phi", "Psi",
    "Omega",
]  # fmt: skip
_LETTERS = dict(
    zip(
        "\u03b1\u03b2\u03b3\u03b4\u03b5\u03b6\u03b7\u03b8\u03b9\u03ba\u03bb\u03bc\u03bd\u03be\u03bf\u03c1\u03c3\u03c4\u03c5\u03c6\u03c7\u03c8\u03c9"
        "\u0393\u0394\u0398\u039b\u039e\u03a3\u03a5\u03a6\u03a8\u03a9",
        GREEK,
        strict=True,
    )
) | {"\u00b5": "mu", "\u03d5": "phi", "\u03d1": "theta", "\u03f5": "epsilon", "\u2206": "Delta", "\u2126": "Omega"}
_VARIANTS = {"varphi": "phi", "vartheta": "theta", "varepsilon": "epsilon", "varrho": "rho", "varsigma": "sigma"}
_RELATIONS = {
    "=": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "=<": "<=", "=>": ">=", "!=": "!=", "<>": "!=", "==": "=", "\u2264": "<=", "\u2265": ">=",
    "\u2a7d": "<=", "\u2a7e": ">=", "\u2260": "!=", "\u2248": "~", "\u2243": "~", "\u2208": "in", "~": "~",
    "\\le": "<=", "\\leq": "<=", "\\leqslant": "<=", "\\ge": ">=", "\\geq": ">=", "\\geqslant": ">=", "\\lt": "<", "\\gt": ">", "\\ne": "!=",
    "\\neq": "!=", "\\approx": "~", "\\simeq": "~", "\\in": "in", "\\eq": "=",
}  # fmt: skip
_SETS = {
    "\\cup": "cup",
    "\u222a": "cup",
    "\\cap": "cap",
    "\u2229": "cap",
    "\\setminus": "minus",
    "\\backslash": "minus",
    "\u2216": "minus",
}
_OPERATORS = {
    "+": "+", "-": "-", "*": "*", "/": "/", "^": "^", "!": "!", "%": "%", "\u2212": "-", "\u2013": "-", "\u2010": "-", "\u2011": "-", "\u00d7": "*",
    "\u00b7": "*", "\u22c5": "*", "\u2217": "*", "\u00f7": "/",
    "\u2044": "/", "\u2215": "/", "\u00b1": "pm", "\u2213": "mp", "**": "^", "\\cdot": "*",
    "\\times": "*", "\\ast": "*", "\\div": "/", "\\pm": "pm", "\\mp": "mp", "\\%": "%",
}  # fmt: skip
_BRACKETS = {
    "(": ("open", "("), ")": ("close", ")"), "[": ("open", "["), "]": ("close", "]"), "{": ("open", "{"), "}": ("close", "}"),
    "\\{": ("open", "\\{"), "\\}": ("close", "\\}"), "\\lbrace": ("open", "\\{"), "\\rbrace": ("close", "\\}"), "\\lbrack": ("open", "["),
    "\\rbrack": ("close", "]"), "\\langle": ("open", "<"), "\\rangle": ("close", ">"), "\u27e8": ("open", "<"), "\u27e9": ("close", ">"),
    "\\lfloor": ("open", "floor"), "\\rfloor": ("close", "floor"), "\\lceil": ("open", "ceil"), "\\rceil": ("close", "ceil"),
    "\u230a": ("open", "floor"), "\u230b": ("close", "floor"), "\u2308": ("open", "ceil"), "\u2309": ("close", "ceil"),
    "\uff08": ("open", "("), "\uff09": ("close", ")"), "|": ("bar", "|"), "\\|": ("bar", "|"), "\\vert": ("bar", "|"), "\\lvert": ("bar", "|"),
    "\\rvert": ("bar", "|"), "\\mid": ("bar", "|"), "\\Vert": ("bar", "|"),
}  # fmt: skip
_OTHERS = {
    ",": ("comma", ","), ";": ("comma", ";"), "\uff0c": ("comma", ","), "\u3001": ("comma", ","), "\uff1b": ("comma", ";"), "_": ("sub", "_"),
    "&": ("cell", "&"), "\\\\": ("row", "\\\\"), "\u00b0": ("degree", "\u00b0"), "\\circ": ("degree", "\u00b0"), "\\degree": ("degree", "\u00b0"),
    "\u221e": ("infinity", "\u221e"), "\\infty": ("infinity", "\u221e"), "\\infin": ("infinity", "\u221e"), "\u221a": ("command", "sqrt"),
    "\u221b": ("command", "cbrt"), "\u03c0": ("symbol", "pi"), "\\pi": ("symbol", "pi"), "\u211d": ("symbol", "\u211d"),
    "\u2205": ("symbol", "\u2205"), "\\emptyset": ("symbol", "\u2205"), "\\varnothing": ("symbol", "\u2205"), "\\lor": ("or", "or"),
    "\\land": ("and", "and"), "\\vee": ("or", "or"), "\\wedge": ("and", "and"), ":": ("colon", ":"), "\\colon": ("colon", ":"),
}  # fmt: skip
_SIGNS: dict[str, tuple[str, str]] = (
    {sign: ("relation", name) for sign, name in _RELATIONS.items()}
    | {sign: ("set", name) for sign, name in _SETS.items()}
    | {sign: ("operator", name) for sign, name in _OPERATORS.items()}
    | {sign: ("symbol", name) for sign, name in _LETTERS.items()}
    | {f"\\{name}": ("symbol", name) for name in GREEK}
    | {f"\\{name}": ("symbol", letter) for name, letter in _VARIANTS.items()}
    | {f"\\{name}": ("function", name) for name in FUNCTIONS if name not in ("sqrt", "cbrt")}
    | {f"\\{name}": ("command", "frac") for name in ("frac", "dfrac", "tfrac", "cfrac")}
    | {f"\\{name}": ("command", "binom") for name in ("binom", "dbinom", "tbinom")}
    | {"\\sqrt": ("command", "sqrt"), "\\cbrt": ("command", "cbrt"), "\\choose": ("command", "choose")}
    | {
        f"\\{name}": ("command", f"mark {name}")
        for name in ("vec", "hat", "bar", "overline", "overrightarrow", "tilde", "dot")
    }
    | {"\\sum": ("command", "sum"), "\\prod": ("command", "prod")}
    | _BRACKETS
    | _OTHERS
)
_SKIPPED = frozenset({
    "left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "displaystyle", "textstyle", "limits", "nolimits",
    "quad", "qquad", "rm", "bf", "it", "mathstrut", "nonumber",
})  # fmt: skip
_WRAPPERS = frozenset({
    "text", "textbf", "textit", "textrm", "textnormal", "mbox", "mathrm", "mathbf", "mathit", "mathsf", "operatorname", "boldsymbol", "bm",
})  # fmt: skip
_NAMES = {
    "pi": ("symbol", "pi"),
    "infinity": ("infinity", "\u221e"),
    "infty": ("infinity", "\u221e"),
    "oo": ("infinity", "\u221e"),
}
_ENGLISH = frozenset({
    "the", "is", "of", "to", "in", "at", "by", "for", "if", "are", "all", "any", "not", "no", "on", "as", "an", "but", "so", "we", "it",
    "per", "via", "was", "has", "its", "his", "her", "who", "why", "how", "one", "two", "six", "ten",
})  # fmt: skip
_TOKEN = re.compile(
    r"(?P<space>[\s\u00a0\u2009\u202f]+|\\[ ,;:!>]|~(?=[\s\\]))|(?P<repeating>\d*\.\d*\\(?:overline|bar|dot)\{\d{1,12}\})|"
    r"(?P<number>\d+(?:\.\d+)?|\.\d+)|(?P<letters>[A-Za-z]+'*)|\\(?:begin|end)\s*\{(?P<environment>[a-z]+)\*?\}(?:\{[clr|]+\})?|"
    r"(?P<bold>\\mathbb\s*\{?\s*[A-Z]\s*\}?)|(?P<command>\\(?:[a-zA-Z]+|.))|(?P<pair><=|>=|=<|=>|!=|<>|==|\*\*)|(?P<sign>.)",
    re.DOTALL,
)
_THOUSANDS = re.compile(r"(?:,\d{3})+(?![\d])(?:\.\d+)?")
_LATEX_THOUSANDS = re.compile(r"(?<=\d)(?:\{\s*,\s*\}|,\s*\\!)\s*(?=\d{3}(?!\d))")
_SPACING = re.compile(
    r"\\q?quad(?![b-wyzA-Z])|(?<!\\)\\[ ,;:!>](?!\\)|(?<!\\)\\[ ,;:!>](?=\\)|\\displaystyle(?![a-zA-Z])"
)
_DOUBLED = re.compile(r"\\\\(?=[a-zA-Z]{2,}|[{}])")


def plainly(text: str) -> str:
    """A text without LaTeX's spacing, thousands separators and doubled backslashes.

    Example:
        >>> plainly("11{,}111,\\quad 12")
        '11111,  12'
    """
    if "\\" not in text and "{" not in text:
        return text
    if "\\\\" in text:
        text = (
            text.replace("\\\\", "\\")
            if "\\\\begin" in text
            else text
            if "\\begin" in text
            else _DOUBLED.sub(r"\\", text)
        )
    text = _LATEX_THOUSANDS.sub("", text)
    return _SPACING.sub(" ", text)


@lru_cache(maxsize=8192)
def tokens_of(text: str) -> tuple[Token, ...]:
    """The signs of a text; `Unreadable` where there is one, or a word, that mathematics has not.

    Example:
        >>> [token.text for token in tokens_of("2\\\\sqrt{3} \\\\le x")]
        ['2', 'sqrt', '{', '3', '}', '<=', 'x']
    """
    if len(text) > LONGEST:
        raise Unreadable
    text = plainly(text)
    tokens: list[Token] = []
    depth = 0
    position, end = 0, len(text)
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise Unreadable
        position = match.end()
        kind, sign = match.lastgroup, match[0]
        if kind == "space":
            continue
        if kind == "number":
            grouped = _THOUSANDS.match(text, position) if depth == 0 and len(sign) <= 3 and "." not in sign else None
            if grouped:
                sign, position = sign + grouped[0].replace(",", ""), grouped.end()
            tokens.append(Token("number", sign))
        elif kind == "letters":
            tokens.extend(_letters(sign))
        elif kind == "environment":
            tokens.append(Token("begin" if sign.startswith("\\begin") else "end", match["environment"]))
        elif kind == "bold":
            tokens.append(Token("symbol", "\u211d" if "R" in sign else f"mathbb {sign.strip('} ')[-1]}"))
        elif kind == "repeating":
            tokens.append(Token("number", re.sub(r"\\[a-z]+\{(\d+)\}", r"(\1)", sign)))
        elif sign in _SIGNS:
            token = Token(*_SIGNS[sign])
            depth += (token.kind == "open") - (token.kind == "close")
            tokens.append(token)
        elif sign[0] == "\\" and sign[1:] in _SKIPPED:
            if text[position : position + 1] == "." and sign in ("\\left", "\\right"):
                position += 1
        elif sign[0] != "\\" or sign[1:] not in _WRAPPERS:
            raise Unreadable
        if len(tokens) > MOST_TOKENS:
            raise Unreadable
    return tuple(tokens)


def _letters(run: str) -> list[Token]:
    """What a run of Latin letters says: a function, a name, a word between statements, or a product of letters."""
    if len(run) == 1:
        return [Token("symbol", run)]
    if run in FUNCTIONS:
        return [Token("command", run) if run in ("sqrt", "cbrt") else Token("function", run)]
    if run in _NAMES:
        return [Token(*_NAMES[run])]
    if run in ("or", "and", "in"):
        return [Token("relation", "in") if run == "in" else Token(run, run)]
    if run in GREEK:
        return [Token("symbol", run)]
    letters, primes = run.rstrip("'"), run[len(run.rstrip("'")) :]
    if len(letters) > (4 if letters.isupper() else 3) or letters.casefold() in _ENGLISH:
        raise Unreadable
    tokens = [Token("symbol", letter) for letter in letters]
    tokens[-1] = Token("symbol", letters[-1] + primes)
    return tokens


def split_at(tokens: Sequence[Token], *kinds: str) -> list[Sequence[Token]]:
    """The parts between tokens of some kinds that stand outside of all brackets.

    Example:
        >>> [len(part) for part in split_at(tokens_of("(1,2),x"), "comma")]
        [5, 1]
    """
    parts: list[Sequence[Token]] = []
    depth = start = 0
    for position, token in enumerate(tokens):
        if token.kind in ("open", "begin"):
            depth += 1
        elif token.kind in ("close", "end"):
            depth -= 1
        elif depth == 0 and token.kind in kinds:
            parts.append(tokens[start:position])
            start = position + 1
    parts.append(tokens[start:])
    return parts


def enclosed(tokens: Sequence[Token]) -> bool:
    """Whether the first token is a bracket that the last one closes, of whatever kind."""
    if len(tokens) < 2 or tokens[0].kind != "open" or tokens[-1].kind != "close":
        return False
    depth = 0
    for position, token in enumerate(tokens):
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0:
            return position == len(tokens) - 1
    return False
