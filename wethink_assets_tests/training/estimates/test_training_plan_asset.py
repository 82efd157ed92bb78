"""The asset `training_plan`: what `wethink train --plan` says, on a page of the UI, with the check that nothing is wrong."""

from pathlib import Path
from typing import Any

import dagster as dg

from wethink_assets.config import Settings
from wethink_assets.defs.assets.training_plan import training_plan_asset
from wethink_assets.defs.graph import training_run
from wethink_assets.storage.store import Store
from wethink_assets_tests.training.conftest import TINY

KEY = "v0001.tiny"


def materialized(home: Path, model: str, **training: Any) -> tuple[dict[str, Any], dg.AssetCheckEvaluation]:
    settings = Settings.model_validate(
        {
            "folder": str(home),
            "pipeline": {"prompt_pack": "embedded", "currency": "EUR"},
            "recipes": {"tiny": {**TINY, "model": model, "steps": 6}},
            "training": training,
        }
    )
    store = Store.open(settings.store_url)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(training_run.name), [KEY])
        result = dg.materialize(
            [training_plan_asset()],
            partition_key=KEY,
            instance=instance,
            resources={"settings": settings, "store": store},
        )
        (made,) = result.asset_materializations_for_node("training_plan")
        (check,) = result.get_asset_check_evaluations()
        assert instance.get_latest_materialization_event(dg.AssetKey("training_runs")) is not None
    assert not (home / "training").exists()  # nothing is trained or kept
    plain = {name: value.value for name, value in made.metadata.items() if not isinstance(value, dg.TableMetadataValue)}
    return {**made.metadata, **plain}, check


def test_the_page_of_a_training_plan_has_its_figures(home: Path, tiny_model: Path) -> None:
    told, check = materialized(home, str(tiny_model), leaks="allow", price_device_hour=2.0)
    assert check.passed and check.description == "nothing is wrong" and "wrong" not in told
    assert told["rows to train on"] > 6 and told["held-out rows"] == 2 and told["steps"] == 6
    assert told["memory of a device in GiB"] > 1 and 0 < told["hours"] < 0.1 and told["cost"].startswith("EUR ")
    assert "memory   about 1." in told["report"]


def test_a_version_that_cannot_be_searched_for_leaks_fails_the_check(home: Path, tiny_model: Path) -> None:
    told, check = materialized(home, str(tiny_model))
    assert not check.passed and str(check.description).startswith("leaks: v0001 cannot be searched for leaks")
    assert [dict(row.data)["part"] for row in told["wrong"].records] == ["leaks"] and "cost" not in told
