"""Labelled suite of equal and nearly equal answers, on which the rule rewards are calibrated: writes its file.

    python benchmarks/equivalence_suite.py wethink_assets/rewards/equivalence_cases.jsonl

Every label follows from how its case is made (a value written in two ways is equal, a value and its neighbour are not) or was given by hand;
nothing here uses the rewards. It takes no random numbers from outside: the same file comes out every time.
"""

import argparse
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from equivalence_families import formulas, listings, moments, numbers, quantities, texts
from equivalence_families.case import Case
from equivalence_families.options import choices

ASKED: dict[str, str] = {
    "list, any order": "Which of these can be seen in the picture?",
    "list, in order": "List them in order from left to right.",
    "percent, asked for": "What percentage of the shapes is red?",
    "unit, asked for": "How long is the bar in cm?",
}
BY_HAND = Path(__file__).parent / "equivalence_families/by_hand.jsonl"
FAMILIES: dict[str, Callable[[random.Random], Iterator[Case]]] = {
    "wording": texts.wording,
    "unicode": texts.unicode_forms,
    "number words": numbers.number_words,
    "thousands": numbers.thousands,
    "decimals": numbers.decimals,
    "percent": numbers.percentages,
    "percent, asked for": numbers.percent_asked,
    "roots": formulas.roots,
    "algebra": formulas.algebra,
    "units": quantities.units,
    "unit, asked for": quantities.unit_asked,
    "money": quantities.money,
    "dates": moments.dates,
    "times": moments.times,
    "list, any order": listings.lists_any_order,
    "list, in order": listings.lists_in_order,
    "tuples": listings.tuples,
    "ordinals": numbers.ordinals,
}


def cases() -> Iterator[dict[str, object]]:
    """All cases, those made by hand first, each once."""
    seen = set()
    odd = [json.loads(line) for line in BY_HAND.read_text(encoding="ascii").splitlines()]
    made: list[dict[str, object]] = [{"kind": case.pop("kind"), "family": "by hand", **case} for case in odd]
    made.extend(choices(random.Random("options")))
    for name, family in FAMILIES.items():
        question = {"question": ASKED[name]} if name in ASKED else {}
        for answer, candidate, equal in family(random.Random(name)):
            made.append(
                {"kind": "FIB", "family": name, "answer": answer, "said": candidate, "equal": equal, **question}
            )
    for case in made:
        line = json.dumps({**case, "equal": None}, sort_keys=True)
        if line not in seen:
            seen.add(line)
            yield case


def main() -> None:
    """Write the file named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path, help="the file to write")
    target = parser.parse_args().target
    lines = [json.dumps(case, ensure_ascii=True) for case in cases()]
    target.write_text("\n".join(lines) + "\n", encoding="ascii")
    print(f"{len(lines)} cases, {sum(json.loads(line)['equal'] for line in lines)} of them equal, in {target}")


if __name__ == "__main__":
    main()
