"""All four stages with real models behind the real vLLM: a pretrained text model on the pack `standard`, the embedded describer on its own.

The pretrained model is small (135 million parameters), so many of its questions are rejected: what counts is that every reply of it either parses
or is a counted rejection. The rates are printed (`pytest -s`).
"""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.models.registry import Models
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.service_check.check import check_services, services_of
from wethink_assets_tests.support.drawn_batch import copied, drawn_batch
from wethink_assets_tests.support.pretrained_model import smollm2
from wethink_assets_tests.support.stage_run import Stages, rates
from wethink_assets_tests.support.vllm_environment import vllm_python

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
IMAGES_DRAWN = 54
QUESTIONS = 20  # of the embedded model that the pretrained one screens, answers and judges
EMBEDDED = {"provider": "embedded", "prompt_pack": "embedded", "max_tokens": 160}


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Store, dict[str, Any], pl.DataFrame]:
    """A store with 54 ingested images of 18 sources; the sources' settings; the images table."""
    monkeypatch.setenv("WETHINK_SERVERS_DIR", str(tmp_path / "servers"))
    return drawn_batch(tmp_path, IMAGES_DRAWN)


def settings_with(located: dict[str, Any], roles: dict[str, Any], servers: dict[str, Any], **pipeline: Any) -> Settings:
    common = {"python": vllm_python(), "device": "cpu"}
    return Settings.model_validate(
        {
            "sources": located,
            "servers": {name: common | table for name, table in servers.items()},
            "roles": roles,
            "pipeline": {"questions_per_image": 1, "refinement_turns": 1, **pipeline},
        }
    )


def test_a_pretrained_model_in_the_text_roles_on_the_standard_pack(
    drawn: tuple[Store, dict[str, Any], pl.DataFrame], tmp_path: Path
) -> None:
    store, located, images = drawn
    kinds = {"kinds": {"MC": 0.3, "FIB": 0.3, "DES": 0.4}}
    own = settings_with(
        located, dict.fromkeys(("describer", "adjudicator", "reasoner", "judge"), EMBEDDED), {}, **kinds
    )
    with Models.open(own) as models:
        # What a model of 135 million parameters asks is hardly ever well-formed, so it also judges and answers questions of the embedded one.
        embedded = Stages(own, copied(store, tmp_path / "own"), models)
        described = embedded.describe(images)
        asked = embedded.ask(described).head(QUESTIONS)
    assert described.height >= 50 and asked.height == QUESTIONS

    words = {"model": str(smollm2()), "max_model_len": 4096, "kv_cache": 2}
    text = {"server": "words", "prompt_pack": "standard", "timeout": 1800}
    roles = {
        "describer": EMBEDDED,
        "adjudicator": EMBEDDED,
        # A reply that was cut off gets no more room: with this model more of it is no better, and 512 tokens are many minutes on a CPU.
        "reasoner": text | {"max_tokens": 128, "most_tokens": 128},
        "judge": text | {"max_tokens": 64, "most_tokens": 64},
    }
    one_by_one = {"questions_together": "off", "screenings_together": "off"}  # lists are beyond a model of this size
    settings = settings_with(located, roles, {"words": words}, concurrency=32, **one_by_one, **kinds)
    with Models.open(settings) as models:
        stages = Stages(settings, store, models)
        stages.describe(images)
        stages.ask(described)
        stages.answer(asked, described, images)
        screening = Stages(settings, copied(store, tmp_path / "screening"), models)
        screening.made["questions"] = screening.screen(asked, described)
        counts = rates(store, stages.made) | rates(screening.store, screening.made)
        checks = check_services(settings, models, list(services_of(settings, ("reasoner", "judge"))))
        models.servers.close(wait=60)
    assert counts["refine"]["asked"] == IMAGES_DRAWN >= 50 and counts["question"]["asked"] >= 50
    assert counts["screen"]["asked"] == counts["answer_text"]["asked"] == asked.height and counts["judge"]["asked"] > 0
    assert checks and not any(check.failed() for check in checks), "the check before a first batch passes"
    for name in ("refine", "question", "screen", "judge"):
        assert counts[name]["not JSON"] <= counts[name]["cut off"], f"{name}: the schema binds: {counts[name]}"


def test_the_vision_roles_on_a_server_do_what_they_do_in_process(
    drawn: tuple[Store, dict[str, Any], pl.DataFrame], tmp_path: Path
) -> None:
    store, located, images = drawn
    eyes = {"model": "embedded/describer", "max_model_len": 1024, "images": 1, "kv_cache": 1}
    seeing = {"server": "eyes", "prompt_pack": "embedded", "max_tokens": 160}
    text = {"reasoner": EMBEDDED, "judge": EMBEDDED}
    served = settings_with(located, {"describer": seeing, "adjudicator": seeing, **text}, {"eyes": eyes})
    own = settings_with(located, {"describer": EMBEDDED, "adjudicator": EMBEDDED, **text}, {})
    made: dict[str, dict[str, StageOutput]] = {}
    for name, settings in (("in process", own), ("served", served)):
        with Models.open(settings) as models:
            stages = Stages(settings, copied(store, tmp_path / name), models)
            described = stages.describe(images)
            asked = stages.ask(described)
            stages.refine(stages.answer(asked, described, images), asked, images)
            models.servers.close(wait=60)
        made[name] = stages.made
        print(name)
        counts = rates(stages.store, stages.made)
        assert {"describe", "details", "merge", "answer_image", "rewrite"} <= set(counts)
    columns = ["image_id", "coarse", "fine"]
    ours, theirs = (made[name]["descriptions"].results.select(columns) for name in ("in process", "served"))
    same = ours.join(theirs, on=columns, how="semi").height
    print(f"of {ours.height} images {same} have the same descriptions as from the engine in process")
    # The engine squares an image of any shape before it looks; a server keeps its shape, so its views of oblong images are others.
    assert made["served"]["descriptions"].results.height >= 45
