"""`wethink lineage`, `where`, `diff`, `retract`, `card`, `export` and `growth`, as a user runs them."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import Result

from wethink_assets.errors import VersionError
from wethink_assets.identity import sha256_hex
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut, note_policy

IMAGE = sha256_hex(drawing(1))


@pytest.fixture
def wethink(wethink: Wethink, local: Store) -> Wethink:
    """The command on a store of two versions, the second of which was trained on."""
    grower = Grower(local, prompt="Ask about {{ description }}.")
    grower.grow("coco.000001", [(drawing(1), [COLOUR, CHOICE]), (drawing(2), [COLOUR])])
    cut(local)
    grower.grow("gqa.000001", [(drawing(3), [COLOUR])], licence="MIT")
    cut(local)
    note_policy(local, "v0002.sft")
    return wethink


def told(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def test_from_a_version_to_a_takedown(wethink: Wethink, local: Store, tmp_path: Path) -> None:
    shown = told(wethink("lineage", "v0002", "--prompts"))
    for part in (
        "v0002: 4 rows over 3 images",
        "gqa",
        "MIT",
        "thinker-1",
        "run-1",
        "v0002.sft",
        "Ask about {{ description }}.",
    ):
        assert part in shown
    assert json.loads(told(wethink("lineage", "v0002", "--json")))["rows"] == 4
    assert "1 added, 0 removed" in told(wethink("diff", "v0001", "v0002")) and "new_batch" in told(
        wethink("diff", "v0001", "v0002")
    )
    assert json.loads(told(wethink("diff", "v0001", "v0002", "--json")))["counts"]["added"] == 1
    assert "v0002.sft" in told(wethink("where", IMAGE[:12]))
    assert json.loads(told(wethink("where", IMAGE, "--json")))[0]["image_id"] == IMAGE
    row = local.read_parquet("versions/v0002/rows.parquet").filter(pl.col("image_id") == IMAGE)["row_id"][0]
    assert "v0002.sft" in told(wethink("explain", row))
    assert len(json.loads(told(wethink("growth", "--json")))) == 2 and "v0002" in told(wethink("growth"))
    assert "would be taken down" in told(wethink("retract", IMAGE, "--dry-run"))
    would = json.loads(told(wethink("retract", IMAGE, "--dry-run", "--erase", "--json")))
    assert would["would_erase"] == [IMAGE] and [one["rows"] for one in would["versions"]] == [2, 2]
    assert local.files("retractions") == [], "a dry run takes nothing down"
    assert "taken down" in told(wethink("retract", IMAGE, "--reason", "asked for"))
    assert json.loads(told(wethink("card", "v0001", "--json")))["retracted"] == {"rows": 2, "images": 1}
    assert "taken down" in told(wethink("versions")) and "taken down after it was built" in told(
        wethink("card", "v0001")
    )
    assert "2 rows were taken down" in told(wethink("export", "v0001", str(tmp_path / "out")))
    refused = wethink("retract", IMAGE, "--erase", input="n\n")
    assert refused.exit_code == 1 and wethink("verify").stdout.endswith("all as they were\n")
    done = json.loads(told(wethink("retract", IMAGE, "--erase", "--yes", "--json")))
    assert not done["new"] and done["erased"][0]["images"] == [IMAGE] and done["reason"] == "asked for"
    verified = wethink("verify")
    assert (
        verified.exit_code == 0
        and "retracted: " in verified.stdout
        and "all as they were, 7 retracted" in verified.stdout
    )
    assert "erased" in told(wethink("explain", row)) and "erased" in told(wethink("where", IMAGE))


def test_tables_are_folded_for_a_terminal_only(wethink: Wethink, local: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id, narrow = "r" * 150, "120"
    Grower(local).grow("vg.000001", [(drawing(4), [COLOUR])], run_id=run_id)
    version = cut(local)
    monkeypatch.setenv("COLUMNS", narrow)
    assert run_id not in told(wethink("lineage", version))
    monkeypatch.delenv("COLUMNS")
    assert run_id in told(wethink("lineage", version)), "who pipes it wants whole ids"


def test_scores_are_told_out_of_a_hundred_by_decoding(wethink: Wethink, local: Store) -> None:
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
    shown = told(wethink("lineage", "v0002"))
    assert "20.8 (8.3 to 37.5), 20.0 over 2 seeds" in shown, "the newest greedy one, and the mean of the sampled"
    assert json.loads(told(wethink("growth", "--json")))[1]["scores"] == {"v0002.sft": {"ocr": 20.8}}
    row = local.read_parquet("versions/v0002/rows.parquet")["row_id"][0]
    assert "ocr: 20.8 (8.3 to 37.5), 20.0 over 2 seeds" in told(wethink("explain", row))


def test_an_export_that_cannot_be_made_is_said(wethink: Wethink, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here already")
    for target, fault in ((tmp_path / "file", "is a file"), (tmp_path / "file" / "below", "cannot be made")):
        with pytest.raises(VersionError, match=fault):
            raise wethink("export", "v0001", str(target)).exception or AssertionError


def test_what_is_unknown_is_said(wethink: Wethink) -> None:
    for arguments in (
        ("lineage", "v0009"),
        ("diff", "v0001", "x"),
        ("where", "nowhere.jpg"),
        ("retract", "nobody"),
        ("card", "v9"),
    ):
        assert isinstance(wethink(*arguments).exception, VersionError), arguments
