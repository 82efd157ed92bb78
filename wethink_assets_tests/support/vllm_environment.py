"""The environment in which the real vLLM runs on a CPU, made when it is not there."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def vllm_python() -> str:
    """Its Python."""
    subprocess.run(["make", "--silent", "setup-vllm"], cwd=ROOT, check=True, timeout=900)
    return str(ROOT / ".venv-vllm" / "bin" / "python")
