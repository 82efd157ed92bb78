"""Numbers, percentages and amounts of money."""

import random
from decimal import Decimal
from fractions import Fraction

from wethink_assets_tests.support.answer_pools.pool import Group, Value, group

ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen",
    "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


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
    return format((Decimal(value.numerator) / Decimal(value.denominator)).normalize(), "f")


def numbers() -> list[Group]:
    """Counts in figures and words; large numbers; decimals, negative ones too; fractions; millions and billions."""
    rng = random.Random("numbers")
    counts = [Value((str(n), spelled(n), f"{n}."), (f"{n} circles", f"{spelled(n)} circles")) for n in range(2, 250)]
    large = [
        Value((f"{n:,}", str(n), f"{n}.0"), (f"{n:,} people",))
        for n in sorted({rng.randint(10 ** rng.randint(3, 8), 10**9) for _ in range(500)} | set(range(1900, 2060)))
    ]
    cents = rng.sample(range(-9999, 99999), 600) + list(range(1, 130))
    cents += [cent + step for cent in range(1000, 1300, 60) for step in range(1, 20)]
    decimals = []
    for cent in dict.fromkeys(cents):
        if cent % 100:
            plain = decimal(Fraction(cent, 100))
            decimals.append(Value((plain, f"${plain}$") if cent % 10 else (plain, f"{plain}0")))
    fractions, taken = [], set()
    for below in (3, 6, 7, 9, 11, 12, 13, 14, 15, 17, 18, 19, 21, 22, 23):
        for top in range(1, 2 * below):
            share = Fraction(top, below)
            if share.denominator == below and share not in taken:
                taken.add(share)
                forms = [f"{top}/{below}", f"\\frac{{{top}}}{{{below}}}", f"$\\dfrac{{{top}}}{{{below}}}$"]
                if top > below:
                    forms.append(f"{top // below} {top % below}/{below}")
                fractions.append(Value(tuple(forms)))
    short = []
    for tenth in dict.fromkeys(rng.sample(range(11, 9999), 160)):
        if tenth % 10:
            whole = f"{tenth // 10}.{tenth % 10}"
            short.append(Value((f"{whole} million", f"{whole}M", f"{tenth * 100_000:,}")))
            short.append(Value((f"{whole} billion", f"{whole}B", f"{tenth * 100_000_000:,}")))
            short.append(Value((f"{whole}k", f"{whole}K", f"{whole} thousand", f"{tenth * 100:,}")))
    return [
        group("counts", "How many circles are there in the picture?", counts),
        group("large", "How many people took part?", large),
        group("decimals", "What is the value of the blue bar?", decimals),
        group("fractions", "What fraction of the shape is shaded?", fractions, apart=False),
        group("millions", "What was the population in 2010?", _unequal(short, large)),
    ]


def _unequal(values: list[Value], others: list[Value]) -> list[Value]:
    """Those of which no form stands among the forms of others, each once."""
    taken = {form for other in others for form in other.all}
    kept = []
    for value in values:
        if not taken & set(value.all):
            taken |= set(value.all)
            kept.append(value)
    return kept


def percentages() -> list[Group]:
    """Whole and broken percentages, small, above a hundred and negative ones."""
    rng = random.Random("percentages")
    hundredths = list(range(100, 10100, 100)) + list(range(10, 5000, 10)) + list(range(1, 100))
    hundredths += rng.sample(range(1, 10000), 900) + [-cent for cent in rng.sample(range(10, 9000), 150)]
    hundredths += [100 * share for share in range(101, 400, 3)]
    values = []
    for cent in dict.fromkeys(hundredths):
        plain = decimal(Fraction(cent, 100))
        values.append(
            Value((f"{plain}%", f"{plain} %", f"{plain} percent", f"{plain}\\%"), (plain,) if abs(cent) >= 100 else ())
        )
    return [group("percentages", "What percentage of the respondents agreed?", values)]


def money() -> list[Group]:
    """Prices in several currencies, with cents, in millions, and cents alone."""
    rng = random.Random("money")
    groups = []
    for sign, code, word, asked in (
        ("$", "USD", "dollars", "What is the total in dollars?"),
        ("\u20ac", "EUR", "euros", "What is the price in euros?"),
        ("\u00a3", "GBP", "", "How much does it cost in pounds?"),
        ("\u20b9", "INR", "rupees", "How many rupees are due?"),
        ("\u00a5", "", "", "What is the price in yen?"),
    ):
        cents = rng.sample(range(105, 20000), 180) + rng.sample(range(20000, 9_999_999), 160)
        cents += [100 * whole for whole in [*range(2, 60), *rng.sample(range(60, 90000), 100)]]
        values = []
        for cent in dict.fromkeys(cents if sign != "\u00a5" else [100 * cent for cent in cents]):
            whole, part = divmod(cent, 100)
            figures = f"{whole:,}.{part:02}" if part else f"{whole:,}"
            forms = [f"{sign}{figures}", f"{sign} {figures}"]
            if whole > 999:
                forms.append(f"{sign}{figures.replace(',', '')}")
            if not part:
                forms.append(f"{sign}{figures}.00")
            forms += [f"{figures} {name}" for name in (code, word) if name]
            values.append(Value(tuple(forms), (figures, figures.replace(",", ""))))
        groups.append(group(f"in {code or 'yen'}", asked, values))
    rich = []
    for tenth in rng.sample(range(11, 9990), 150):
        if tenth % 10:
            whole = f"{tenth // 10}.{tenth % 10}"
            rich.append(Value((f"${whole} million", f"${whole}M", f"${tenth * 100_000:,}", f"{whole} million dollars")))
            rich.append(Value((f"${whole} billion", f"${whole}B", f"${whole}bn", f"${tenth * 100_000_000:,}")))
    groups.append(group("millions", "What was the revenue of the company?", rich))
    coins = [Value((f"{cent} cents", f"{cent}\u00a2", f"$0.{cent:02}"), ()) for cent in range(2, 100)]
    groups.append(group("cents", "How much is one stamp?", coins))
    return groups
