"""`wethink score` before anything is scored, and of models from elsewhere; scoring itself is tested in `evaluation/test_evaluation.py`."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.errors import WeThinkError
from wethink_assets_tests.support.scripted_endpoint import scripted_endpoint


def test_a_run_without_a_policy_is_named(unscored: Path) -> None:
    with pytest.raises(WeThinkError, match=r"v0009\.grpo has no policy"):
        CliRunner().invoke(app, ["score", "v0009.grpo"], catch_exceptions=False)


def test_an_unknown_benchmark_is_named(unscored: Path) -> None:
    with pytest.raises(WeThinkError, match="unknown benchmark 'MMStarr'"):
        CliRunner().invoke(app, ["score", "--benchmark", "MMStarr"], catch_exceptions=False)


def test_without_a_training_run_there_is_nothing_to_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wethink.toml").write_text(f'[store]\nurl = "{tmp_path}/empty"\n')
    monkeypatch.setenv("WETHINK_CONFIG", str(tmp_path / "wethink.toml"))
    done = CliRunner().invoke(app, ["score"])
    assert done.exit_code == 0 and "nothing to score" in done.output and "wethink train" in done.output


OTHERS = """
seeds = [1]
scorer = "own"
[scoring.models.direct]
provider = "endpoint"
url = "{url}"
model = "served-1"
system_prompt = "Answer with the letter alone."
max_tokens = 77
temperature = 0.3
price_out = 5.0
[scoring.models.thinking]
provider = "endpoint"
url = "{url}"
model = "served-1"
[scoring.models.small]
model = "describer"
[scoring.models.hub]
model = "people/on-the-hub"
"""


def test_models_that_were_not_trained_here_are_scored_on_one_board(unscored: Path) -> None:
    asked: list[dict[str, Any]] = []

    def reply(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        asked.append(body)
        choice = {"message": {"role": "assistant", "content": "<answer>A</answer>"}, "finish_reason": "stop"}
        return 200, {"model": "served-1", "choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}

    def score(*arguments: str) -> Any:
        done = CliRunner().invoke(app, ["score", *arguments, "--json"], catch_exceptions=False)
        return json.loads(done.stdout)

    with scripted_endpoint() as served:
        served.reply = reply  # type: ignore[method-assign]
        with (unscored / "wethink.toml").open("a") as file:
            file.write(OTHERS.format(url=served.url))
        before = score("direct", "--benchmark", "sample_MMStar", "--plan")
        assert not asked and [(one["decoding"], one["calls"], one["reply_tokens"]) for one in before] == [
            ("greedy", 12, 12 * 77),
            ("seed 1", 12, 12 * 77),
        ]
        assert all(
            one["prompt_tokens"] is None
            and one["seconds"] is None
            and one["money"] == pytest.approx(12 * 77 * 5e-6, abs=1e-4)
            for one in before
        )
        (direct,) = score("direct", "--benchmark", "sample_MMStar")
        assert score("direct", "--benchmark", "sample_MMStar", "--plan") == []
        assert direct["training_run"] == "" and direct["model"] == "direct" and direct["against_base"] == {}
        assert len(direct["scores"]) == 2 and not direct["base"]
        assert all("Answer with the letter alone." in str(body) and body["max_tokens"] == 77 for body in asked)
        assert {body["temperature"] for body in asked} == {0.0, 0.3}
        calls = len(asked)
        both = score("direct", "thinking", "small", "--benchmark", "sample_MMStar")
        again = [body for body in asked[calls:] if body["max_tokens"] == 77]
        assert (
            [one["model"] for one in both] == ["direct", "thinking", "small"] and not again and len(asked) == 2 * calls
        )
        (varied,) = score("direct", "--benchmark", "sample_MMStar", "--wordings", "1")
        (one,) = varied["stability"]
        assert one["source"] == "wording" and len(one["values"]) == 2 and one["deviation"] >= 0
        assert varied["scores"] == direct["scores"]
        shown = CliRunner().invoke(
            app, ["score", "direct", "--benchmark", "sample_MMStar", "--wordings", "1"], catch_exceptions=False
        )
        assert "how far scores of direct move" in shown.output
        assert len(asked) == 2 * calls + 12
        del asked[2 * calls :]
        with pytest.raises(WeThinkError, match=r"nothing serves hub: set scoring\.server .* people/on-the-hub"):
            score("hub", "--benchmark", "sample_MMStar")
    board = json.loads(CliRunner().invoke(app, ["leaderboard", "--json"], catch_exceptions=False).stdout)
    rows = {row["name"]: row for row in board["rows"] if row["kind"] == "model"}
    assert list(rows) == ["direct", "small", "thinking"]
    assert {row["cells"]["sample_MMStar"]["decoding"] for row in rows.values()} == {"greedy"}
    command = ["score", "direct", "--benchmark", "sample_MMStar", "--by", "category"]
    shown = CliRunner().invoke(app, command, catch_exceptions=False).output
    assert "by category: percent" in shown
    by = json.loads(
        CliRunner().invoke(app, ["leaderboard", "--by", "category", "--json"], catch_exceptions=False).stdout
    )
    parts = {row["name"]: row["categories"] for row in by["rows"]}["direct"]
    assert parts and all(
        part["benchmark"] == "sample_MMStar" and part["low"] <= part["value"] <= part["high"] for part in parts
    )
    told = CliRunner().invoke(app, ["score", "thinking", "--plan"], catch_exceptions=False).output
    _ask_for_more(unscored)
    (planned,) = score("direct", "--benchmark", "sample_MMStar", "--plan")
    assert 0 < planned["seconds"] < 60 and planned["decoding"] == "seed 2" and len(asked) == 4 * 12
    more = CliRunner().invoke(
        app, ["score", "direct", "--benchmark", "sample_MMStar", "--plan"], catch_exceptions=False
    )
    assert "time about" in more.output
    assert "scores are missing" in told or "nothing is missing" in told
    assert "direct" in shown and "against" not in shown and "difference" not in shown


def _ask_for_more(folder: Path) -> None:
    config = folder / "wethink.toml"
    config.write_text(config.read_text().replace("seeds = [1]", "seeds = [1, 2]"))
