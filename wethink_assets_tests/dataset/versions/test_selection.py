"""Selection of rows: filters, caps, contradictions and images that cannot be read again."""

import pytest

from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.catalog import list_versions
from wethink_assets.dedup.signatures import sign_rows
from wethink_assets.errors import VersionError
from wethink_assets.identity import sha256_hex
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import COLOUR, STORY
from wethink_assets_tests.support.stage_tables import Asked, Grower
from wethink_assets_tests.support.versions import built, rows_of


def test_a_recipe_filters_and_says_so(local: Store, grower: Grower) -> None:
    kinds = built(local, CutRecipe(kinds=("DES",)))
    assert set(rows_of(local, kinds.version)["kind"]) == {"DES"}
    assert kinds.excluded == {"filtered_kind": 7}
    licences = built(local, CutRecipe(licences=("MIT",)))
    assert set(rows_of(local, licences.version)["source"]) == {"geoqa+"}
    assert licences.excluded == {"filtered_licence": 6}
    sources = built(local, CutRecipe(sources=("coco",)))
    assert (sources.considered, set(rows_of(local, sources.version)["source"])) == (6, {"coco"})
    with pytest.raises(VersionError, match="would hold no row"):
        built(local, CutRecipe(licences=("none such",)))
    assert [summary.version for summary in list_versions(local)] == ["v0001", "v0002", "v0003"]


def test_a_larger_cap_keeps_what_a_smaller_one_does(local: Store, grower: Grower) -> None:
    kept = [set(rows_of(local, built(local, CutRecipe(max_rows=cap, seed=5)).version)["row_id"]) for cap in (1, 3, 6)]
    assert [len(rows) for rows in kept] == [1, 3, 6]
    assert kept[0] < kept[1] < kept[2]
    other = set(rows_of(local, built(local, CutRecipe(max_rows=3, seed=6)).version)["row_id"])
    assert len(other) == 3
    assert other != kept[1]
    each = rows_of(local, built(local, CutRecipe(max_rows_per_source=2)).version)
    assert each["source"].value_counts().sort("source").rows() == [("coco", 2), ("geoqa+", 2)]


def test_contradictions_and_repetitions_within_a_batch(local: Store) -> None:
    twice = Asked("How many blocks?", "7")
    Grower(local).grow("coco.000001", [(drawing(1), [twice, Asked("How many blocks?", "8"), COLOUR, COLOUR, STORY])])
    summary = built(local)
    assert summary.excluded == {"conflicting_answers": 2, "duplicate_exact": 1}
    assert summary.rows == 2


def test_images_that_cannot_be_read_again_are_left_out(local: Store) -> None:
    batch, tables, damaged = "coco.000001", Tables(local), sha256_hex(drawing(2))
    Grower(local).grow(batch, [(drawing(1), [COLOUR]), (drawing(2), [COLOUR])])
    local.publish(f"blobs/{damaged[:2]}/{damaged}.png", b"damaged")
    paths, questions, images = (tables.load(name, batch).results for name in ("reasoning_paths", "questions", "images"))
    signed = tables.current("signatures", batch)
    assert signed is not None
    provenance = Provenance(**{name: getattr(signed, name) for name in Provenance.model_fields})
    tables.publish("signatures", batch, sign_rows(paths, questions, images, Blobs(local)), provenance)
    summary = built(local)
    assert (summary.rows, summary.excluded) == (1, {"unsigned": 1})


def test_answers_conflict_by_what_they_say_not_by_how_they_are_written(local: Store) -> None:
    share, group = "What fraction of the circle is red?", "Which age group is the largest?"
    asked = [Asked(share, "1/2"), Asked(share, "½"), Asked(group, "35-44"), Asked(group, "25-34")]
    Grower(local).grow("coco.000001", [(drawing(1), asked)])
    summary = built(local)
    assert summary.excluded == {"conflicting_answers": 2, "duplicate_exact": 1}
    assert rows_of(local, summary.version)["question"].to_list() == [share]


def test_the_chosen_option_counts_wherever_it_stands(local: Store) -> None:
    options = ("a circle", "a block")
    asked = [
        Asked("Which is largest?", "B", "MC", options),
        Asked("Which is largest?", "A", "MC", options[::-1]),
        Asked("Which is smallest?", "A", "MC", options),
        Asked("Which is smallest?", "A", "MC", options[::-1]),
    ]
    Grower(local).grow("coco.000001", [(drawing(1), asked)])
    assert built(local).excluded == {"conflicting_answers": 2, "duplicate_exact": 1}


def test_superscripts_make_another_question(local: Store) -> None:
    asked = [Asked("What is 3²x for x = 2?", "18"), Asked("What is 32x for x = 2?", "64")]
    Grower(local).grow("coco.000001", [(drawing(1), asked)])
    summary = built(local)
    assert (summary.rows, summary.excluded) == (2, {})
