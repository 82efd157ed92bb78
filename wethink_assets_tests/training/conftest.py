"""Fixtures of training tests: a tiny checkpoint, a drawn version, and recipes of a few steps."""

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.storage.store import Store
from wethink_assets.training.runs.plan import TrainingPlan, plan_run
from wethink_assets_tests.support.drawn_version import draw_version
from wethink_assets_tests.support.s3_server import S3Server
from wethink_assets_tests.support.tiny_checkpoint import TINY, save_tiny_checkpoint

__all__ = ["TINY"]

Plan = Callable[..., TrainingPlan]


@pytest.fixture
def s3_store(s3: S3Server) -> Store:
    """An empty store on S3."""
    return Store.open(f"s3://{s3.bucket}/{uuid.uuid4().hex}", **s3.options)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a few thousand weights, with the tokenizer of the shipped ones."""
    return save_tiny_checkpoint(tmp_path_factory.mktemp("tiny") / "tiny")


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with a drawn version, for reading only."""
    store = Store.open(str(tmp_path_factory.mktemp("drawn") / "data"))
    draw_version(store, train=24, validation=3)
    return store


@pytest.fixture
def home(tmp_path: Path, drawn: Store) -> Path:
    """A project's folder with a copy of the drawn version in its store."""
    shutil.copytree(drawn.root, tmp_path / "home" / "data")
    return tmp_path / "home"


@pytest.fixture
def plan(home: Path, request: pytest.FixtureRequest) -> Plan:
    """Plans a run of a tiny recipe, on the tiny checkpoint unless another one is given; keyword arguments change its settings."""

    def make(key: str = "v0001.tiny", **changed: Any) -> TrainingPlan:
        if "model" not in changed:
            changed["model"] = str(request.getfixturevalue("tiny_model"))
        return planned_run(home, key, **changed)

    return make


def planned_run(home: Path, key: str = "v0001.tiny", judge: str = "", **changed: Any) -> TrainingPlan:
    """A run of a tiny recipe in the project at `home`; `judge` is the URL of an endpoint in place of the embedded judge."""
    configuration = {
        "folder": str(home),
        "pipeline": {"prompt_pack": "embedded"},
        "recipes": {key.partition(".")[2]: {**TINY, **changed}},
        "training": {"leaks": "allow"},  # a drawn version has no cut that could be searched
    }
    if judge:
        configuration["roles"] = {"judge": {"provider": "endpoint", "url": judge, "model": "judge"}}
    settings = Settings.model_validate(configuration)
    return plan_run(settings, Store.open(settings.store_url), key)
