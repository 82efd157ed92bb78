"""Writes the labelled suite of equal and nearly equal answers that the rewards are calibrated on.

    python benchmarks/equivalence_suite.py wethink_assets/rewards/equivalence_cases.jsonl

Every label follows from how its case is made (a value written in two ways is equal, a value and its neighbour are not) or was given by hand;
nothing here uses the rewards. It takes no random numbers from outside: the same file comes out every time.
"""

import json
import random
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

Case = tuple[str, str, bool]  # the true answer, what was said, whether it is right
ASKED: dict[str, str] = {
    "list, any order": "Which of these can be seen in the picture?",
    "list, in order": "List them in order from left to right.",
    "percent, asked for": "What percentage of the shapes is red?",
    "unit, asked for": "How long is the bar in cm?",
}
ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen",
    "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
NOUNS = [
    "circle", "bus stop", "left hand", "Golden Gate Bridge", "traffic light", "oak tree", "tennis racket", "top-left corner", "fire hydrant",
    "violin",
    "glass of water", "stop sign", "red umbrella", "coffee mug", "polar bear", "school bus", "wooden chair", "blue whale", "light bulb",
    "kitchen sink", "Mona Lisa", "mountain bike", "snow leopard", "pine cone",
]  # fmt: skip
BY_HAND = Path(__file__).with_name("equivalence_by_hand.jsonl")
RAISED = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
COLOURS = ["red", "green", "blue", "yellow", "orange", "purple", "black", "white"]
MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
]  # fmt: skip


def spelled(number: int) -> str:
    """A whole number below a million in words."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10] + (f"-{ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        rest = f" and {spelled(number % 100)}" if number % 100 else ""
        return f"{ONES[number // 100]} hundred{rest}"
    rest = f" {spelled(number % 1000)}" if number % 1000 else ""
    return f"{spelled(number // 1000)} thousand{rest}"


def decimal(value: Fraction) -> str:
    """A fraction with a finite decimal, written out."""
    return format(Decimal(value.numerator) / Decimal(value.denominator), "f")


def wording(rng: random.Random) -> Iterator[Case]:
    """Case, articles, punctuation and white space do not count; another noun, or one word more or less, does."""
    dresses: list[Callable[[str], str]] = [
        str.upper, str.title, lambda t: f"The {t}.", lambda t: f"  {t} ", lambda t: f'"{t}"', lambda t: f"**{t}**", lambda t: f"a {t}",
        lambda t: t.replace(" ", "  "), lambda t: f"{t}!", lambda t: f"$\\text{{{t}}}$", lambda t: f"\\boxed{{{t}}}", lambda t: f"`{t.lower()}`",
    ]  # fmt: skip
    for noun in NOUNS:
        for dress in rng.sample(dresses, 4):
            yield noun, dress(noun), True
        other = rng.choice([word for word in NOUNS if word != noun])
        yield noun, rng.choice(dresses)(other), False
        yield noun, f"not a {noun}", False
        yield noun, f"{noun} and {other}", False
        yield noun, f"{noun}, or maybe a {other}", False


def unicode_forms(rng: random.Random) -> Iterator[Case]:
    """One text in several encodings; signs that only look alike are others."""
    import unicodedata

    for word in (
        "caf\u00e9",
        "na\u00efve",
        "Z\u00fcrich",
        "S\u00e3o Paulo",
        "\u00c5ngstr\u00f6m",
        "jalape\u00f1o",
        "Cr\u00e8me br\u00fbl\u00e9e",
        "Malm\u00f6",
    ):
        yield word, unicodedata.normalize("NFD", word), True
        yield word, unicodedata.normalize("NFD", word.upper()), True
        yield word, word[:-1], False
    for number in (7, 12, 305, 2048, 96):
        wide = "".join(chr(0xFEE0 + ord(digit)) for digit in str(number))
        yield str(number), wide, True
        yield str(number + 1), wide, False
        yield f"-{number}", f"\u2212{number}", True
        yield f"-{number}", f"\u2013{number}", True
        power = number % 8 + 2
        yield f"10^{power}", f"10{RAISED[power]}", True
        yield f"10{power}", f"10{RAISED[power]}", False
    for part, value in (("\u00bd", "1/2"), ("\u00bc", "0.25"), ("\u00be", "3/4"), ("\u2153", "1/3")):
        yield value, part, True
        yield value, f"1{part}", False
    yield "2.5", "2\u00bd", True
    yield "21/2", "2\u00bd", False


def number_words(rng: random.Random) -> Iterator[Case]:
    """Whole numbers in words against digits, and against their neighbours."""
    numbers = [
        *range(0, 22),
        30,
        42,
        99,
        100,
        105,
        110,
        219,
        500,
        999,
        1000,
        1001,
        1200,
        2024,
        40_000,
        65_536,
        120_305,
        999_999,
    ]
    for number in numbers:
        word = spelled(number)
        yield str(number), word, True
        yield word, f"{word.capitalize()}.", True
        yield f"{number:,}", word, True
        yield str(number + rng.choice([1, 10, 100])), word, False
        yield str(number * 10 + 10), word, False
    for number, word in (
        (3_000_000, "3 million"),
        (2_500_000, "2.5 million"),
        (7_000_000_000, "seven billion"),
        (24, "two dozen"),
        (1200, "1.2 thousand"),
    ):
        yield str(number), word, True
        yield f"{number:,}", word, True
        yield str(number * 10), word, False
        yield str(number // 1000), word, False


def thousands(rng: random.Random) -> Iterator[Case]:
    """Separators of thousands; a digit more, less or changed."""
    for _ in range(25):
        number = rng.randint(1000, 99_999_999)
        written = f"{number:,}"
        yield str(number), written, True
        yield written, written.replace(",", " "), True
        yield written, f"{number}.00", True
        text = list(str(number))
        text[-1] = str((int(text[-1]) + 1) % 10)
        yield written, "".join(text), False
        yield written, str(number)[:-1], False
        yield written, f"{str(number)[:-3]}.{str(number)[-3:]}1", False


def decimals(rng: random.Random) -> Iterator[Case]:
    """Fractions, decimals, mixed numbers and powers of ten of one value; neighbours, inverses and roundings to two digits."""
    for _ in range(30):
        below = rng.choice([2, 4, 5, 8, 10, 16, 20, 25])
        value = Fraction(rng.randint(1, 99), below)
        if value.denominator == 1:
            value += Fraction(1, below)
        top, bottom = value.numerator, value.denominator
        written = decimal(value)
        yield f"{top}/{bottom}", written, True
        yield written, f"\\frac{{{top}}}{{{bottom}}}", True
        yield written, f"{written}0", True
        yield written, f"$\\dfrac{{{3 * top}}}{{{3 * bottom}}}$", True
        yield written, f"\\frac{{{bottom}}}{{{top}}}", False
        yield f"{top}/{bottom}", decimal(value + Fraction(1, 100)), False
        yield written, f"-{written}", False
        if top > bottom:
            yield written, f"{top // bottom} {top % bottom}/{bottom}", True
            yield written, f"{top // bottom + 1} {top % bottom}/{bottom}", False
    for top, bottom in ((1, 3), (2, 3), (5, 6), (1, 7), (4, 9), (7, 11)):
        exact = Fraction(top, bottom)
        yield f"{top}/{bottom}", f"{float(exact):.5f}", True
        yield f"{top}/{bottom}", f"{float(exact):.1f}", False
        yield f"\\frac{{{top}}}{{{bottom}}}", f"{float(exact) + 0.001:.5f}", False
    for mantissa, power in (("3", 4), ("1.5", 6), ("6.02", 8), ("2.5", 3), ("9.1", 5)):
        number = str(int(Decimal(mantissa) * 10**power))
        yield number, f"{mantissa} \\times 10^{{{power}}}", True
        yield number, f"{mantissa} x 10^{power}", True
        yield number, f"{mantissa}e{power}", True
        yield number, f"{mantissa} \u00d7 10^{power + 1}", False


def percentages(rng: random.Random) -> Iterator[Case]:
    """A percentage is a hundredth; without its sign it is another number."""
    for _ in range(20):
        share = rng.randint(1, 99)
        yield f"{share}%", f"{share} %", True
        yield f"{share}%", f"{share} percent", True
        yield f"{share}%", decimal(Fraction(share, 100)), True
        yield f"\\frac{{{share}}}{{100}}", f"{share}\\%", True
        yield f"{share}%", str(share), False
        yield f"{share}%", f"{share + 1}%", False
        yield f"{share}%", decimal(Fraction(share, 1000)), False


def percent_asked(rng: random.Random) -> Iterator[Case]:
    """Where the question asks for a percentage, its sign may be left out."""
    for _ in range(10):
        share = rng.randint(2, 98)
        yield f"{share}%", str(share), True
        yield str(share), f"{share} percent", True
        yield f"{share}%", str(share + 1), False
        yield f"{share}%", f"{share * 10}", False


def roots(rng: random.Random) -> Iterator[Case]:
    """a*sqrt(b) against sqrt(a*a*b) and other forms; neighbours."""
    for _ in range(16):
        a, b = rng.randint(2, 9), rng.choice([2, 3, 5, 6, 7, 10, 11])
        yield f"{a}\\sqrt{{{b}}}", f"\\sqrt{{{a * a * b}}}", True
        yield f"{a}\\sqrt{{{b}}}", f"{a} sqrt({b})", True
        yield f"{a}\u221a{b}", f"$\\sqrt{{{a * a * b}}}$", True
        yield f"\\frac{{1}}{{\\sqrt{{{b}}}}}", f"\\frac{{\\sqrt{{{b}}}}}{{{b}}}", True
        yield f"{a}\\sqrt{{{b}}}", f"\\sqrt{{{a * b}}}", False
        yield f"{a}\\sqrt{{{b}}}", f"{a + 1}\\sqrt{{{b}}}", False
        yield f"{a}\\sqrt{{{b}}}", f"{b}\\sqrt{{{a + 11}}}", False


def algebra(rng: random.Random) -> Iterator[Case]:
    """Products against their expansions, and with one sign or number changed; multiples of pi."""
    for _ in range(16):
        a, b = rng.randint(1, 9), rng.randint(1, 9)
        yield f"(x+{a})(x+{b})", f"x^2+{a + b}x+{a * b}", True
        yield f"x^2+{a + b}x+{a * b}", f"x^{{2}} + {a * b} + {a + b}x", True
        yield f"{a}x+{b}", f"{b} + {a}x", True
        yield f"(x+{a})(x+{b})", f"x^2+{a + b}x-{a * b}", False
        yield f"(x+{a})(x+{b})", f"x^2+{a + b + 1}x+{a * b}", False
        yield f"{a}x-{b + 10}", f"{a}x+{b + 10}", False
        yield f"{a}-(x-{b})", f"{a}-x-{b}", False
        yield f"\\frac{{{2 * a + 1}\\pi}}{{2}}", f"{a}.5\\pi", True
        yield f"{a}\\pi", f"{a}\u03c0", True
        yield f"{a}\\pi", f"{a + 1}\\pi", False
    for number in range(2, 12):
        yield str(number), f"x = {number}", True
        yield f"y={number}", str(number), True
        yield str(number), f"x = {number + 1}", False


SCALE = {
    "length": [("mm", "millimetres", 1), ("cm", "centimeters", 10), ("m", "metres", 1000), ("km", "kilometers", 1_000_000)],
    "mass": [("mg", "milligrams", 1), ("g", "grams", 1000), ("kg", "kilograms", 1_000_000)],
    "time": [("s", "seconds", 1), ("min", "minutes", 60), ("h", "hours", 3600)],
    "volume": [("mL", "millilitres", 1), ("L", "liters", 1000)],
    "power": [("W", "watts", 1), ("kW", "kilowatts", 1000)],
}  # fmt: skip


def units(rng: random.Random) -> Iterator[Case]:
    """One value in two units; the number kept under another unit; a dimension changed; the unit left out."""
    names = list(SCALE)
    for place, (dimension, scale) in enumerate(SCALE.items()):
        for _ in range(9):
            (small, small_word, little), (large, large_word, big) = sorted(
                rng.sample(scale, 2), key=lambda entry: entry[2]
            )
            value = Fraction(rng.choice([1, 2, 3, 5, 12, 25, 40]), rng.choice([1, 2, 4]))
            if dimension == "time":
                value = Fraction(rng.randint(1, 9))
            many = value * big / little
            wrong = SCALE[names[(place + 1) % len(names)]][0][0]
            yield f"{decimal(value)} {large}", f"{decimal(many)} {small}", True
            yield f"{decimal(value)} {large}", f"{decimal(value)} {large_word}", True
            yield f"{decimal(many)} {small_word}", f"{decimal(value)}{large}", True
            yield f"{decimal(value)} {large}", f"{decimal(value)} {small}", False
            yield f"{decimal(value)} {large}", f"{decimal(value)} {wrong}", False
            yield f"{decimal(value)} {large}", f"{decimal(many * 10)} {small}", False
            yield f"{decimal(value)} {large}", decimal(value), False
    for celsius in (-40, 0, 20, 37, 100):
        fahrenheit = Fraction(celsius) * 9 / 5 + 32
        yield f"{celsius} \u00b0C", f"{decimal(fahrenheit)} degrees Fahrenheit", True
        yield f"{celsius} \u00b0C", f"{celsius}^\\circ C", True
        if celsius != -40:
            yield f"{celsius} \u00b0C", f"{celsius} \u00b0F", False
    for speed in (36, 72, 90, 108):
        yield f"{speed} km/h", f"{decimal(Fraction(speed * 10, 36))} m/s", True
        yield f"{speed} km/h", f"{speed} kilometers per hour", True
        yield f"{speed} km/h", f"{speed} mph", False
        yield f"{speed} km/h", f"{speed} km", False
    for side in (2, 3, 12):
        yield f"{side} m^2", f"{side} square metres", True
        yield f"{side} m\u00b2", f"{side * 10000} cm^2", True
        yield f"{side} m^2", f"{side} m", False
        yield f"{side} m^2", f"{side * 100} cm^2", False
        yield f"{side} m/s^2", f"{side} m/s", False
    for feet in (1, 3, 6, 10):
        yield f"{feet} ft", f"{feet * 12} inches", True
        yield f"{feet} feet", f"{decimal(Fraction(3048, 10000) * feet)} m", True
        yield f"{feet} ft", f"{feet * 10} inches", False


def unit_asked(rng: random.Random) -> Iterator[Case]:
    """Where the question names the unit it may be left out; another one may not be put in its place."""
    for _ in range(10):
        length = rng.randint(2, 200)
        yield f"{length} cm", str(length), True
        yield str(length), f"{length} centimetres", True
        yield str(length), f"{length} km", False
        yield f"{length} cm", str(length * 10), False


def money(rng: random.Random) -> Iterator[Case]:
    """Amounts by sign, code and word; another currency, another amount."""
    for _ in range(12):
        amount = rng.randint(1, 5000)
        yield f"${amount}", f"{amount} dollars", True
        yield f"${amount:,}.00", f"${amount}", True
        yield f"\u20ac{amount}", f"{amount} euros", True
        yield f"${amount}", f"\u20ac{amount}", False
        yield f"\u00a3{amount}", f"${amount}", False
        yield f"${amount}", f"${amount + 1}", False


def dates(rng: random.Random) -> Iterator[Case]:
    """One day in many forms; the next day, another month, another year."""
    for _ in range(22):
        year, month, day = rng.randint(1850, 2030), rng.randint(1, 12), rng.randint(13, 27)
        name = MONTHS[month - 1]
        forms = [
            f"{name} {day}, {year}", f"{day} {name} {year}", f"{name[:3]}. {day}, {year}", f"{year}-{month:02}-{day:02}",
            f"{day}th of {name}, {year}", f"{month}/{day}/{year}", f"{day}.{month:02}.{year}", f"{name} {day} {year}",
        ]  # fmt: skip
        if day in (21, 22, 23):
            forms[4] = f"{day}{ {21: 'st', 22: 'nd', 23: 'rd'}[day] } of {name}, {year}"
        one, two, three = rng.sample(forms, 3)
        yield one, two, True
        yield two, three, True
        yield one, f"{MONTHS[month % 12]} {day}, {year}", False
        yield two, f"{name} {day + 1}, {year}", False
        yield three, f"{day} {name} {year + 1}", False
        yield one, f"{name} {year}", False


def times(rng: random.Random) -> Iterator[Case]:
    """Times of day with twelve and twenty-four hours."""
    for hour, minute in ((1, 5), (3, 30), (6, 45), (9, 0), (11, 59), (12, 15)):
        evening = f"{hour % 12 + 12}:{minute:02}"
        yield evening, f"{hour}:{minute:02} pm", True
        yield f"{hour}:{minute:02} p.m.", evening, True
        yield f"{hour}:{minute:02} am", f"{hour}:{minute:02} PM", False
        yield evening, f"{hour}:{(minute + 1) % 60:02} pm", False


def lists_any_order(rng: random.Random) -> Iterator[Case]:
    """Lists where the question asks for no order: permuted, joined in other ways; one item short, one too many, one changed."""
    for _ in range(16):
        items = rng.sample(COLOURS, rng.randint(2, 4))
        other = rng.choice([colour for colour in COLOURS if colour not in items])
        mixed = items[::-1]
        yield ", ".join(items), ", ".join(mixed), True
        yield ", ".join(items), f"{', '.join(mixed[:-1])} and {mixed[-1]}", True
        yield "; ".join(items), ", ".join(mixed).upper(), True
        yield ", ".join(items), ", ".join([*items, other]), False
        yield ", ".join(items), ", ".join([*items[:-1], other]), False
        if len(items) > 2:
            yield ", ".join(items), ", ".join(items[:-1]), False


def lists_in_order(rng: random.Random) -> Iterator[Case]:
    """Lists where the question asks for an order."""
    for _ in range(14):
        items = rng.sample(COLOURS, rng.randint(2, 4))
        yield ", ".join(items), f"{', '.join(items[:-1])} and {items[-1]}", True
        yield ", ".join(items), "; ".join(items), True
        yield ", ".join(items), ", ".join(items[::-1]), False
        numbers = rng.sample(range(2, 90), 3)
        yield ", ".join(map(str, numbers)), ", ".join(spelled(number) for number in numbers), True
        yield ", ".join(map(str, numbers)), ", ".join(map(str, numbers[::-1])), False


def tuples(rng: random.Random) -> Iterator[Case]:
    """Coordinates keep their order."""
    for _ in range(12):
        x, y = rng.sample(range(-9, 10), 2)
        yield f"({x}, {y})", f"({x},{y})", True
        yield f"({x}, {y})", f"$\\left({x}, {y}\\right)$", True
        yield f"({x}, {y})", f"({y}, {x})", False
        yield f"({x}, {y})", f"({x}, {y + 1})", False


def ordinals(rng: random.Random) -> Iterator[Case]:
    """Ordinals in words and figures."""
    words = {
        1: "first",
        2: "second",
        3: "third",
        5: "fifth",
        8: "eighth",
        12: "twelfth",
        20: "twentieth",
        21: "twenty-first",
    }
    endings = {1: "st", 2: "nd", 3: "rd", 21: "st"}
    for number, word in words.items():
        yield f"{number}{endings.get(number, 'th')}", word, True
        yield word, f"The {word.upper()}", True
        yield f"{number + 3}th", word, False


def choices(rng: random.Random) -> Iterator[dict[str, object]]:
    """Multiple choice: the letter in all its forms, the option's text; other letters, two at once, none."""
    sets = [
        ["red", "blue", "green", "yellow"], ["12", "15", "18", "21"], ["a bus", "a car", "a bicycle"], ["left of", "right of", "above", "below"],
        ["Paris", "London", "New York", "San Jose"], ["yes", "no"], ["0.5", "0.25", "2", "4", "8"], ["oak tree", "pine tree", "oak leaf", "acorn"],
        ["A", "B", "C", "D"], ["increases", "decreases", "stays the same", "cannot be determined"],
    ]  # fmt: skip
    for options in sets:
        lettered = options == ["A", "B", "C", "D"]
        for place in rng.sample(range(len(options)), min(3, len(options))):
            letter, text = "ABCDE"[place], options[place]
            wrong = rng.choice([at for at in range(len(options)) if at != place])
            other, other_text = "ABCDE"[wrong], options[wrong]
            right = [
                letter, letter.lower(), f"({letter})", f"({letter.lower()})", f"{letter}.", f"{letter})", f"[{letter}]", f"Option {letter}",
                f"The answer is {letter}.", f"**{letter}**", f"\\boxed{{{letter}}}", f"Answer: ({letter})", f"$\\text{{{letter}}}$",
            ]  # fmt: skip
            false = [other, f"({other})", f"{letter} and {other}", f"{letter}, {other}", f"{letter} or {other}", "", "none of them", "I cannot tell",
                     "K", f"not {letter}", f"({letter}) ({other})", f"option {other}"]  # fmt: skip
            if not lettered:
                right += [
                    text,
                    f"{letter}. {text}",
                    f"({letter}) {text}",
                    text.upper(),
                    f"{letter}: {text}",
                    f"The answer is {text}.",
                ]
                false += [other_text, f"{other}. {other_text}", f"{letter}. {other_text}", f"{text} or {other_text}", "; ".join(options),
                          f"{letter}. {text} or {other}. {other_text}"]  # fmt: skip
            reference = letter if rng.random() < 0.5 or lettered else text
            for said, equal in [(said, True) for said in rng.sample(right, 9)] + [
                (said, False) for said in rng.sample(false, 9)
            ]:
                yield {
                    "kind": "MC",
                    "family": "options",
                    "answer": reference,
                    "said": said,
                    "equal": equal,
                    "options": options,
                }


FAMILIES: dict[str, Callable[[random.Random], Iterator[Case]]] = {
    "wording": wording,
    "unicode": unicode_forms,
    "number words": number_words,
    "thousands": thousands,
    "decimals": decimals,
    "percent": percentages,
    "percent, asked for": percent_asked,
    "roots": roots,
    "algebra": algebra,
    "units": units,
    "unit, asked for": unit_asked,
    "money": money,
    "dates": dates,
    "times": times,
    "list, any order": lists_any_order,
    "list, in order": lists_in_order,
    "tuples": tuples,
    "ordinals": ordinals,
}


def cases() -> Iterator[dict[str, object]]:
    """All cases, those made by hand first, each once."""
    seen = set()
    odd = [json.loads(line) for line in BY_HAND.read_text(encoding="ascii").splitlines()]
    made: list[dict[str, object]] = [{"kind": case.pop("kind"), "family": "by hand", **case} for case in odd]
    made.extend(choices(random.Random("options")))
    for name, family in FAMILIES.items():
        question = {"question": ASKED[name]} if name in ASKED else {}
        for answer, said, equal in family(random.Random(name)):
            made.append({"kind": "FIB", "family": name, "answer": answer, "said": said, "equal": equal, **question})
    for case in made:
        line = json.dumps({**case, "equal": None}, sort_keys=True)
        if line not in seen:
            seen.add(line)
            yield case


def main() -> None:
    """Write the file named on the command line."""
    target = Path(sys.argv[1])
    lines = [json.dumps(case, ensure_ascii=True) for case in cases()]
    target.write_text("\n".join(lines) + "\n", encoding="ascii")
    print(f"{len(lines)} cases, {sum(json.loads(line)['equal'] for line in lines)} of them equal, in {target}")


if __name__ == "__main__":
    main()
