"""The version that `wethink run` makes of the sample images, its exports, and what each consumer's own loader reads in them."""

import hashlib
import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from PIL import Image, ImageOps

from wethink_assets.dataset.exports.export import export_version
from wethink_assets.dataset.exports.pictures import ImageOptions
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.exports.conftest import Exported
from wethink_assets_tests.support.project import ROOT, Project

READERS = Path(__file__).parent / "readers"
SPLITS = ("train", "validation")
Reading = Callable[..., dict[str, Any]]


def consumer_python(consumer: str) -> Path:
    """The Python of a consumer's environment; the test is skipped where it was not made."""
    python = ROOT / f".venv-consumer-{consumer}" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"make setup-consumers CONSUMERS={consumer} makes the environment that this test reads with")
    return python


def easyr1_source() -> Path:
    """A checkout of EasyR1, which is on no package index; the test is skipped where there is none."""
    folder = Path(os.environ.get("EASYR1", ""))
    if not os.environ.get("EASYR1") or not (folder / "verl" / "utils" / "dataset.py").is_file():
        pytest.skip(
            "set EASYR1 to a checkout of https://github.com/hiyouga/EasyR1 (commit b44b311): it is on no package index"
        )
    return folder


@cache
def digest(data: bytes) -> str:
    """Size and pixels of an image of the store as models were shown it: first frame, upright, on white."""
    image = Image.open(io.BytesIO(data))
    upright = ImageOps.exif_transpose(image).convert("RGBA")
    shown = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright).convert("RGB")
    return f"{shown.width}x{shown.height} {hashlib.sha256(shown.tobytes()).hexdigest()}"


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The store of the shipped configuration: 216 sample images, asked about by the embedded models. `SAMPLED_STORE` names one that is there."""
    if url := os.environ.get("SAMPLED_STORE"):
        return Store.open(url)
    home = tmp_path_factory.mktemp("sampled")
    for name in ("wethink.toml", "dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, home)
    config = home / "wethink.toml"
    config.write_text(config.read_text().replace("in_main_run = true", "in_main_run = false"))
    Project(home).wethink("run", timeout=1_500)
    return Store.open(str(home / "data"))


@pytest.fixture(scope="session")
def sampled_rows(sampled: Store) -> pl.DataFrame:
    """The rows of the version."""
    return sampled.read_parquet("versions/v0001/rows.parquet")


@pytest.fixture(scope="session")
def pixels(sampled: Store, sampled_rows: pl.DataFrame) -> dict[str, list[str]]:
    """Digests of the images of the store, row by row, by split."""
    return {
        split: [digest(sampled.read(path)) for path in sampled_rows.filter(pl.col("split") == split)["image_path"]]
        for split in SPLITS
    }


@pytest.fixture(scope="session")
def lossy(sampled: Store, sampled_rows: pl.DataFrame) -> set[str]:
    """Digests of those of the store's images that are in a format of lossy compression."""
    paths = sampled_rows["image_path"].unique()
    images = (sampled.read(path) for path in paths if path.endswith((".jpg", ".webp")))
    return set(map(digest, images))


@pytest.fixture(scope="session")
def exported_sample(sampled: Store, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Gives the folder of an export of the sample version by format and form of images; its path has an apostrophe and a space."""
    made: dict[tuple[str, str], Path] = {}

    def folder(form: str, mode: str = "") -> Path:
        if (form, mode) not in made:
            made[form, mode] = tmp_path_factory.mktemp("sample") / f"Ann's {form} {mode}".strip()
            export_version(sampled, "v0001", made[form, mode], form, ImageOptions(mode))  # type: ignore[arg-type]
        return made[form, mode]

    return folder


@pytest.fixture(scope="session")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    """Runs a program of `readers` in a consumer's environment, without the package and without a network."""
    home = tmp_path_factory.mktemp("home")

    def read(consumer: str, program: str, *arguments: str | Path, **environment: str) -> dict[str, Any]:
        kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
        own = {
            "HOME": str(home),
            "HF_HOME": str(home / "hf"),
            "HF_HUB_OFFLINE": "1",
            "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
            "OMP_NUM_THREADS": "1",
            "CUDA_VISIBLE_DEVICES": "",
            "DISABLE_VERSION_CHECK": "1",
        }
        done = subprocess.run(
            [str(consumer_python(consumer)), str(READERS / f"{program}.py"), *map(str, arguments)],
            cwd=home,
            env={**kept, **own, **environment},
            capture_output=True,
            text=True,
            timeout=580,
            check=False,
        )
        assert done.returncode == 0, f"{program} {arguments}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
        return dict(json.loads(done.stdout.splitlines()[-1]))

    return read
