"""Arguments of the reward functions: values as users have them, made into texts, or an `ArgumentError` that names the argument and what it got.

Values of NumPy, pandas, polars, torch and pyarrow are taken by what they can do, without importing any of them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import date, datetime, time
from decimal import Decimal
from numbers import Integral, Rational, Real
from reprlib import Repr
from typing import Any

from wethink_assets.errors import ArgumentError, UnknownArgument
from wethink_assets.kinds import KINDS, LETTERS, QuestionKind
from wethink_assets.rewards.equivalence.reading import Allowed

NOTHING_ALLOWED = Allowed()
_KINDS = KINDS.declared
_MOST_OPTIONS = len(LETTERS)
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_MISSING_TYPES = ("NAType", "NaTType")
_TOO_LONG = 400
"""Digits of a number from which on it is written with an exponent."""


def described(value: object) -> str:
    """A value as a message shows it: its type and a short form.

    Example:
        >>> described([1, 2]), described("x")
        ('[1, 2] (list)', "'x' (str)")
    """
    try:
        short = _SHORT.repr(value)
    except Exception:  # an object whose repr is broken is still of a type
        short = "a value"
    return f"{short} ({type(value).__name__})".encode("utf-8", "backslashreplace").decode()


def is_missing(value: object) -> bool:
    """Whether a value stands for none: None, NaN, and what pandas puts in their place."""
    if value is None or type(value).__name__ in _MISSING_TYPES:
        return True
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, Real) and bool(value != value)


def text_of(name: str, value: object) -> str:
    """A text, or a number, truth value or date as its text. Raises `ArgumentError` for anything else.

    Example:
        >>> text_of("answer", "red"), text_of("answer", 5.0), text_of("answer", True)
        ('red', '5', 'yes')
    """
    if type(value) is str:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    text = None if is_missing(value) else _text(value)
    if text is None:
        raise ArgumentError(f"{name}: a text, number or truth value is wanted; got {described(value)}")
    return text


def _text(value: Any) -> str | None:
    """A scalar that is no text as its text; None for anything else."""
    if isinstance(value, (bool, Real, Decimal)) or _is_truth(value):
        return ("yes" if value else "no") if _is_truth(value) else _number(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if type(value).__name__ == "datetime64":
        return None if str(value) == "NaT" else str(value)
    inner = _inner(value)
    return inner if isinstance(inner, str) or inner is None else _text(inner)


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool) or type(value).__name__ in ("bool", "bool_")


def _inner(value: Any) -> Any:
    """The Python scalar inside a scalar of another library (torch, pyarrow, an array without dimensions), or None."""
    if type(value).__name__ == "timedelta64":
        return None
    for name in ("as_py", "item"):
        method = getattr(value, name, None)
        if callable(method) and getattr(value, "shape", ()) == ():
            try:
                inner = method()
            except Exception:  # a method of that name that means something else
                return None
            return inner if isinstance(inner, (str, bool, Real, Decimal, date, time)) else None
    return None


def _number(value: Any) -> str | None:
    try:
        if isinstance(value, Integral):
            return str(int(value))
        if isinstance(value, Rational):
            return str(value)
        exact = value if isinstance(value, Decimal) else Decimal(str(value))
        if exact.is_nan():
            return None
        if not exact.is_finite() or abs(exact.adjusted()) > _TOO_LONG:
            return str(value)
        return format(exact.to_integral_value() if exact == exact.to_integral_value() else exact, "f")
    except (
        ValueError,
        ArithmeticError,
        TypeError,
    ):  # an integer of more digits than Python writes; a span of numpy's, which counts as an integer
        return None


def optional_text(name: str, value: object) -> str | None:
    """A text, None where the value is missing. Raises `ArgumentError` for what is no text."""
    if value is None or type(value) is str:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if is_missing(value):
        return None
    raise ArgumentError(f"{name}: a text is wanted, or None; got {described(value)}")


def sequence_of(name: str, values: object, what: str = "texts") -> list[Any]:
    """The values of a list, tuple, array, series or other iterable, in order. Raises `ArgumentError` for what is none.

    Example:
        >>> sequence_of("options", ("red", "blue"))
        ['red', 'blue']
        >>> sequence_of("options", "red")
        Traceback (most recent call last):
        wethink_assets.errors.ArgumentError: options: a sequence of texts is wanted; got one text: 'red' (str)
    """
    if isinstance(values, (list, tuple)):
        return list(values)
    fault = ""
    if isinstance(values, (str, bytes, bytearray)):
        fault = "one text: "
    elif isinstance(values, Mapping) or hasattr(values, "columns"):
        fault = "values by name: "
    elif isinstance(values, (set, frozenset, Set)):
        fault = "values without an order: "
    elif isinstance(values, Iterable):
        try:
            return list(values)
        except Exception as error:  # whatever an iterator of the caller's raises
            raise ArgumentError(f"{name}: cannot be read: {type(error).__name__}: {error}") from error
    raise ArgumentError(f"{name}: a sequence of {what} is wanted; got {fault}{described(values)}")


def options_of(values: object, name: str = "options") -> tuple[str, ...]:
    """Options as texts, in order; none where they are missing. Raises `ArgumentError`."""
    if values is None:
        return ()
    if type(values) is tuple or type(values) is list:
        for value in values:
            if type(value) is not str:
                break
        else:
            return tuple(values)
    elif is_missing(values):
        return ()
    return tuple(
        str(value) if _is_truth(value) else text_of(f"{name}[{index}]", value)
        for index, value in enumerate(sequence_of(name, values))
    )


def lettered_options(values: object, name: str = "options") -> tuple[str, ...]:
    """`options_of`, at most as many as there are letters. Raises `ArgumentError`."""
    options = options_of(values, name)
    if len(options) > _MOST_OPTIONS:
        raise ArgumentError(
            f"{name}: {len(options)} options: there are letters for {len(LETTERS)} (A to Z) only; shorten the list"
        )
    return options


def kind_of(value: object, name: str = "kind") -> QuestionKind:
    """The question kind of a code. Raises `UnknownArgument`, which names the known ones, and the one that was probably meant.

    Example:
        >>> kind_of("mc")
        Traceback (most recent call last):
        wethink_assets.errors.UnknownArgument: kind: unknown question kind 'mc'; known: MC, FIB, DES; did you mean 'MC'?
    """
    kind = _KINDS.get(value) if type(value) is str else None
    if type(kind) is QuestionKind:
        return kind
    if isinstance(value, str) and value in KINDS:
        return KINDS[value]
    meant = next((code for code in KINDS if isinstance(value, str) and code.casefold() == value.casefold()), None)
    shown = described(value).removesuffix(" (str)")
    suggestion = f"; did you mean {meant!r}?" if meant else ""
    raise UnknownArgument(f"{name}: unknown question kind {shown}; known: {', '.join(KINDS)}{suggestion}")


def flag_of(name: str, value: object) -> bool:
    """A truth value. Raises `ArgumentError`."""
    if isinstance(value, bool) or _is_truth(value):
        return bool(value)
    raise ArgumentError(f"{name}: True or False is wanted; got {described(value)}")


def share_of(name: str, value: object, most: float = math.inf) -> float:
    """A number from 0 to `most`. Raises `ArgumentError`."""
    number = math.nan
    if isinstance(value, (Real, Decimal)) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):  # more than a float holds
            number = math.nan
    if math.isfinite(number) and 0 <= number <= most:
        return number
    raise ArgumentError(
        f"{name}: a number from 0{f' to {most:g}' if math.isfinite(most) else ' on'} is wanted; got {described(value)}"
    )


def count_of(name: str, value: object) -> int:
    """A whole number from 1 on. Raises `ArgumentError`."""
    number = _number(value) if isinstance(value, Integral) and not isinstance(value, bool) else None
    if number is not None and int(number) >= 1:
        return int(number)
    raise ArgumentError(f"{name}: a whole number from 1 on is wanted; got {described(value)}")


def allowed_of(value: object, name: str = "allowed") -> Allowed:
    """What a question allows; nothing where the value is missing. Raises `ArgumentError`, which names the field."""
    if value is None or value is NOTHING_ALLOWED:
        return NOTHING_ALLOWED
    if isinstance(value, Allowed):
        return latitude(
            value.answers,
            value.tolerance,
            value.edit_distance,
            names=(f"{name}.answers", f"{name}.tolerance", f"{name}.edit_distance"),
        )
    if is_missing(value):
        return NOTHING_ALLOWED
    raise ArgumentError(f"{name}: an Allowed is wanted, or None; got {described(value)}")


def latitude(
    answers: object,
    tolerance: object,
    edit_distance: object,
    *,
    names: tuple[str, str, str] = ("accepted_answers", "tolerance", "edit_distance"),
) -> Allowed:
    """What a question allows, of the columns of its row. Raises `ArgumentError`, which names the column."""
    accepted = (
        ()
        if is_missing(answers)
        else tuple(
            text_of(f"{names[0]}[{index}]", answer) for index, answer in enumerate(sequence_of(names[0], answers))
        )
    )
    return Allowed(
        accepted,
        0.0 if is_missing(tolerance) else share_of(names[1], tolerance),
        0.0 if is_missing(edit_distance) else share_of(names[2], edit_distance, 1),
    )


def column_of(name: str, values: object, count: int | None = None) -> list[Any]:
    """A value for each response; None for all where there is no column. Raises `ArgumentError` for one of another length."""
    if values is None:
        return [None] * (count or 0)
    column = sequence_of(name, values, "values, one a response,")
    if count is not None and len(column) != count:
        raise ArgumentError(f"{name}: {len(column)} values for {count} responses; one a response is wanted")
    return column


def texts_of(name: str, values: Sequence[object]) -> list[str]:
    """Values as texts. Raises `ArgumentError`, which names the position."""
    return [value if type(value) is str else text_of(f"{name}[{index}]", value) for index, value in enumerate(values)]
