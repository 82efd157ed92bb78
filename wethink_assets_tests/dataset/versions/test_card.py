"""The card of a version, as the Hugging Face hub reads it."""

from pathlib import Path

import pytest
import yaml

from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import COLOUR
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import built, rows_of


def test_the_card_is_readable_by_the_hub_and_escapes_names(local: Store) -> None:
    Grower(local).grow("coco.000001", [(drawing(1), [COLOUR])], licence="<b>mine|yours</b>")
    built(local)
    _, front, body = local.read("versions/v0001/README.md").decode().split("---\n", 2)
    known = yaml.safe_load(front)
    assert known["size_categories"] == ["n<1K"]
    assert [config["data_files"][0]["path"] for config in known["configs"]] == ["rows.parquet"]
    assert "<b>" not in body
    assert r"&#60;b&#62;mine\|yours&#60;/b&#62;" in body
    for name in (
        "By kind",
        "By answer type",
        "From images to rows",
        "Agreement",
        "Models",
        "Prompts",
        "Limits",
        "seer-1",
    ):
        assert name in body


@pytest.mark.slow  # imports torch
def test_the_hub_s_loader_reads_a_version(
    local: Store, grower: Grower, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    built(local)
    folder, cache = local.path("versions/v0001"), str(tmp_path / "cache")
    rows = datasets.load_dataset(folder, split="full", cache_dir=cache)
    assert rows["row_id"][:] == rows_of(local, "v0001")["row_id"].to_list()
    assert datasets.load_dataset(folder, "excluded", split="full", cache_dir=cache)["reason"][:] == ["duplicate_near"]
