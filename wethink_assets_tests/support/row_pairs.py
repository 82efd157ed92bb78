"""Pairs of rows about one image with their truth: one question written in two ways, or two questions that differ in what they mean.

Nothing here asks the code under test. A question is made of a form and of values that it asks about; a change is made to its writing, which leaves
its meaning, or to a value, which does not.
"""

import random
import re
import string
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

__all__ = ["AskedRow", "LabelledRows", "labelled_rows"]

COLOURS = ("red", "blue", "green", "yellow", "orange", "purple", "black", "white", "grey", "brown", "pink", "teal")
THINGS = (
    "car",
    "circle",
    "dog",
    "bar",
    "chair",
    "house",
    "triangle",
    "bottle",
    "boat",
    "sign",
    "window",
    "lamp",
    "café",
    "piñata",
    "naïve painting",
    "crêpe",
)
NAMES = (
    "Anna",
    "Bertram",
    "Chloé",
    "Dmitri",
    "Zoë",
    "Lima",
    "Oslo",
    "Hannah",
    "Jörg",
    "Quito",
    "Smith",
    "Garcia",
    "O'Neill",
    "Müller",
)
UNITS = ("cm", "mm", "kg", "g", "km", "m", "°C", "%", "V", "A", "Hz", "L", "s", "min")
PREFIXED = (("mW", "MW"), ("mV", "MV"), ("mA", "MA"), ("mHz", "MHz"), ("mJ", "MJ"), ("mPa", "MPa"), ("mg", "Mg"))
NEGATIONS = (
    (" is the ", " is not the "), (" is it ", " isn't it "), ("Is the ", "Isn't the "), (" did ", " did not "), ("Does the ", "Doesn't the "),
    (" are there ", " are not there "), (" has ", " has no "), ("Is a ", "Is no "), (" isn't ", " is "), (" can ", " can't "),
)  # fmt: skip
POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_MEASURED = re.compile(r"(?<=\d)\s?[^\W\d]{1,3}\b")
CHANCE = ("yes", "no", "2", "3", "4", "red")  # answers that many questions share
LETTERED = ("{}. {}", "({}) {}", "{}) {}", "{}: {}")


@dataclass(frozen=True, slots=True)
class AskedRow:
    """A question with its answer."""

    question: str
    answer: str
    kind: str = "FIB"
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Two rows about one image. same: whether they ask the same and answer the same; change: what the second differs in."""

    first: AskedRow
    second: AskedRow
    same: bool
    change: str


Values = Mapping[str, str]
FORMS = (
    "How many {colour} {thing}s are there in the picture?",
    "What is the number of the {colour} {thing}s next to {name}'s house?",
    "Is the {thing} to the left of the {other} {colour}?",
    "Does the {colour} line reach {number} {unit} in the year {year}, or is it below that value all the time?",
    'Which {thing} has the label "{name}", and is it larger than {number} {unit}?',
    "The chart shows the {thing}s sold by {name} in {year}; by how many {unit} did the sales grow?",
    "Is {name} the tallest person in the photograph?",
    "In the figure the side of the {thing} is {number} {unit} long. What is its area if the {other} is {second} {unit} wide?",
    "According to the table, what was the value for {name} in {year}: more than {number}{unit}?",
    "Look at the {colour} {thing} behind the {other}. Is the {thing} in the shade, and can the {other} be seen in the mirror above it?",
    "A man holds a {thing}. Is a {other} on the {colour} table?",
    "What percentage of the {thing}s cost {number} {unit} or more in {name}?",
    "Is it true that the {colour} {thing} isn't as heavy as the {other} which {name} carries through the door of the old building?",
    "From {name} to {place}, is the road longer than {number} km?",
)  # fmt: skip
POWER_FORMS = (
    "What is the value of {number}{power}x for x = {second}?",
    "Is the distance in the diagram larger than {number}{power} metres?",
    "Simplify x{power} + {number}x as the figure shows it; is the result positive?",
)
PREFIX_FORMS = (
    "Does the power plant in the diagram deliver {number} {prefixed}?",
    "The gauge reads {number}{prefixed}. Is the reading above the limit that the {colour} line marks?",
)
LIST_FORMS = (
    "What colour is the {thing} on the left?",
    "Which of these did {name} buy in {year}?",
    "Which one is next to the {colour} {thing}?",
)


def labelled_rows(pairs: int, seed: str) -> list[LabelledRows]:
    """So many pairs, each kind of change about as often as any other."""
    chance = random.Random(seed)
    kinds = [*SAME.items(), *ANOTHER.items()]
    return [_pair(chance, *kinds[number % len(kinds)]) for number in range(pairs)]


def _pair(chance: random.Random, change: str, make: "Change") -> LabelledRows:
    while True:
        rows = make(chance)
        if rows:
            one, other = rows if chance.random() < 0.5 else rows[::-1]
            return LabelledRows(one, other, change in SAME, change)


Change = Callable[[random.Random], tuple[AskedRow, AskedRow] | None]


def _values(chance: random.Random) -> dict[str, str]:
    thing, other = chance.sample(THINGS, 2)
    name, place = chance.sample(NAMES, 2)
    number, second = chance.sample([str(n) for n in range(2, 120)] + ["2.5", "0.75", "1,200", "33.3"], 2)
    return {
        "thing": thing, "other": other, "name": name, "place": place, "number": number, "second": second,
        "colour": chance.choice(COLOURS), "unit": chance.choice(UNITS), "year": str(chance.randint(1990, 2025)),
        "power": chance.choice(POWERS[2:]), "prefixed": chance.choice(chance.choice(PREFIXED)),
    }  # fmt: skip


def _asked(
    chance: random.Random, forms: Sequence[str] = (*FORMS, *POWER_FORMS, *PREFIX_FORMS)
) -> tuple[str, dict[str, str]]:
    return chance.choice(forms), _values(chance)


def _row(question: str, chance: random.Random) -> AskedRow:
    return AskedRow(question, chance.choice(CHANCE))


def _written(change: Callable[[str, random.Random], str | None]) -> Change:
    """A change to the writing of a question; where there is nothing to change, none is made."""

    def make(chance: random.Random) -> tuple[AskedRow, AskedRow] | None:
        form, values = _asked(chance)
        row = _row(form.format(**values), chance)
        changed = change(row.question, chance)
        return None if changed is None else (row, replace(row, question=changed))

    return make


def _case(text: str, chance: random.Random) -> str | None:
    """Another case of words; that of symbols (`mW`, `Mg`, `°C`) is their meaning."""
    changed = chance.choice((str.upper, str.lower, str.title, str.capitalize))(text)
    if len(changed) != len(text):
        return None
    for unit in _MEASURED.finditer(text):
        changed = changed[: unit.start()] + unit[0] + changed[unit.end() :]
    return changed if changed != text else None


def _decomposed(text: str, chance: random.Random) -> str | None:
    changed = unicodedata.normalize("NFD", text)
    return changed if changed != text else None


def _full_width(text: str, chance: random.Random) -> str:
    wide = {ord(c): ord(c) + 0xFEE0 for c in string.ascii_letters + string.digits + "?,.;:" if chance.random() < 0.7}
    return text.translate(wide)


def _quotes(text: str, chance: random.Random) -> str | None:
    changed = text.replace("'", "’")
    if '"' in changed:
        left, right = chance.choice(("“”", "„“", "«»", "‘’"))
        before, quoted, after = changed.split('"', 2)
        changed = f"{before}{left}{quoted}{right}{after}"
    return changed if changed != text else None


def _spacing(text: str, chance: random.Random) -> str:
    changes = (
        lambda t: t.replace(" ", "  ", chance.randint(1, 3)),
        lambda t: t.replace("?", " ?"),
        lambda t: f" {t}\n",
        lambda t: t.replace(" ", "\u00a0", chance.randint(1, 4)),
        lambda t: t.replace(", ", " , ") if ", " in t else t.replace(" ", "\t", 1),
        lambda t: t.replace(". ", ".\n") if ". " in t else t.replace("?", "\u202f?"),
        lambda t: "\u200b" + t,
        lambda t: t.replace(", ", ",") if ", " in t else t.replace(" ", "\r\n", 1),
    )
    return chance.choice(changes)(text)


def _punctuation(text: str, chance: random.Random) -> str | None:
    changes = (
        lambda t: t.rstrip("?"),
        lambda t: t.rstrip("?") + ".",
        lambda t: t + "?",
        lambda t: t.replace("?", "?!") if not t[-2].isdigit() and t[-3] != " " else None,
        lambda t: t.replace(", ", " ", 1) if ", " in t and not t.split(", ")[0][-1].isdigit() else None,
        lambda t: t.replace("; ", ", ") if "; " in t else None,
        lambda t: t.replace(". ", "; ") if ". " in t else None,
        lambda t: t.replace('"', "") if '"' in t else None,
        lambda t: "… " + t,
    )
    return chance.choice(changes)(text)


def _function_words(text: str, chance: random.Random) -> str | None:
    """One or two words that ask nothing are added, left out or exchanged."""
    changes = (
        lambda t: f"Please, {t[0].lower()}{t[1:]}" if not t.startswith(NAMES) else None,
        lambda t: t.rstrip("?") + " please?",
        lambda t: t.replace(" the ", " ", 1) if " the " in t else None,
        lambda t: t.replace("The ", "", 1) if t.startswith("The ") else None,
        lambda t: t.replace(" a ", " the ", 1) if " a " in t else None,
        lambda t: (
            t.replace("the picture", "this picture")
            .replace("the chart", "this chart")
            .replace("the diagram", "this diagram")
        ),
        lambda t: t.replace("What is", "What's") if "What is" in t else None,
        lambda t: t.replace("isn't", "is not") if "isn't" in t else None,
        lambda t: t.replace("are there in", "are in") if "are there in" in t else None,
        lambda t: t.replace("all the", "all of the") if "all the" in t else None,
        lambda t: t.replace("colour", "color") if "colour" in t else None,
    )
    changed: str | None = text
    for _ in range(chance.randint(1, 2)):
        changed = changed and (chance.choice(changes)(changed) or changed)
    return changed if changed != text else None


def _exact(text: str, chance: random.Random) -> str:
    return text


def _several(text: str, chance: random.Random) -> str | None:
    """Two changes to the writing, one after the other."""
    first, second = chance.sample((_case, _quotes, _spacing, _punctuation, _full_width, _decomposed), 2)
    changed = first(text, chance)
    return changed and second(changed, chance)


def _options(chance: random.Random, count: int = 0) -> list[str]:
    pool = chance.choice(
        (COLOURS, NAMES, [f"{n} {u}" for n in range(2, 30) for u in ("cm", "kg")], [f"a {t}" for t in THINGS])
    )
    return chance.sample(list(pool), count or chance.randint(3, 5))


def _reordered(options: list[str], chance: random.Random) -> list[str]:
    changed = options[:]
    while changed == options:
        chance.shuffle(changed)
    return changed


def _options_reordered(chance: random.Random) -> tuple[AskedRow, AskedRow]:
    form, values = _asked(chance, LIST_FORMS)
    options = _options(chance)
    right, question = chance.choice(options), form.format(**values)
    one, other = (
        AskedRow(question, string.ascii_uppercase[order.index(right)], "MC", tuple(order))
        for order in (options, _reordered(options, chance))
    )
    return one, other


def _in_text(form: str, options: Sequence[str], style: str, separator: str, letters: str) -> str:
    return form + separator.join(style.format(letter, option) for letter, option in zip(letters, options, strict=False))


def _lettered_reordered(chance: random.Random) -> tuple[AskedRow, AskedRow]:
    form, values = _asked(chance, LIST_FORMS)
    options, style = _options(chance), chance.choice(LETTERED)
    separator, letters = (
        chance.choice(("\n", " ", ", ", "; ")),
        chance.choice((string.ascii_uppercase, string.ascii_lowercase)),
    )
    stem = form.format(**values) + chance.choice(("\n", " ", " Options: ", "\nChoices:\n"))
    right, by_letter = chance.choice(options), chance.random() < 0.7
    one, other = (
        AskedRow(
            _in_text(stem, order, style, separator, letters),
            letters[order.index(right)].upper() if by_letter else right,
        )
        for order in (options, _reordered(options, chance))
    )
    return one, other


def _closing_reordered(chance: random.Random) -> tuple[AskedRow, AskedRow]:
    form, values = _asked(chance, LIST_FORMS)
    options = _options(chance, chance.randint(2, 4))
    lead = form.format(**values).rstrip("?") + chance.choice((", ", ": "))
    right, end = chance.choice(options), chance.choice((" or ", ", or "))
    one, other = (
        AskedRow(lead + ", ".join(order[:-1]) + end + order[-1] + "?", right)
        for order in (options, _reordered(options, chance))
    )
    return one, other


def _another(name: str, pool: Sequence[str], forms: Sequence[str] = FORMS) -> Change:
    """Another value in a question, and by chance the same answer."""

    def make(chance: random.Random) -> tuple[AskedRow, AskedRow] | None:
        form, values = _asked(chance, [form for form in forms if "{" + name + "}" in form])
        changed = {**values, name: chance.choice([value for value in pool if value != values[name]])}
        if changed[name] in (values["other"], values["place"], values["thing"]):
            return None
        row = _row(form.format(**values), chance)
        return row, replace(row, question=form.format(**changed))

    return make


def _number(chance: random.Random) -> tuple[AskedRow, AskedRow] | None:
    """Another number, often by one digit, sign or decimal point."""
    form, values = _asked(chance, [form for form in FORMS if "{number}" in form])
    number = values["number"]
    changes = (
        number + "0",
        number[::-1],
        f"-{number}",
        f"{number[:1]}.{number[1:]}",
        str(chance.randint(2, 999)),
        f"{number}/2",
    )
    changed = chance.choice(changes)
    if changed == number or changed.endswith("."):
        return None
    row = _row(form.format(**values), chance)
    return row, replace(row, question=form.format(**{**values, "number": changed}))


def _flat_power(chance: random.Random) -> tuple[AskedRow, AskedRow]:
    """A power that is written on the line is a digit more."""
    form, values = _asked(chance, POWER_FORMS)
    row = _row(form.format(**values), chance)
    flat = {**values, "power": str(POWERS.index(values["power"]))}
    return row, replace(row, question=form.format(**flat))


def _prefix(chance: random.Random) -> tuple[AskedRow, AskedRow]:
    form, values = _asked(chance, PREFIX_FORMS)
    milli, mega = chance.choice(PREFIXED)
    one, other = (_row(form.format(**{**values, "prefixed": unit}), random.Random(0)) for unit in (milli, mega))
    return one, other


def _factorial(chance: random.Random) -> tuple[AskedRow, AskedRow]:
    number = chance.randint(3, 9)
    text = chance.choice(("What is {}?", "What is the value of {}", "Is the result on the board {}?"))
    row = _row(text.format(f"{number}!"), chance)
    return row, replace(row, question=text.format(number))


def _negation(chance: random.Random) -> tuple[AskedRow, AskedRow] | None:
    form, values = _asked(chance, FORMS)
    row = _row(form.format(**values), chance)
    for plain, negated in NEGATIONS:
        if plain in row.question:
            return row, replace(row, question=row.question.replace(plain, negated, 1))
    return None


def _swapped(chance: random.Random) -> tuple[AskedRow, AskedRow] | None:
    form, values = _asked(
        chance, [form for form in FORMS if ("{other}" in form and form.count("{thing}") == 1) or "{place}" in form]
    )
    first, second = ("name", "place") if "{place}" in form else ("thing", "other")
    row = _row(form.format(**values), chance)
    swapped = {**values, first: values[second], second: values[first]}
    return row, replace(row, question=form.format(**swapped))


def _option(chance: random.Random) -> tuple[AskedRow, AskedRow]:
    """One option that is not the answer is another."""
    one, _ = _options_reordered(chance)
    wrong = chance.choice([n for n in range(len(one.options)) if string.ascii_uppercase[n] != one.answer])
    changed = [f"{option} too" if n == wrong else option for n, option in enumerate(one.options)]
    return one, replace(one, options=tuple(changed))


def _option_in_text(chance: random.Random) -> tuple[AskedRow, AskedRow]:
    form, values = _asked(chance, LIST_FORMS)
    options, style = _options(chance), chance.choice(LETTERED)
    stem, separator = form.format(**values) + chance.choice(("\n", " ")), chance.choice(("\n", " ", ", "))
    right = chance.randrange(len(options))
    fresh = chance.choice([o for o in (*COLOURS, *NAMES) if o not in options])
    changed = [fresh if n == (right + 1) % len(options) else option for n, option in enumerate(options)]
    one, other = (
        AskedRow(_in_text(stem, order, style, separator, string.ascii_uppercase), string.ascii_uppercase[right])
        for order in (options, changed)
    )
    return one, other


def _letter_in_text(chance: random.Random) -> tuple[AskedRow, AskedRow]:
    """The options stand in another order, and the letter stayed: another answer."""
    one, other = _lettered_reordered(chance)
    while len(one.answer) > 1 or one.answer == other.answer:
        one, other = _lettered_reordered(chance)
    return one, replace(other, answer=one.answer)


def _answer(chance: random.Random) -> tuple[AskedRow, AskedRow]:
    form, values = _asked(chance)
    one, other = chance.sample(CHANCE, 2)
    row = AskedRow(form.format(**values), one)
    return row, replace(row, answer=other)


SAME: dict[str, Change] = {
    "exact": _written(_exact),
    "case": _written(_case),
    "decomposed": _written(_decomposed),
    "full width": _written(_full_width),
    "typographic quotes": _written(_quotes),
    "spacing": _written(_spacing),
    "punctuation": _written(_punctuation),
    "one or two function words": _written(_function_words),
    "two changes of writing": _written(_several),
    "options reordered": _options_reordered,
    "lettered options reordered": _lettered_reordered,
    "closing list reordered": _closing_reordered,
}
ANOTHER: dict[str, Change] = {
    "number": _number,
    "unit": _another("unit", UNITS),
    "colour": _another("colour", COLOURS),
    "name": _another("name", NAMES),
    "thing": _another("thing", THINGS),
    "year": _another("year", [str(year) for year in range(1990, 2026)]),
    "negation": _negation,
    "things swapped": _swapped,
    "power": _another("power", POWERS[2:], POWER_FORMS),
    "power on the line": _flat_power,
    "prefix of a unit": _prefix,
    "factorial": _factorial,
    "option": _option,
    "option in the text": _option_in_text,
    "letter of reordered options": _letter_in_text,
    "answer": _answer,
}
