"""`wethink retract`: a dry run changes nothing, a takedown is shown everywhere, an erasure is confirmed and reported by `verify`."""

import json
from pathlib import Path

import polars as pl

from wethink_assets.storage.store import Store
from wethink_assets_tests.commands.dataset.conftest import IMAGE, printed
from wethink_assets_tests.dataset.conftest import Wethink


def test_a_dry_run_takes_nothing_down(trained: Wethink, local: Store) -> None:
    assert "would be taken down" in printed(trained, "retract", IMAGE, "--dry-run")
    would = json.loads(printed(trained, "retract", IMAGE, "--dry-run", "--erase", "--json"))
    assert would["would_erase"] == [IMAGE] and [one["rows"] for one in would["versions"]] == [2, 2]
    assert local.files("retractions") == []


def test_a_takedown_is_shown_by_cards_lists_and_exports(trained: Wethink, tmp_path: Path) -> None:
    assert "is taken down" in printed(trained, "retract", IMAGE, "--reason", "asked for")
    assert "was already taken down" in printed(trained, "retract", IMAGE)
    assert json.loads(printed(trained, "card", "v0001", "--json"))["retracted"] == {"rows": 2, "images": 1}
    assert "taken down after it was built" in printed(trained, "card", "v0001")
    assert "taken down" in printed(trained, "versions")
    assert "2 rows were taken down" in printed(trained, "export", "v0001", str(tmp_path / "out"))


def test_an_erasure_that_is_not_confirmed_erases_nothing(trained: Wethink) -> None:
    refused = trained("retract", IMAGE, "--erase", input="n\n")
    assert refused.exit_code == 1
    assert printed(trained, "verify").endswith("all as they were\n")


def test_an_erasure_deletes_and_is_no_fault_of_the_version(trained: Wethink, local: Store) -> None:
    row = local.read_parquet("versions/v0002/rows.parquet").filter(pl.col("image_id") == IMAGE)["row_id"][0]
    assert "v0002.sft" in printed(trained, "explain", row)
    printed(trained, "retract", IMAGE, "--reason", "asked for")
    erased = json.loads(printed(trained, "retract", IMAGE, "--erase", "--yes", "--json"))
    assert not erased["new"] and erased["erased"][0]["images"] == [IMAGE] and erased["reason"] == "asked for"
    verified = printed(trained, "verify")
    assert "retracted: " in verified and "all as they were, 7 retracted" in verified
    assert "erased" in printed(trained, "explain", row)
    assert "erased" in printed(trained, "where", IMAGE)
