"""`wethink lineage`: what a version was made from and what was made from it, whole when piped."""

import json
from pathlib import Path

import pytest

from wethink_assets.errors import ConfigError, VersionError
from wethink_assets.storage.store import Store
from wethink_assets_tests.commands.dataset.conftest import printed
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import COLOUR
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut


def test_lineage_names_what_a_version_was_made_from(trained: Wethink) -> None:
    shown = printed(trained, "lineage", "v0002", "--prompts")
    parts = (
        "v0002: 4 rows over 3 images",
        "gqa",
        "MIT",
        "thinker-1",
        "run-1",
        "v0002.sft",
        "Ask about {{ description }}.",
    )
    for part in parts:
        assert part in shown
    assert json.loads(printed(trained, "lineage", "v0002", "--json"))["rows"] == 4


def test_tables_are_folded_for_a_terminal_only(trained: Wethink, local: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id, narrow = "r" * 150, "120"
    Grower(local).grow("vg.000001", [(drawing(4), [COLOUR])], run_id=run_id)
    version = cut(local)
    monkeypatch.setenv("COLUMNS", narrow)
    assert run_id not in printed(trained, "lineage", version)
    monkeypatch.delenv("COLUMNS")
    assert run_id in printed(trained, "lineage", version), "who pipes it wants whole ids"


def test_scores_are_out_of_a_hundred_by_decoding(trained: Wethink, local: Store) -> None:
    for number, (decoding, value, created) in enumerate(
        [
            ("greedy", 100, "2026-01-01"),
            ("greedy", 208, "2026-02-01"),
            ("seed 1", 300, "2026-01-01"),
            ("seed 2", 100, ""),
        ]
    ):
        score = {"benchmark": "ocr", "decoding": decoding, "value": value, "low": 83, "high": 375, "scale": 1000}
        path = f"scores/{'m' * 64}/ocr/settings-{number}/score.json"
        local.publish(path, json.dumps({**score, "created": created}).encode())
    shown = printed(trained, "lineage", "v0002")
    assert "20.8 (8.3 to 37.5), 20.0 over 2 seeds" in shown, "the newest greedy one, and the mean of the sampled"
    assert json.loads(printed(trained, "growth", "--json"))[1]["scores"] == {"v0002.sft": {"ocr": 20.8}}
    row = local.read_parquet("versions/v0002/rows.parquet")["row_id"][0]
    assert "ocr: 20.8 (8.3 to 37.5), 20.0 over 2 seeds" in printed(trained, "explain", row)


@pytest.mark.parametrize(
    "arguments",
    [("lineage", "v0009"), ("diff", "v0001", "x"), ("where", "nowhere.jpg"), ("retract", "nobody"), ("card", "v9")],
)
def test_what_is_unknown_is_an_error(trained: Wethink, arguments: tuple[str, ...]) -> None:
    assert isinstance(trained(*arguments).exception, VersionError)


@pytest.mark.parametrize(
    ("form", "file", "counted"), [("prov", "version.json", "rows"), ("openlineage", "events.ndjson", "events")]
)
def test_lineage_is_written_as_others_read_it(
    trained: Wethink, tmp_path: Path, form: str, file: str, counted: str
) -> None:
    folder = tmp_path / "lineage"
    done = json.loads(printed(trained, "lineage", "v0002", "--format", form, "--output", str(folder), "--json"))
    assert (folder / file).is_file() and done["bytes"] > 0 and done[counted] > 0
    assert f"{done[counted]} {counted}" in printed(
        trained, "lineage", "v0002", "--format", form, "--output", str(tmp_path / "again")
    )


def test_a_folder_without_its_format_is_refused(trained: Wethink, tmp_path: Path) -> None:
    result = trained("lineage", "v0002", "--output", str(tmp_path / "x"))
    assert isinstance(result.exception, ConfigError) and "--format" in str(result.exception)
