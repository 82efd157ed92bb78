"""What `wethink train --plan` says: figures of one row's dry run, and what is wrong with each part, in a sentence."""

import json
import re
import socket
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.errors import ModelError
from wethink_assets.training.estimates.report import report_of
from wethink_assets.training.estimates.run import estimate_run
from wethink_assets_tests.support.families.checkpoints import save_family_checkpoint
from wethink_assets_tests.support.scripted_endpoint import scripted_endpoint
from wethink_assets_tests.training.conftest import TINY, Plan, planned_run


def test_a_dry_run_of_one_row_says_what_a_run_takes(plan: Plan) -> None:
    planned = plan(steps=6)
    estimate = estimate_run(planned, planned.open_store())
    assert not estimate.faults and not estimate.notes
    assert estimate.steps == {"grpo": 6} and estimate.rows > 6 and estimate.held_out == 2
    assert estimate.left_out["needs_judge"] > 0 and estimate.judge_calls == 0
    assert estimate.written_tokens == 6 * 2 * 2 * 8
    assert estimate.memory is not None and estimate.trained_parameters == estimate.parameters
    assert estimate.hours is not None and 0 < estimate.hours < 0.1 and estimate.own_reward == pytest.approx(1.0)
    assert not planned.work_folder.exists()
    lines = report_of(estimate, "EUR")
    assert lines[0].startswith(f"rows     {estimate.rows} to train on (left out: ")
    assert any(line.startswith("memory   about 1.") for line in lines) and lines[-1].startswith("reward   1.00")


@pytest.mark.slow
def test_a_judge_that_is_down_is_told_with_its_address(home: Path, tiny_model: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
    planned = planned_run(home, judge=url, accuracy="hybrid", model=str(tiny_model))
    start = time.perf_counter()
    estimate = estimate_run(planned, planned.open_store())
    assert time.perf_counter() - start < 30
    assert set(estimate.faults) == {"judge"}
    assert url.removesuffix("/v1") in estimate.faults["judge"]
    assert estimate.faults["judge"].endswith("`wethink config check --call judge` looks for what mends it")


@pytest.mark.parametrize(
    ("status", "text", "fault"),
    [
        (200, '{"score": 0.75}', None),
        (
            200,
            "Bananas are yellow.",
            r"the judge judge answers, but with no grade; `wethink config check --call judge`",
        ),
        (404, "no such model", r"the judge judge gives no grade: .*no such model.*; `wethink config check"),
    ],
)
def test_a_judge_is_asked_for_one_grade(
    home: Path, tiny_model: Path, status: int, text: str, fault: str | None
) -> None:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 9, "completion_tokens": 3}
    reply = {"model": "judge", "choices": [choice], "usage": usage} if status == 200 else {"error": {"message": text}}
    with scripted_endpoint() as endpoint:
        endpoint.reply = lambda body: (status, reply)  # type: ignore[method-assign]
        planned = planned_run(home, judge=endpoint.url, accuracy="judge", model=str(tiny_model))
        estimate = estimate_run(planned, planned.open_store())
    if fault is None:
        assert not estimate.faults and estimate.judge_seconds is not None
        assert estimate.judge_calls == 4 * 2 * 2 + 2 * 2 and estimate.hours is not None
    else:
        assert set(estimate.faults) == {"judge"}
        assert re.search(fault, estimate.faults["judge"]) and "\n" not in estimate.faults["judge"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("{folder}/tiny-vl-2", r"tiny-vl-2 is no checkpoint: there is no folder .*; did you mean tiny-vl\?"),
        ("models/tiny-lv", r"models/tiny-lv is no checkpoint: .*; did you mean tiny-vl\?"),
        ("models", r"models is not a checkpoint: it has no config.json; did you mean models/tiny-vl\?"),
        ("polcy", r"polcy is no checkpoint: .*; did you mean policy\?"),
        ("models/a/b", r"models/a/b is no checkpoint: there is no folder"),
    ],
)
def test_a_misspelt_model_is_told_at_once_with_what_is_near(home: Path, name: str, message: str) -> None:
    there = home / "models" / "tiny-vl"
    there.mkdir(parents=True)
    (there / "config.json").write_text("{}")
    with pytest.raises(ModelError, match=message):
        planned_run(home, model=name.format(folder=home / "models"))


def test_a_model_of_another_size_may_be_on_the_hub(home: Path) -> None:
    there = home / "Qwen" / "Qwen2.5-VL-3B-Instruct"
    there.mkdir(parents=True)
    (there / "config.json").write_text("{}")
    assert planned_run(home, model="Qwen/Qwen2.5-VL-7B-Instruct").base_model.name_or_path.endswith("7B-Instruct")


def test_faults_of_processor_and_rows_do_not_hide_each_other(home: Path, tmp_path: Path) -> None:
    base = save_family_checkpoint("llava", tmp_path / "llava")
    template = base / "chat_template.jinja"
    template.write_text("{% for message in messages %}{{ message['role'] }}{% endfor %}")
    planned = planned_run(home, model=str(base), prompt="paper", kinds=["MC"], accuracy="rules")
    estimate = estimate_run(planned, planned.open_store())
    assert set(estimate.faults) == {"processor"}
    assert "LlavaProcessor leaves the image out of a prompt" in estimate.faults["processor"]
    assert estimate.memory is not None and estimate.rows > 0 and estimate.own_reward == pytest.approx(1.0)


def test_weights_that_are_cut_short_or_missing_are_told(plan: Plan, tmp_path: Path) -> None:
    base = save_family_checkpoint("qwen2_5_vl", tmp_path / "qwen")
    planned = plan(model=str(base), prompt="paper")
    (base / "model.safetensors").write_bytes(b"\0" * 8)  # cut short
    estimate = estimate_run(planned, planned.open_store())
    assert set(estimate.faults) == {"model"} and "cannot be loaded" in estimate.faults["model"]
    (base / "model.safetensors").unlink()
    estimate = estimate_run(planned, planned.open_store())
    assert not estimate.faults and estimate.hours is None and estimate.memory is not None
    assert estimate.notes == ["the model was not tried: its weights are not on this machine yet; hours are not known"]


def test_the_command_shows_the_plan_and_exits_with_1_for_a_fault(
    home: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = {**TINY, "model": str(tiny_model)}
    stop = recipe.pop("stop")
    lines = [
        "[pipeline]",
        'prompt_pack = "embedded"',
        "[training]",
        "price_device_hour = 3.5",
        'leaks = "allow"',
        "[recipes.tiny]",
    ]
    lines += [f"{name} = {json.dumps(value)}" for name, value in recipe.items()]
    lines += ["[recipes.tiny.stop]", *(f"{name} = {value}" for name, value in stop.items())]
    (home / "wethink.toml").write_text("\n".join(lines) + "\n")
    monkeypatch.setenv("WETHINK_CONFIG", str(home / "wethink.toml"))
    told = CliRunner().invoke(app, ["train", "v0001", "tiny", "--plan", "--json"])
    assert told.exit_code == 0
    assert json.loads(told.stdout)["money"] is not None and json.loads(told.stdout)["memory"]["peak"] > 1
    (home / "wethink.toml").write_text(
        "\n".join(lines).replace("max_completion_length", "max_prompt_length = 16\nmax_completion_length")
    )
    told = CliRunner().invoke(app, ["train", "v0001", "tiny", "--plan"])
    assert told.exit_code == 1 and "wrong    processor: no prompt has at most 16 tokens" in told.stdout
