"""The examples of docs/rewards.md for TRL, verl and EasyR1, called as those call them."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "rewards.md"


def example(title: str, **given: Any) -> dict[str, Any]:
    section = PAGE.read_text(encoding="utf-8").split(f"## In {title}\n")[1]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found
    names: dict[str, Any] = dict(given)
    exec(found[1].replace('output_dir="out"', 'output_dir="out", use_cpu=True'), names)  # TRL asks for it without a GPU
    return names


def test_verl() -> None:
    score = example("verl")["compute_score"](
        data_source="wethink",
        solution_str="<think>x</think><answer>(b)</answer>",
        ground_truth="B",
        extra_info={"kind": "MC", "options": ["red", "blue"]},
    )
    assert score == {"score": pytest.approx(1.0), "accuracy": 1.0, "format": 1.0}


def test_easy_r1() -> None:
    names = example("EasyR1")
    assert names["REWARD_TYPE"] == "batch"
    row = json.dumps({"answer": "5 km", "kind": "FIB"})
    inputs = [
        {"response": text, "response_length": 9, "ground_truth": row}
        for text in ("<think>x</think><answer>5000 m</answer>", "<answer>5 m</answer>")
    ]
    scores = names["compute_score"](inputs)
    assert [score["overall"] for score in scores] == [pytest.approx(1.0), 0.0]


def test_verl_calls_it_by_name_and_reads_a_score() -> None:
    """As verl's reward managers do: keywords only, in a thread, with fields of theirs in `extra_info`."""
    compute = example("verl")["compute_score"]
    extra = {"kind": "FIB", "question": "How far is it?", "num_turns": None, "rollout_reward_scores": {}}
    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(
            compute,
            data_source="wethink",
            solution_str="<think>x</think><answer>5 m</answer>",
            ground_truth="5 km",
            extra_info=extra,
            reward_router_address="http://127.0.0.1:1",
            reward_model_tokenizer=None,
        ).result()
    assert isinstance(told["score"], float) and told["score"] == pytest.approx(0.3)
    assert compute(data_source="wethink", solution_str="5", ground_truth="5", extra_info=None)["score"] == 0.0


@pytest.mark.slow
def test_trl_trains_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example as it stands, with a tiny model and two rows, for one step."""
    import torch
    from datasets import Dataset
    from transformers import AutoTokenizer, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    from wethink_assets.models.embedded.checkpoints import checkpoint_folder

    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    known = AutoTokenizer.from_pretrained(checkpoint_folder("policy"), local_files_only=True)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=known.backend_tokenizer, eos_token=known.eos_token, pad_token=known.pad_token
    )
    shape = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = Qwen2Config(vocab_size=len(tokenizer), num_key_value_heads=1, **shape)
    Qwen2ForCausalLM(config).save_pretrained("model")
    tokenizer.save_pretrained("model")
    rows = [
        {"prompt": "Where is the circle?", "answer": "left", "kind": "FIB", "options": None, "reward": "rule"},
        {"prompt": "What colour is it?", "answer": "B", "kind": "MC", "options": ["red", "blue"], "reward": "rule"},
    ]
    names = example("TRL", model=str(tmp_path / "model"), dataset=Dataset.from_list(rows * 4))
    trainer = names["trainer"]
    assert trainer.args.reward_weights == [0.7, 0.3]
    trainer.args.max_steps = 1
    trainer.train()
    [line] = [line for line in trainer.state.log_history if "reward" in line]
    assert line["rewards/accuracy_reward/mean"] == 0.0 and line["rewards/format_reward/mean"] == 0.0
    assert {"accuracy/MC", "accuracy/FIB"} & set(line)  # by kind, as the page says
