"""One tokenizer for all tests that train: building it is most of what a tiny training costs."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from wethink_assets.models.embedded.training import publication, recipe, trainer
from wethink_assets.models.embedded.training.model_builder import build_tokenizer
from wethink_assets_tests.support.micro_recipe import micro


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer of the tasks' words."""
    return build_tokenizer(1024, examples=1500)


@pytest.fixture
def work(tmp_path: Path, tokenizer: PreTrainedTokenizerFast) -> Callable[[str], Path]:
    """Makes working folders for trainings that find their tokenizer there."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        if not folder.exists():
            tokenizer.save_pretrained(folder / "tokenizer")
        return folder

    return make


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(tmp_path / "fresh", ignore_errors=True)
    return tmp_path / "fresh"


@pytest.fixture
def tiny_recipes(monkeypatch: pytest.MonkeyPatch, tokenizer: PreTrainedTokenizerFast) -> None:
    """The shipped recipes and their tokenizer take hours and minutes: the same code, of a smaller size."""
    monkeypatch.setattr(recipe, "RECIPES", {name: micro(name) for name in recipe.RECIPES})
    monkeypatch.setattr(publication, "RECIPES", recipe.RECIPES)
    monkeypatch.setattr(trainer, "build_tokenizer", lambda vocabulary: tokenizer)
