"""Progress that commands show: bars on a terminal, lines elsewhere, and plain text in both."""

import pytest

from wethink_assets.commands.progress import Display
from wethink_assets.config import RoleSettings, Settings
from wethink_assets.models.chat import Completion
from wethink_assets.synthesis.budgets.usage import Usage


def test_the_display_adds_up_what_models_took_over_stages_and_batches(capsys: pytest.CaptureFixture[str]) -> None:
    usage = Usage(Settings(roles={"describer": RoleSettings(price_in=1_000, price_out=2_000)}))
    for _ in range(5):
        usage.made("describer", "describe", Completion("x", 100, 50, "stop", "m"), 0.5)
    with Display() as display, display.batches({"a": 4, "b": 4}, "USD") as work:
        for batch in ("a", "b"):
            work.begin(batch, 2)
            display.of("images", batch)(4, 4)
            display.of("descriptions", batch)(4, 4, usage)
        assert work.totals["calls"] == 10 and work.totals["money"] == pytest.approx(2.0)
        assert work.totals["prompt_tokens"] == 1_000
    assert display.of("images", "c")(1, 1) is None


def test_titles_cells_and_lines_are_plain_text(capfd: pytest.CaptureFixture[str]) -> None:
    with Display() as display:
        display.report("in [b]store")
        display.table("rows of [cut]", ["[dedup]"], [["[red]x", "1"], ["all", "1"]])
        display.rows("policies of [b]", ["name", "[i]"], [["[/link]", "2"]])
        with display.busy("opening [bold]"):
            pass
        with display.counting("drawing into [folder]", 1) as count:
            count()
    shown = capfd.readouterr().err
    for text in ("in [b]store", "rows of [cut]", "[dedup]", "[red]x", "policies of [b]", "[i]", "[/link]"):
        assert text in shown
    assert "opening [bold]" in shown and "drawing into [folder]" in shown


def test_batches_at_work_at_a_time_are_told_apart_and_added_up(capfd: pytest.CaptureFixture[str]) -> None:
    usage = {batch: Usage(Settings()) for batch in "ab"}
    with Display() as display, display.batches({"a": 6, "b": 2, "c": 2}) as work:
        tellers = {}
        for batch in "ab":
            work.begin(batch, 2)
            usage[batch].made("describer", "describe", Completion("x", 10, 5, "stop", "m"), 0.5)
            tellers[batch] = display.of("descriptions", batch)
        tellers["a"](3, 6, usage["a"])
        tellers["b"](2, 2, usage["b"])
        assert work.totals["calls"] == 2
        work.finish("b", "failed")
        work.begin("c", 2)
        assert work.totals["calls"] == 2, "what a batch took stays when it has ended"
    shown = capfd.readouterr().err
    assert "[2/3] b failed" in shown and "[1/3] a done" in shown and "[3/3] c done" in shown
    assert " left" in shown.splitlines()[0] and " left" not in shown.splitlines()[-1], (
        "when all have ended, none is left"
    )
