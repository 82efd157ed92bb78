"""Calls that a kept row takes, with nothing rejected: one call for all questions of an image, for all screenings and for all requests of a turn."""

import json
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.scripted_model import (
    ScriptedModel,
    after,
    drawn_images,
    good_script,
    scripted_settings,
    write_pack,
)
from wethink_assets_tests.support.stage_run import Stages
from wethink_assets_tests.synthesis.conftest import models_of

IMAGES = 12


def calls_per_row(settings: Settings, folder: Path, turns: int) -> float:
    """Calls of all stages over rows, where the reasoner makes requests in so many turns and both sides word descriptive answers in their way."""

    def refine(variables: dict[str, Any], sample: int) -> str:
        done = len(variables["dialogue"]) >= 3 * turns
        requests = [] if done else [f"Request {len(variables['dialogue']) + each}?" for each in range(3)]
        return json.dumps({"complete": done, "requests": requests})

    def own_words(variables: dict[str, Any], sample: int) -> str | None:
        return (
            "<think>I look.</think><answer>One circle in red stands alone.</answer>"
            if variables["kind"] == "DES"
            else None
        )

    model = ScriptedModel(after(good_script, refine=refine, answer_image=own_words))
    store = Store.open(str(folder / "store"))
    images = drawn_images(store, IMAGES)
    with models_of(settings, model) as models:
        stages = Stages(settings, store, models)
        described = stages.describe(images)
        asked = stages.ask(described)
        kept = stages.refine(stages.answer(asked, described, images), asked, images)
    assert kept.height == IMAGES * settings.pipeline.questions_per_image
    return model.calls / kept.height


@pytest.mark.parametrize(
    ("kinds", "turns", "most"),
    [
        pytest.param({"MC": 0.4, "FIB": 0.4, "DES": 0.2}, 1, 5.0, id="default mix"),
        pytest.param({"MC": 0.5, "FIB": 0.5}, 1, 4.75, id="short answers"),
        pytest.param({"MC": 0.5, "FIB": 0.5}, 0, 4.0, id="nothing requested"),
    ],
)
def test_a_kept_row_takes_at_most_five_calls_at_four_questions_an_image(
    tmp_path: Path, kinds: dict[str, float], turns: int, most: float
) -> None:
    pack = write_pack(tmp_path / "pack", grouped=True)
    assert calls_per_row(scripted_settings(pack, questions_per_image=4, kinds=kinds), tmp_path, turns) <= most


def test_one_by_one_a_kept_row_takes_more(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack")
    assert calls_per_row(scripted_settings(pack, questions_per_image=4), tmp_path, 1) > 6.5
