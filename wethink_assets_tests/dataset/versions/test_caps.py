"""Caps of templates, and majorities among answers that conflict."""

import json

import polars as pl

from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import COLOUR, STORY
from wethink_assets_tests.support.stage_tables import Asked, Grower
from wethink_assets_tests.support.versions import built, rows_of

BLOCKS = "How many blocks?"


def goals(name: str, year: int) -> Asked:
    return Asked(f"How many goals did {name} score in {year}?", str(year % 7))


def test_a_template_is_capped_and_what_was_cut_is_told(local: Store) -> None:
    grower = Grower(local)
    grower.grow("coco.000001", [(drawing(1), [goals("Ada", 2010 + n) for n in range(5)] + [COLOUR])])
    grower.grow("geoqa+.000001", [(drawing(2), [goals("Zoë", 1990 + n) for n in range(3)] + [COLOUR, STORY])])
    capped = built(local, CutRecipe(max_rows_per_template=2, max_rows=4))
    rows, left_out = rows_of(local, capped.version), rows_of(local, capped.version, "excluded")
    assert rows.filter(pl.col("question").str.starts_with("How many goals")).height <= 2
    assert (rows.height, left_out["reason"].unique().to_list()) == (4, ["over_cap"])
    folder = f"versions/{capped.version}"
    told = json.loads(local.read(f"{folder}/statistics.json"))["over_caps"]
    assert told == {
        "cut": {"max_rows_per_template": 6, "max_rows": 1},
        "capped_templates": 1,
        "templates": [{"template": "how many goals did □ score in □", "rows": 8, "cut": 6}],
    }
    card = local.read(f"{folder}/README.md").decode()
    assert "| `how many goals did □ score in □` | 8 | 6 |" in card
    assert build_version(local, capped.version).digest == capped.digest
    larger = rows_of(local, built(local, CutRecipe(max_rows_per_template=4)).version)
    smaller = rows_of(local, built(local, CutRecipe(max_rows_per_template=2)).version)
    assert set(smaller["row_id"]) < set(larger["row_id"])


def test_a_version_without_a_cap_of_templates_says_nothing_of_it(local: Store) -> None:
    Grower(local).grow("coco.000001", [(drawing(1), [COLOUR, STORY])])
    version = built(local, CutRecipe(max_rows=1)).version
    assert "over_caps" not in json.loads(local.read(f"versions/{version}/statistics.json"))
    assert "□" not in local.read(f"versions/{version}/README.md").decode()


def test_most_answers_decide_where_that_is_asked(local: Store) -> None:
    asked = [Asked(BLOCKS, "7"), Asked("how many  blocks", "8"), Asked(f"{BLOCKS} ", "seven"), COLOUR]
    Grower(local).grow("coco.000001", [(drawing(1), asked)])
    dropped = built(local)
    assert (dropped.rows, dropped.excluded) == (1, {"conflicting_answers": 3})
    decided = built(local, CutRecipe(conflicting_answers="majority"))
    assert (decided.rows, decided.excluded) == (2, {"conflicting_answers": 1, "duplicate_exact": 1})
    rows, left_out = rows_of(local, decided.version), rows_of(local, decided.version, "excluded")
    kept = rows.filter(pl.col("question") != COLOUR.question)
    assert kept["answer"].to_list()[0] in ("7", "seven")
    against = left_out.filter(pl.col("reason") == "conflicting_answers")
    assert kept["slot"][0] in against["detail"][0]
    double = left_out.filter(pl.col("reason") == "duplicate_exact")
    assert double["survivor"].to_list() == kept["row_id"].to_list()


def test_two_answers_of_equal_number_are_no_majority(local: Store) -> None:
    asked = [Asked(BLOCKS, "7"), Asked("how many blocks", "8"), COLOUR]
    Grower(local).grow("coco.000001", [(drawing(1), asked)])
    decided = built(local, CutRecipe(conflicting_answers="majority"))
    assert decided.excluded == {"conflicting_answers": 2}
