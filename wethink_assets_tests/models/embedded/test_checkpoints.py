"""The shipped checkpoints: size, one vocabulary, digests, and loading by transformers' Auto classes with no network and no torchvision."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wethink_assets.errors import ModelError
from wethink_assets.models.embedded.checkpoints import FOLDER, checkpoint_digest, checkpoint_folder, checkpoint_names

LOADING = """
import os, sys
os.environ["HF_HUB_OFFLINE"] = "1"
sys.modules["torchvision"] = None
import socket
def refuse(*args, **kwargs):
    raise AssertionError("network")
socket.socket.connect = refuse
from PIL import Image
import torch
from transformers import AutoModelForImageTextToText, AutoTokenizer
# transformers 5.17 shows a placeholder at its top level where torchvision is missing; the class itself does without.
from transformers.models.auto.image_processing_auto import AutoImageProcessor
folder = sys.argv[1]
model = AutoModelForImageTextToText.from_pretrained(folder, dtype="auto")
tokenizer = AutoTokenizer.from_pretrained(folder)
images = AutoImageProcessor.from_pretrained(folder)
from wethink_assets.models.embedded.processor import load_processor
processor = load_processor(folder)
turns = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Describe the picture."}]}]
text = processor.apply_chat_template(turns, add_generation_prompt=True)
inputs = processor(text=[text], images=[Image.new("RGB", (100, 100), "white")], return_tensors="pt")
assert images(images=[Image.new("RGB", (100, 100), "white")], return_tensors="pt")["pixel_values"].shape == (36, 384)
inputs["pixel_values"] = inputs["pixel_values"].to(model.dtype)
with torch.no_grad():
    out = model.generate(**inputs, max_new_tokens=8, do_sample=False)
print(type(model).__name__, model.dtype, model.config.model_type, len(tokenizer), type(processor).__name__)
print(tokenizer.decode(out[0, inputs["input_ids"].shape[1]:]))
"""


def test_three_checkpoints_of_16_mb_in_all_with_a_card() -> None:
    assert checkpoint_names() == ("describer", "policy", "reasoner")
    size = sum(path.stat().st_size for name in checkpoint_names() for path in (FOLDER / name).iterdir())
    assert size <= 16_000_000
    assert {path.suffix for name in checkpoint_names() for path in (FOLDER / name).iterdir()} <= {
        ".json",
        ".safetensors",
        ".jinja",
    }
    card = (FOLDER / "README.md").read_text()
    for stated in ("seed", "steps", "minutes", "Limits", "merge", "answer_image", "letter A"):
        assert stated in card


def test_weights_differ_and_the_vocabulary_is_one() -> None:
    tokenizers = {(FOLDER / name / "tokenizer.json").read_bytes() for name in checkpoint_names()}
    assert len(tokenizers) == 1
    assert len({checkpoint_digest(name) for name in checkpoint_names()}) == 3


@pytest.mark.slow
def test_auto_classes_load_a_folder_offline_and_without_torchvision(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "describer", tmp_path / "anywhere")
    done = subprocess.run(
        [sys.executable, "-c", LOADING, str(tmp_path / "anywhere")], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    first, reply = done.stdout.strip().splitlines()[-2:]
    vocabulary = json.loads((FOLDER / "describer" / "config.json").read_text())["text_config"]["vocab_size"]
    assert (
        first
        == f"Qwen2_5_VLForConditionalGeneration torch.bfloat16 qwen2_5_vl {vocabulary} ImageOnlyQwen2_5_VLProcessor"
    )
    assert reply.startswith("<think>list all:")
    # Where torchvision is there, AutoProcessor takes the stock class by this name, with its video part.
    config = json.loads((FOLDER / "describer" / "processor_config.json").read_text())
    assert config["processor_class"] == "Qwen2_5_VLProcessor"
    assert config["video_processor"]["video_processor_type"] == "Qwen2VLVideoProcessor"


def test_a_digest_follows_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(FOLDER / "reasoner", folder)
    assert checkpoint_digest(str(folder)) == checkpoint_digest("reasoner")
    (folder / "README.md").write_text("A card does not change the model.")
    assert checkpoint_digest(str(folder)) == checkpoint_digest("reasoner")
    config = folder / "generation_config.json"
    config.write_text(config.read_text() + " ")
    assert checkpoint_digest(str(folder)) != checkpoint_digest("reasoner")


def test_a_missing_checkpoint_is_named() -> None:
    with pytest.raises(ModelError, match="no embedded checkpoint 'nobody'"):
        checkpoint_folder("nobody")


def test_digests_and_names_need_no_torch() -> None:
    code = (
        "import sys; from wethink_assets.models.embedded.checkpoints import checkpoint_digest as d; d('policy')\n"
        "from wethink_assets.models.embedded.chat import EmbeddedModel; m = EmbeddedModel.open('policy'); m.revision, m.model_id\n"
        "assert not {'torch', 'transformers', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
