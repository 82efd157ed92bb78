"""Labelled suite of equal and nearly equal answers, on which the rule rewards are calibrated: writes its file.

    python benchmarks/equivalence_suite.py wethink_assets/rewards/equivalence_cases.jsonl

Every label follows from how its case is made (a value written in two ways is equal, two values of a type are not) or was given by hand; nothing
here uses the rewards. More than half of the cases are two different values of one type, from the pools that the tests use too
(`wethink_assets_tests/support/answer_pools`). It takes no random numbers from outside: the same file comes out every time.
"""

import argparse
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from equivalence_families import formulas, listings, moments, numbers, quantities, texts
from equivalence_families.case import Case
from equivalence_families.options import choices
from equivalence_families.values import TYPES, values, worded

ASKED: dict[str, str] = {
    "list, any order": "Which of these can be seen in the picture?",
    "list, in order": "List them in order from left to right.",
    "percent, asked for": "What percentage of the shapes is red?",
    "unit, asked for": "How long is the bar in cm?",
}
BY_HAND = Path(__file__).parent / "equivalence_families/by_hand.jsonl"
EACH = 30
"""Cases of a family at most."""
FAMILIES: dict[str, tuple[str, Callable[[random.Random], Iterator[Case]]]] = {
    "wording": ("text", texts.wording),
    "unicode words": ("text", texts.unicode_words),
    "unicode figures": ("number", texts.unicode_figures),
    "number words": ("number", numbers.number_words),
    "thousands": ("number", numbers.thousands),
    "decimals": ("number", numbers.decimals),
    "percent": ("percentage", numbers.percentages),
    "percent, asked for": ("percentage", numbers.percent_asked),
    "roots": ("expression", formulas.roots),
    "algebra": ("expression", formulas.algebra),
    "units": ("quantity", quantities.units),
    "unit, asked for": ("quantity", quantities.unit_asked),
    "money": ("money", quantities.money),
    "dates": ("date", moments.dates),
    "times": ("time", moments.times),
    "list, any order": ("list", listings.lists_any_order),
    "list, in order": ("list", listings.lists_in_order),
    "tuples": ("point", listings.tuples),
    "ordinals": ("number", numbers.ordinals),
}


def cases() -> Iterator[dict[str, object]]:
    """All cases, those made by hand first, each once."""
    made: list[dict[str, object]] = []
    for line in BY_HAND.read_text(encoding="ascii").splitlines():
        case = json.loads(line)
        made.append({"kind": case.pop("kind"), "family": "by hand", **case})
    made.extend(choices(random.Random("options")))
    for family, (of, drawn) in FAMILIES.items():
        rng = random.Random(family)
        all_cases = list(drawn(rng))
        for answer, candidate, equal in rng.sample(all_cases, min(len(all_cases), EACH)):
            made.append(_filled(family, of, answer, candidate, equal, ASKED.get(family)))
    for name in TYPES:
        made.extend(_filled("values", name, *case) for case in values(name))
        made.extend(_filled("worded", name, *case) for case in worded(name))
    seen = set()
    for case in made:
        line = json.dumps({**case, "family": None, "equal": None}, sort_keys=True)
        if line not in seen:
            seen.add(line)
            yield case


def _filled(
    family: str, name: str, answer: str, candidate: str, equal: bool, question: str | None
) -> dict[str, object]:
    case: dict[str, object] = {"kind": "FIB", "family": family, "type": name}
    case |= {"answer": answer, "said": candidate, "equal": equal}
    return case if question is None else {**case, "question": question}


def main() -> None:
    """Write the file named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path, help="the file to write")
    target = parser.parse_args().target
    chosen = list(cases())
    lines = [json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in chosen]
    target.write_text("\n".join(lines) + "\n", encoding="ascii")
    apart = sum(case["family"] == "values" and not case["equal"] for case in chosen)
    equal = sum(case["equal"] is True for case in chosen)
    print(f"{len(lines)} cases, {equal} of them equal, {apart} two values of one type, in {target}")


if __name__ == "__main__":
    main()
