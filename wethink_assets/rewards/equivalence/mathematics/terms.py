"""Terms of mathematics, read from the signs of a text by precedence: sums, products (also unwritten ones), powers, functions, roots."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from wethink_assets.rewards.equivalence.mathematics.notation import Token, Unreadable

Term = tuple[Any, ...]
"""`("number", Fraction, places)` (places: decimals as written, or -1), `("symbol", name)`, `("infinity",)` or an operation's name with its terms."""
DEEPEST = 40
MOST_NESTED = 150
"""Operations within one another: a walk descends by two calls for each, and has to come to the same however deep its caller's stack is."""
_APPLIED = frozenset("fgFG")
"""Letters that are functions where a bracket follows them; any other letter is multiplied."""
_SAME = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "lg": "log"}
_INVERSE = {"sin": "arcsin", "cos": "arccos", "tan": "arctan"}
_CLOSING = {"(": ")", "[": "]", "{": "}", "floor": "floor", "ceil": "ceil"}
_END = Token("end of text", "")


def term_of(tokens: Sequence[Token]) -> Term:
    """The term that all of the tokens are; `Unreadable` where they are none.

    Example:
        >>> from wethink_assets.rewards.equivalence.mathematics.notation import tokens_of
        >>> term_of(tokens_of("2x"))
        ('*', ('number', Fraction(2, 1), 0), ('symbol', 'x'))
    """
    reader = _Reader(tokens)
    term = reader.sum()
    if reader.here is not _END:
        raise Unreadable
    return term


def leaves(term: Term) -> tuple[list[Term], bool]:
    """A term's decimals, in order, and whether it has no symbols but constants; `Unreadable` where operations are too deep for one another."""
    decimals, bare = [], True
    parts = [(term, 1)]
    while parts:
        part, depth = parts.pop()
        if depth > MOST_NESTED:
            raise Unreadable
        if part[0] == "number":
            if part[2] > 0:
                decimals.append(part)
        elif part[0] == "applied" or (part[0] == "symbol" and part[1] not in ("pi", "e", "i")):
            bare = False
        parts.extend((inner, depth + 1) for inner in reversed(part[1:]) if isinstance(inner, tuple))
    return decimals, bare


class _Reader:
    """Recursive descent over tokens; each method reads one level of precedence and stands behind what it read."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0
        self._bars = 0

    @property
    def here(self) -> Token:
        return self._tokens[self._position] if self._position < len(self._tokens) else _END

    def _next(self) -> Token:
        token = self.here
        self._position += 1
        return token

    def _operator(self, *signs: str) -> str | None:
        token = self.here
        if token.kind == "operator" and token.text in signs:
            self._position += 1
            return token.text
        return None

    def sum(self) -> Term:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Unreadable
        sign = self._operator("+", "-")
        term = self._product()
        if sign == "-":
            term = ("neg", term)
        while sign := self._operator("+", "-"):
            term = (sign, term, self._product())
        self._depth -= 1
        return term

    def _product(self) -> Term:
        term = self._signed()
        while True:
            if sign := self._operator("*", "/"):
                term = (sign, term, self._signed())
            elif self._begins_factor():
                before = self._tokens[self._position - 1]
                here = self.here
                factor = self._power()
                if term[0] == "number" and before.kind == "number" and _is_proper(factor, here):
                    if term[2] > 0:
                        raise Unreadable
                    term = ("+", term, factor)  # a mixed number
                elif here.kind == "number" and before.kind in ("number", "symbol") and term[0] in ("number", "symbol"):
                    raise Unreadable  # two numbers side by side, or x2
                else:
                    term = ("*", term, factor)
            else:
                return term

    def _signed(self) -> Term:
        if sign := self._operator("+", "-"):
            self._depth += 1
            if self._depth > DEEPEST:
                raise Unreadable
            term = self._signed()
            self._depth -= 1
            return ("neg", term) if sign == "-" else term
        return self._power()

    def _begins_factor(self) -> bool:
        token = self.here
        if token.kind == "bar":
            return not self._bars
        return token.kind in ("number", "symbol", "function", "command", "open", "infinity") and token.text not in (
            "choose",
            "<",
        )

    def _power(self) -> Term:
        base = self._postfixed(self._atom())
        if self._operator("^"):
            if self.here.kind == "degree":
                self._next()
                return self._postfixed(("degree", base))
            if self.here.kind == "open" and self._tokens[self._position + 1 : self._position + 2] == (
                Token("degree", "\u00b0"),
            ):
                self._position += 2
                self._close("{")
                return self._postfixed(("degree", base))
            base = self._postfixed(("^", base, self._exponent()))
        return base

    def _exponent(self) -> Term:
        if sign := self._operator("+", "-"):
            term = self._exponent()
            return ("neg", term) if sign == "-" else term
        base = self._postfixed(self._atom())
        return ("^", base, self._exponent()) if self._operator("^") else base

    def _postfixed(self, term: Term) -> Term:
        while True:
            if self._operator("!"):
                term = ("!", term)
            elif self._operator("%"):
                term = ("/", term, ("number", Fraction(100), -1))
            elif self.here.kind == "degree":
                self._next()
                term = ("degree", term)
            else:
                return term

    def _atom(self) -> Term:
        token = self._next()
        match token.kind:
            case "number":
                return _number(token.text)
            case "infinity":
                return ("infinity",)
            case "symbol":
                return self._symbol(token.text)
            case "function":
                return self._function(_SAME.get(token.text, token.text))
            case "command":
                return self._command(token.text)
            case "open" if token.text in _CLOSING:
                term = self._within(token.text)
                return (token.text, term) if token.text in ("floor", "ceil") else term
            case "bar":
                self._bars += 1
                term = self.sum()
                self._bars -= 1
                if self._next().kind != "bar":
                    raise Unreadable
                return ("abs", term)
        raise Unreadable

    def _within(self, opening: str) -> Term:
        """The term up to the closing bracket."""
        bars, self._bars = self._bars, 0
        term = self.sum()
        if opening == "{" and self.here.text == "choose":
            self._next()
            term = ("binom", term, self.sum())
        self._bars = bars
        self._close(opening)
        return term

    def _close(self, opening: str) -> None:
        if self._next() != Token("close", _CLOSING[opening]):
            raise Unreadable

    def _symbol(self, name: str) -> Term:
        if self.here.kind == "sub":
            self._next()
            name = f"{name}_{self._written()}"
        if name in _APPLIED and self.here == Token("open", "("):
            self._next()
            arguments = [self.sum()]
            while self.here.kind == "comma":
                self._next()
                arguments.append(self.sum())
            self._close("(")
            return ("applied", name, *arguments)
        return ("symbol", name)

    def _written(self) -> str:
        """A subscript as one text."""
        token = self._next()
        if token.kind in ("number", "symbol"):
            return token.text
        if token != Token("open", "{"):
            raise Unreadable
        parts = []
        while (token := self._next()) != Token("close", "}"):
            if token is _END or token.kind == "open":
                raise Unreadable
            parts.append(token.text)
        return "".join(parts)

    def _function(self, name: str) -> Term:
        base: Term | None = None
        if self.here.kind == "sub" and name == "log":
            self._next()
            base = self._group()
        power: Term | None = self._exponent() if self._operator("^") else None
        if name in ("max", "min", "gcd", "lcm"):
            raise Unreadable
        argument = self._argument()
        if power == ("neg", ("number", Fraction(1), 0)) and name in _INVERSE:
            name, power = _INVERSE[name], None
        term: Term = ("log", base, argument) if base else ("function", name, argument)
        return ("^", term, power) if power else term

    def _argument(self) -> Term:
        """What a function is applied to: a group, or the factors up to the next sign or function."""
        if self.here.kind == "open" and self.here.text in ("(", "[", "{"):
            return self._within(self._next().text)
        if self._operator("-"):
            return ("neg", self._argument())
        if not self._begins_factor():
            raise Unreadable
        term = self._power()
        while self._begins_factor() and self.here.kind not in ("function", "bar") and self.here.text not in ("(", "["):
            if self.here.kind == "number":
                raise Unreadable
            term = ("*", term, self._power())
        return term

    def _group(self) -> Term:
        """The argument of a command: in braces, or the next sign alone; of a number only its first digit."""
        token = self.here
        if token == Token("open", "{"):
            self._next()
            return self._within("{")
        if token.kind == "number" and token.text.isdigit() and len(token.text) > 1:
            self._tokens = (*self._tokens[: self._position], Token("number", token.text[0]), Token("number", token.text[1:]),
                            *self._tokens[self._position + 1 :])  # fmt: skip
            token = self.here
        if token.kind not in ("number", "symbol", "command"):
            raise Unreadable
        return self._atom()

    def _command(self, name: str) -> Term:
        if name == "frac":
            above = self._group()
            return ("/", above, self._group())
        if name == "binom":
            above = self._group()
            return ("binom", above, self._group())
        if name in ("sqrt", "cbrt"):
            return self._root(name)
        if name.startswith("mark "):
            return self._marked(name[5:])
        if name in ("sum", "prod"):
            return self._series(name)
        raise Unreadable

    def _root(self, name: str) -> Term:
        degree: Term = ("number", Fraction(2 if name == "sqrt" else 3), -1)
        if self.here == Token("open", "[") and name == "sqrt":
            self._next()
            degree = self._within("[")
        if self.here == Token("open", "("):
            self._next()
            return ("root", degree, self._within("("))
        if self.here.kind == "number":  # sqrt12 is the root of 12, as people write it
            return ("root", degree, self._atom())
        return ("root", degree, self._group())

    def _marked(self, mark: str) -> Term:
        """A letter with a sign above it, or several under one: a symbol of its own."""
        if self.here.kind == "symbol":
            return ("symbol", f"{mark} {self._next().text}")
        name = self._written()
        return ("symbol", name if mark == "overline" and len(name) > 1 else f"{mark} {name}")

    def _series(self, name: str) -> Term:
        """A sum or product over an index: `("sum", index, first, last, term)`."""
        if self._next().kind != "sub" or self._next() != Token("open", "{"):
            raise Unreadable
        index = self._next()
        if index.kind != "symbol" or self._next() != Token("relation", "="):
            raise Unreadable
        first = self._within("{")
        if not self._operator("^"):
            raise Unreadable
        last = self._group()
        return (name, index.text, first, last, self._product())


def _number(text: str) -> Term:
    if "(" in text:
        whole, _, period = text.rstrip(")").partition("(")
        head, _, tail = whole.partition(".")
        value = Fraction(int((head or "0") + tail), 10 ** len(tail))
        return ("number", value + Fraction(int(period), 10 ** len(tail) * (10 ** len(period) - 1)), -1)
    return ("number", Fraction(text), len(text.partition(".")[2]) if "." in text else 0)


def _is_proper(factor: Term, first: Token) -> bool:
    """Whether a factor is a written fraction of whole numbers below one, as in 3\\frac{1}{2}."""
    if first != Token("command", "frac") or factor[0] != "/":
        return False
    above, below = factor[1], factor[2]
    return bool(above[0] == below[0] == "number" and above[2] == below[2] == 0 and 0 < above[1] < below[1])
