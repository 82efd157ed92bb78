"""Lists, yes and no, and texts: things, animals, colours, places, names, brands, signs and short sentences."""

import json
import random
from itertools import combinations, permutations
from pathlib import Path

from wethink_assets_tests.support.answer_pools.pool import Group, Value, group

WORDS = json.loads(Path(__file__).with_name("words.json").read_text(encoding="ascii"))
COLOURS: list[str] = WORDS["colours"]
FRUITS: list[str] = WORDS["fruits"]
PEOPLE: list[str] = WORDS["people"]
COUNTRIES: list[str] = WORDS["countries"]


def _plural(noun: str) -> str:
    return WORDS["plurals"].get(noun, f"{noun}s")


def texts() -> list[Group]:
    """Words and phrases; plurals are equal where the question counts nothing."""
    things = [
        Value(
            (noun, noun.upper(), f"a {noun}", f"The {noun}."),
            () if noun in WORDS["without plural"] else (_plural(noun),),
        )
        for noun in [*WORDS["animals"], *WORDS["things"]]
        if noun != "bread"
    ]
    described = [
        Value((f"{adjective} {noun}", f"a {adjective} {noun}", f"{adjective.capitalize()} {noun}."))
        for noun in WORDS["described"]
        for adjective in (*WORDS["adjectives"], *COLOURS)
    ]
    words = [
        Value((word, word.capitalize(), f'"{word}"'))
        for word in dict.fromkeys([*WORDS["words"], *COLOURS, *WORDS["signs"]])
    ]
    names = [
        Value((f"{first} {last}", f"{first.upper()} {last.upper()}", f"{first} {last}."))
        for first in WORDS["first_names"]
        for last in WORDS["last_names"]
    ]
    proper = [
        Value((name, name.lower(), f"{name}."))
        for name in dict.fromkeys([*WORDS["places"], *COUNTRIES, *WORDS["brands"]])
        if name != "Turkey"
    ]
    spelled = [Value(tuple(forms)) for forms in WORDS["spellings"]]
    return [
        group("things", "What is in front of the house?", things),
        group("described", "What can be seen on the left?", described),
        group("words", "What does it say or show?", words),
        group("names", "Who wrote the letter?", names),
        group("proper names", "Which name is on the poster?", proper),
        group("spellings", "What is it called?", spelled),
    ]


def replies() -> list[Group]:
    """Yes, no, and what is neither."""
    said = [
        Value(("yes", "Yes.", "YES"), ("Yes, there is a dog.", "Yes, there is.", "yes, it is there")),
        Value(("no", "No.", "NO"), ("No, there is no dog.", "No, there is not.", "No, there isn't.")),
        Value(("not sure", "Not sure.")),
        Value(("maybe", "Maybe.")),
        Value(("cannot be determined",)),
        Value(("unknown",)),
        Value(("yes and no",)),
        Value(("neither",)),
        Value(("no one",)),
    ]
    return [group("yes or no", "Is there a dog in the picture?", said)]


def _joined(items: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            (
                ", ".join(items),
                f"{', '.join(items[:-1])} and {items[-1]}",
                "; ".join(items),
                f"{', '.join(items[:-1])}, and {items[-1]}" if len(items) > 2 else " & ".join(items),
            )
        )
    )


def lists() -> list[Group]:
    """Lists in any order where the question asks for none, in order where it does, and pairs that the question puts in order."""
    rng = random.Random("lists")
    free = []
    for items in [
        *combinations(COLOURS, 2),
        *combinations(COLOURS, 3),
        *rng.sample(list(combinations(COLOURS, 4)), 200),
    ]:
        mixed = items[::-1]
        free.append(Value(_joined(items), _joined(mixed)))
    letters = [
        Value((f"{a}, {b}, {c}", f"{a} {b} {c}")) for a, b, c in rng.sample(list(permutations("ABCDEFGHJK", 3)), 300)
    ]
    countries = [Value(_joined(items), _joined((items[1], items[2], items[0]))) for items in combinations(COUNTRIES, 3)]
    fruits = [Value(_joined(items)) for items in rng.sample(list(permutations(FRUITS, 3)), 350)]
    people = [Value(_joined(items)) for items in permutations(PEOPLE, 2)]
    counts = [Value((f"{a} and {b}", f"{a}, {b}")) for a in range(1, 16) for b in range(1, 16) if a != b]
    numbers = [
        Value((", ".join(map(str, items)), "; ".join(map(str, items))))
        for items in (rng.sample(range(2, 99), 3) for _ in range(300))
    ]
    return [
        group("any order", "Which colours does the flag have?", free),
        group("countries", "Which three countries have the highest values?", countries),
        group("fruits in order", "List the fruits in order from left to right.", fruits),
        group("people in order", "Who came first and who came second?", people),
        group("counts", "How many red and how many blue circles are there?", counts),
        group("numbers in order", "What are the three values from top to bottom?", numbers),
        group("letters", "Which letters are shown, from left to right?", letters),
    ]
