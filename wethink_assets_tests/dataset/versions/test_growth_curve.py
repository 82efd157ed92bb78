"""The growth curve tells what versions hold; figures of a version are measured once."""

import json
from pathlib import Path

from wethink_assets.dataset.versions.growth_curve import entropy, growth_curve
from wethink_assets.defs.assets.growth import draw_growth, growth_metadata
from wethink_assets.defs.stages.publication import METADATA_BYTES, weight
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.full_disk import full_disk
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR, STORY
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut, note_policy


def test_a_curve_has_a_point_a_version(local: Store, tmp_path: Path) -> None:
    assert growth_curve(local) == []
    grower = Grower(local)
    grower.grow("coco.000001", [(drawing(1), [COLOUR]), (drawing(2), [COLOUR])])
    cut(local)
    grower.grow("coco.000002", [(drawing(3), [CHOICE, STORY])])
    version = cut(local)
    note_policy(local, f"{version}.sft")
    score = {"benchmark": "scenes", "value": 61.5, "low": 58.0, "high": 65.0, "scale": 100}
    local.publish(f"scores/{'m' * 64}/scenes/s1/score.json", json.dumps(score).encode())
    with full_disk():
        unkept = growth_curve(local)
    assert local.files("growth") == []
    first, second = growth_curve(local)
    assert unkept == [first, second] and len(local.files("growth")) == 2
    assert (first["rows"], first["kind_entropy"], first["yield"], first["scores"]) == (2, 0.0, 1.0, {})
    assert (second["rows"], second["kind_entropy"], second["batches"]) == (4, 1.5, 2)
    assert second["scores"] == {f"{version}.sft": {"scenes": 61.5}}
    assert first["clusters"] == 1 and second["clusters"] == 3 and second["covered"] == 0.75
    assert second["distinct_ngrams"] > first["distinct_ngrams"] > 0
    for number in (1, 2):  # measured once: what is kept is read, so the rows are not needed again
        local.delete(f"versions/v{number:04d}/rows.parquet")
    assert growth_curve(local) == [first, second]
    metadata = growth_metadata(local, [first, second])
    assert sum(weight({name: value}) for name, value in metadata.items()) < METADATA_BYTES
    files = draw_growth([first, second], tmp_path)
    assert set(files) == {"growth", "scores"} and all(
        file.read_bytes().startswith(b"\x89PNG") for file in files.values()
    )


def test_entropy() -> None:
    assert entropy([]) == entropy([7]) == entropy([7, 0]) == 0
    assert entropy([1, 1, 1, 1]) == 2
