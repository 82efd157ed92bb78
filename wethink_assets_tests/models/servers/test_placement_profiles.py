"""The worked profiles of docs/serving.md: they load, and their servers fit on the machines that they are for."""

import re
from pathlib import Path

import pytest

from wethink_assets.config import Settings, load_settings
from wethink_assets.defs.graph import pool_of
from wethink_assets.errors import ConfigError
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.models.servers.memory import Gpu, Memory
from wethink_assets.models.servers.placement import require_fit
from wethink_assets.models.servers.spec import needs_of
from wethink_assets.stages.order import model_stages
from wethink_assets_tests.support.vllm_environment import ROOT

PROFILES = dict(
    re.findall(r"<!-- profile: (.*?) -->\n```toml\n(.*?)```", (ROOT / "docs" / "serving.md").read_text(), re.DOTALL)
)


def machine(count: int, gib: float = 81559 / 1024) -> tuple[Gpu, ...]:
    return tuple(Gpu(index, "NVIDIA H100 80GB HBM3", gib, gib) for index in range(count))


def load(folder: Path, profile: str) -> Settings:
    path = folder / "wethink.toml"
    path.write_text(PROFILES[profile])
    return load_settings(path, {})


def check(settings: Settings, gpus: tuple[Gpu, ...]) -> set[str]:
    """Fit of each stage's servers; all servers that stages need."""
    needed = set()
    for stage in model_stages():
        names = {settings.role(role).server for role in STAGES[stage].roles} - {""}
        require_fit([need for name in sorted(names) for need in needs_of(settings, name, gpus)], gpus, Memory(128, 120))
        needed |= names
    return needed


@pytest.mark.parametrize(("profile", "count"), [("one 80 GB GPU", 1), ("eight 80 GB GPUs", 8)])
def test_a_local_profile_fits_on_its_machine_and_on_no_smaller_one(tmp_path: Path, profile: str, count: int) -> None:
    settings = load(tmp_path, profile)
    assert check(settings, machine(count)) == {"eyes", "words"}
    assert pool_of(settings, STAGES["answers"].roles) == "gpu"
    with pytest.raises(ConfigError, match=r"GiB"):
        check(settings, machine(count, 40))
    with pytest.raises(ConfigError, match=r"GPU"):
        check(settings, machine(count - 1))


def test_a_hosted_api_needs_no_server_and_no_gpu(tmp_path: Path) -> None:
    settings = load(tmp_path, "hosted API")
    assert check(settings, ()) == set()
    assert {pool_of(settings, STAGES[stage].roles) for stage in model_stages()} == {"endpoint"}


def test_there_are_three_profiles() -> None:
    assert set(PROFILES) == {"one 80 GB GPU", "eight 80 GB GPUs", "hosted API"}
