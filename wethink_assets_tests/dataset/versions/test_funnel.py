"""The funnel adds up wherever it is shown: what went into a step is what came out of it and what it rejected."""

import json
from random import Random

import pytest

from wethink_assets.dataset.cuts.cut import read_cut
from wethink_assets.dataset.versions.card import card_of
from wethink_assets.dataset.versions.manifest import read_manifest
from wethink_assets.dataset.versions.statistics import shown_funnel
from wethink_assets.defs.assets.versions import funnel_table
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.stage_tables import Asked, Grower
from wethink_assets_tests.support.versions import built

FATES = ("", "", "", "third", "questions", "answers", "reasoning_paths")
LOST = ("filtered out", "disagreed")
STEPS = ("images", "questions", "filtered_out", "agreed", "adjudicated", "disagreed", "unchecked", "reasoned")
STEPS = (*STEPS, "duplicates", "conflicting", "left_out", "kept")
ENDS = ("no path", "duplicates", "conflicting", "left out", "kept")


def _asked(random: Random, number: int) -> Asked:
    fate = random.choice(FATES)
    if fate == "third":
        return Asked(f"What is number {number}?", f"thing {number}", agreed=False)
    question = random.choice(["What colour is it?", f"Which is number {number}?"])  # the first comes again and again
    return Asked(question, f"thing {number % 3}", rejected_by=fate)


def _adds_up(row: dict[str, int]) -> None:
    answered = row["agreed"] + row["adjudicated"] + row.get("unchecked", 0)
    assert row["questions"] == answered + sum(row[name] for name in LOST), row
    assert answered == sum(row.get(name, 0) for name in ENDS), row


def _of_card(card: str) -> list[dict[str, int]]:
    lines = card.partition("## From images to rows\n")[2].strip().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[: lines.index("")]]
    return [
        {name: int(value) for name, value in zip(cells[0][1:], row[1:], strict=True)} | {"_all": row[0] == "all"}
        for row in cells[2:]
    ]


@pytest.mark.parametrize("seed", range(2))
def test_it_adds_up_on_the_card_and_in_the_ui(local: Store, seed: int) -> None:
    random = Random(seed)
    grower = Grower(local)
    for source in ("coco", "gqa"):
        pictures = [
            (drawing(10 * seed + len(source) + i), [_asked(random, i * 9 + n) for n in range(9)]) for i in range(3)
        ]
        grower.grow(f"{source}.000001", pictures)
    built(local)
    manifest, cut = read_manifest(local, "v0001"), read_cut(local, "v0001")
    counted = dict.fromkeys(("questions", "answers", "reasoning_paths"), (0, 0))
    for table in cut.inputs:
        if table.asset in counted:
            results, rejections = counted[table.asset]
            counted[table.asset] = (results + table.results, rejections + table.rejections)
    raw = json.loads(local.read("versions/v0001/statistics.json"))["funnel"]
    shown = {
        "card": _of_card(card_of(local, "v0001")),
        "ui": [dict(record.data) | {"_all": record.data["source"] == "all"} for record in funnel_table(raw).records],
        "run": [row | {"_all": row["source"] == "all"} for row in shown_funnel(raw)],
    }
    for place, rows in shown.items():
        assert len(rows) == 3, place
        for row in rows:
            _adds_up(row)
        total = next(row for row in rows if row["_all"])
        assert total["questions"] == sum(counted["questions"]), place
        assert total["filtered out"] == counted["questions"][1], place
        assert total["disagreed"] == counted["answers"][1], place
        assert total.get("no path", 0) == counted["reasoning_paths"][1] > 0, place
        assert total["kept"] == manifest.rows, place
        assert sum(total.get(name, 0) for name in ENDS[1:4]) == sum(manifest.excluded.values()), place


def test_every_sequence_of_fates_adds_up() -> None:
    random = Random(17)
    for _ in range(500):
        row = dict.fromkeys(STEPS, 0)
        without_path = 0
        for _ in range(random.randrange(30)):
            row["questions"] += 1
            verdict = random.choice(("filtered_out", "agreed", "adjudicated", "disagreed", "unchecked"))
            row[verdict] += 1
            if verdict in ("filtered_out", "disagreed"):
                continue
            end = random.choice(("", "duplicates", "conflicting", "left_out", "kept"))
            without_path += not end
            if end:
                row["reasoned"] += 1
                row[end] += 1
        shown = shown_funnel([{"source": "a", **row}])
        for told in shown:
            _adds_up(told)
            assert told.get("no path", 0) == without_path
            assert told.get("unchecked", 0) == row["unchecked"]
