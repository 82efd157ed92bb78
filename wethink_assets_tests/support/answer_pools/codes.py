"""Codes: phone numbers, zip codes, versions, models, seats, blood types, formulas, plates and others that are read sign by sign."""

import random
import string

from wethink_assets_tests.support.answer_pools.pool import Group, Value, group
from wethink_assets_tests.support.answer_pools.texts import WORDS

LOWERED = str.maketrans("0123456789", "\u2080\u2081\u2082\u2083\u2084\u2085\u2086\u2087\u2088\u2089")
IONS = [
    f"{element}{charge}" for element in ("Na", "K", "Li", "Ag", "Cl", "Br", "F", "I", "H") for charge in ("+", "-")
] + [
    f"{element}{charge}" for element in ("Ca", "Mg", "Fe", "Cu", "Zn", "Ba", "O", "S") for charge in ("2+", "2-", "3+")
]


def _phones(rng: random.Random) -> list[Value]:
    """Local ones, those with an area, and international ones; no two differ by the area or country alone."""
    values = []
    for n in rng.sample(range(1000, 9999), 120):
        first = rng.randint(200, 899)
        values.append(Value((f"{first}-{n}", f"{first} - {n}"), (f"{first} {n}", f"{first}.{n}")))
    for n in rng.sample(range(1000, 9999), 160):
        area, first = rng.randint(201, 989), rng.randint(200, 899)
        values.append(
            Value(
                (f"({area}) {first}-{n}", f"({area}){first}-{n}"),
                (f"{area}-{first}-{n}", f"{area} {first} {n}", f"{area}.{first}.{n}"),
            )
        )
    for n in rng.sample(range(1000, 9999), 60):
        country, area = rng.choice([33, 44, 49, 61, 91]), rng.randint(20, 99)
        values.append(Value((f"+{country} {area} 555 {n}", f"+{country}-{area}-555-{n}"), (f"+{country}{area}555{n}",)))
    return values


def _versions(rng: random.Random) -> list[Value]:
    numbers = {f"{a}.{b}" for a in range(1, 12) for b in (0, 1, 2, 5, 9, 10, 11, 12, 20)}
    numbers |= {f"{rng.randint(0, 20)}.{rng.randint(0, 20)}.{rng.randint(0, 20)}" for _ in range(160)}
    return [Value((f"v{number}", f"version {number}"), (number,)) for number in sorted(numbers)]


def _letters(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(count))


def codes() -> list[Group]:
    """Groups by what the code is of."""
    rng = random.Random("codes")
    zips = sorted({f"{rng.randint(0, 99999):05}" for _ in range(240)} | {"01234", "12340", "00123"})
    posts = sorted(
        {f"{_letters(rng, 2)}{rng.randint(1, 29)} {rng.randint(1, 9)}{_letters(rng, 2)}" for _ in range(150)}
    )
    seats = [f"{row}{letter}" for row in range(1, 41) for letter in "ABCDEF"]
    plates = sorted(
        {f"{_letters(rng, 3)} {rng.randint(100, 9999)}" for _ in range(160)}
        | {f"{_letters(rng, 2)}{rng.randint(10, 99)} {_letters(rng, 3)}" for _ in range(120)}
    )
    models = [
        f"{brand}{'' if len(brand.split()[-1]) == 1 and brand != 'Model' else ' '}{n}"
        for brand in WORDS["models"]
        for n in (3, 5, 7, 10, 11, 12, 20, 66, 70, 95, 320, 350, 737, 747, 3310)
    ]
    parts = sorted(
        {f"{_letters(rng, 2)}-{rng.randint(100, 9999)}{rng.choice(['', 'A', 'B', 'X'])}" for _ in range(200)}
    )
    blood = [
        Value((kind + sign, f"{kind} {sign}"), (f"{kind} {word}", f"{kind} {word[:3]}"))
        for kind in ("A", "B", "AB", "O")
        for sign, word in (("+", "positive"), ("-", "negative"))
    ] + [Value((kind,), (f"type {kind}",)) for kind in ("A", "B", "AB", "O")]
    grades = [Value((letter + sign,)) for letter in "ABCDEF" for sign in ("", "+", "-")]
    signatures = [Value((), (f"{top}/{below}",)) for below in (2, 4, 8, 16) for top in (2, 3, 4, 5, 6, 7, 9, 12)]
    addresses = sorted({".".join(str(rng.randint(0, 255)) for _ in range(4)) for _ in range(120)})
    colours = sorted({"#" + "".join(rng.choice("0123456789ABCDEF") for _ in range(6)) for _ in range(120)})
    sites = [
        f"www.{a}{b}.{end}"
        for a in ("blue", "red", "city", "green", "my")
        for b in ("bank", "shop", "travel", "news")
        for end in ("com", "org", "co.uk", "net")
    ]
    flights = sorted({f"{rng.choice(['LH', 'BA', 'UA', 'AF', 'DL'])} {rng.randint(10, 9999)}" for _ in range(120)})
    books = sorted(
        {
            f"978-{rng.randint(0, 9)}-{rng.randint(100, 999)}-{rng.randint(10000, 99999)}-{rng.randint(0, 9)}"
            for _ in range(80)
        }
    )
    routes = [Value((f"{n}{letter}",), ()) for n in range(1, 60) for letter in "GHJKLNPQ"]
    languages = [Value((name,)) for name in ("C", "C++", "C#", "F#", "J", "J++", "R", "D", "Go", "Java", "JavaScript")]
    return [
        group("phone", "Which phone number can be called?", _phones(rng)),
        group("zip", "What is the zip code?", [Value((code,)) for code in zips]),
        group(
            "postcode",
            "What is the postcode of the address?",
            [Value((code, code.lower()), (code.replace(" ", ""),)) for code in posts],
        ),
        group("version", "Which version of the software is installed?", _versions(rng)),
        group(
            "seat",
            "Which seat is marked on the boarding pass?",
            [Value((seat, seat.lower()), (f"seat {seat}",)) for seat in seats],
        ),
        group(
            "plate",
            "What is the license plate of the car?",
            [Value((plate, plate.lower()), (plate.replace(" ", ""), plate.replace(" ", "-"))) for plate in plates],
        ),
        group("model", "Which model is it?", [Value((model, model.upper(), f"The {model}.")) for model in models]),
        group("part", "What is the part number on the label?", [Value((part, part.lower())) for part in parts]),
        group("blood", "Which blood type is on the card?", blood),
        group("grade", "Which grade did the student get?", grades),
        group("time signature", "Which time signature is shown in the music?", signatures),
        group("address", "What is the IP address?", [Value((address,)) for address in addresses]),
        group("colour", "What is the hex code of the colour?", [Value((colour, colour.lower())) for colour in colours]),
        group(
            "site", "Which website is named on the poster?", [Value((site, site.upper(), f"{site}.")) for site in sites]
        ),
        group(
            "flight",
            "What is the flight number?",
            [Value((flight, flight.lower()), (flight.replace(" ", ""),)) for flight in flights],
        ),
        group("book", "What is the ISBN of the book?", [Value((book,), (book.replace("-", ""),)) for book in books]),
        group(
            "formula",
            "What is the chemical formula of the compound?",
            [Value(tuple(dict.fromkeys((name, name.translate(LOWERED))))) for name in WORDS["formulas"]],
        ),
        group("ion", "Which ion is it?", [Value((ion,)) for ion in IONS]),
        group("route", "Which bus line stops here?", routes),
        group("language", "Which programming language is shown?", languages),
        group(
            "letter",
            "Which letter is marked with an arrow?",
            [Value((letter,), (f"the letter {letter}",)) for letter in string.ascii_uppercase],
        ),
    ]
