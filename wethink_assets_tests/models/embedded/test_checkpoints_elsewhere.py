"""The checkpoints in the hands of others: stock transformers, TRL and vLLM load them without code of ours."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from wethink_assets.models.embedded.checkpoints import checkpoint_folder, checkpoint_names
from wethink_assets.models.embedded.evaluation.accuracy import held_out
from wethink_assets.models.embedded.processor import load_processor
from wethink_assets.models.embedded.vision import patches
from wethink_assets_tests.support.vllm_environment import vllm_python

STOCK = """
import json, sys
import numpy as np
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor
folder, image_file = sys.argv[1:]
processor = AutoProcessor.from_pretrained(folder)
model = AutoModelForImageTextToText.from_pretrained(folder)
messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}]
text = processor.apply_chat_template(messages, add_generation_prompt=True)
given = processor(text=[text], images=[Image.open(image_file)], return_tensors="pt")
np.save(image_file + ".npy", given["pixel_values"].numpy())
assert "wethink_assets" not in sys.modules
print(json.dumps({"processor": type(processor).__name__, "model": type(model).__name__, "tokens": given["input_ids"].tolist()}))
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_stock_transformers_loads_the_folder_and_sees_what_we_see(tmp_path: Path) -> None:
    """In the environment of the server, which has torchvision and not our package."""
    image = held_out("describer", "describe", 3, seed=4).image
    assert image is not None
    image_file = tmp_path / "image.png"
    image.save(image_file)
    folder = checkpoint_folder("describer")
    command = [vllm_python(), "-c", STOCK, str(folder), str(image_file)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert loaded["processor"] == "Qwen2_5_VLProcessor" and loaded["model"] == "Qwen2_5_VLForConditionalGeneration"
    seen = np.load(f"{image_file}.npy")
    assert np.abs(seen - patches(image)).max() < 1e-5
    ours = load_processor(folder)
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}]
    text = ours.apply_chat_template(messages, add_generation_prompt=True)
    assert ours(text=[text], images=[image], return_tensors="pt")["input_ids"].tolist() == loaded["tokens"]


@pytest.mark.slow
def test_trl_makes_a_trainer_of_it(tmp_path: Path) -> None:
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    folder = checkpoint_folder("policy")
    rows = [held_out("describer", "answer_image", number, seed=4) for number in range(4)]
    prompts = [[{"role": "user", "content": row.prompt}] for row in rows]
    data = Dataset.from_list(
        [{"prompt": prompt, "image": row.image} for prompt, row in zip(prompts, rows, strict=True)]
    )
    settings = GRPOConfig(
        output_dir=str(tmp_path), max_steps=1, per_device_train_batch_size=2, num_generations=2, max_completion_length=8,
        report_to=[], use_cpu=True, save_strategy="no", disable_tqdm=True,
    )  # fmt: skip
    trainer = GRPOTrainer(
        model=str(folder),
        reward_funcs=lambda completions, **_: [float(len(one[0]["content"])) for one in completions],
        args=settings,
        train_dataset=data,
        processing_class=load_processor(folder),
    )
    trained = trainer.train()
    assert trained.global_step == 1 and np.isfinite(trained.training_loss)


def test_each_folder_is_a_plain_qwen2_5_vl() -> None:
    for name in checkpoint_names():
        config = json.loads((checkpoint_folder(name) / "config.json").read_text())
        assert config["architectures"] == ["Qwen2_5_VLForConditionalGeneration"]
        assert config["model_type"] == "qwen2_5_vl" and "auto_map" not in config
