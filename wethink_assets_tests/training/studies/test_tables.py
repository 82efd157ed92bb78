"""Tables of a study show every variant, and what failed."""

from wethink_assets.training.policies.catalog import STUDY_RUN
from wethink_assets.training.studies.records import (
    HELD_OUT,
    SCENES,
)
from wethink_assets.training.studies.tables import columns, markdown, rows, run_rows
from wethink_assets_tests.support.studies import study_record


def test_tables_tell_every_variant_and_what_failed() -> None:
    one = study_record(failing=True)
    assert columns(one, HELD_OUT) == ["variant", "accuracy, %", "over the untrained model", "against all"]
    assert rows(one, SCENES) == [
        ["untrained", "50.0", "-", "-"],
        ["all", "60.0 (58.0 to 63.0)", "+10.0 (+8.0 to +13.0)", "-"],
        ["mc", "55.0 (53.0 to 58.0)", "+5.0 (+3.0 to +8.0)", "-5.0 (-7.0 to -2.0)"],
        ["broken", "not trained", "-", "-"],
    ]
    trainings = run_rows(one)
    assert trainings[0][2:] == ["2 + 3", "61", "d" * 12, "+10.0 (+5.0 to +15.0)"]
    assert trainings[2][-1] == "failed: stopped at step 3: loss is nan"
    assert one.failures == {f"v0001.{STUDY_RUN}grpo-quick-broken-s1": "stopped at step 3: loss is nan"}
    text = markdown(one)
    assert "| mc | 55.0 (53.0 to 58.0) | +5.0 (+3.0 to +8.0) | -5.0 (-7.0 to -2.0) |" in text
    assert "commit 0123456789ab" in text and "**100 drawn scenes**" in text
