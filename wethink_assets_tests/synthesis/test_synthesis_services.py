"""A stage at every service that refuses what its documentation says: nothing is refused, and nothing is asked twice."""

import base64
import hashlib
import json

import pytest

from wethink_assets.config import Settings
from wethink_assets.models.registry import Models
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.stages.descriptions import describe_images
from wethink_assets_tests.support.scripted_model import drawn_images, good_script
from wethink_assets_tests.support.services import SERVICES, ServiceDouble, served
from wethink_assets_tests.support.services.rules import Body, parts_of
from wethink_assets_tests.synthesis.conftest import BATCH

CALLS_AN_IMAGE = 6


def by_prompt(body: Body) -> str:
    """The reply of the scripted model, which reads prompt and variables from the pack's texts."""
    parts = list(parts_of(body))
    name, variables = [part["text"] for part in parts if part["type"] == "text"]
    values = json.loads(variables)
    for part in parts:
        if part["type"] == "image_url":
            data = base64.b64decode(part["image_url"]["url"].partition(";base64,")[2])
            values["pixels"] = hashlib.sha256(data).hexdigest()
    return good_script(name.split()[0], values, 0)


def described(store: Store, service: ServiceDouble, pack: str, **changes: object) -> StageOutput:
    """Four pictures described by this service."""
    roles = {role: service.role(**changes) for role in ("describer", "reasoner")}
    settings = Settings.model_validate({"pipeline": {"prompt_pack": pack}, "roles": roles})
    with (
        Models.open(settings) as models,
        Synthesis.open(settings, store, models, "descriptions", BATCH) as synthesis,
    ):
        return describe_images(drawn_images(store, 4), synthesis)


@pytest.mark.parametrize("name", SERVICES)
def test_pictures_are_described_once(name: str, store: Store, pack: str) -> None:
    with served(name, by_prompt) as service:
        first = described(store, service, pack)
        assert first.results.height == 4 and first.rejections.is_empty() and not service.refusals
        assert len(service.requests) == journaled_calls(store, "descriptions", BATCH).height == 4 * CALLS_AN_IMAGE
        again = described(store, service, pack)
        assert again.results.equals(first.results) and len(service.requests) == 4 * CALLS_AN_IMAGE


def test_what_is_asked_in_another_way_is_asked_anew(store: Store, pack: str) -> None:
    with served("vllm", by_prompt) as service:
        described(store, service, pack, dialect="")
        for asked_anew, changes in (
            (0, {"dialect": "vllm", "rename": {"max_tokens": "max_completion_tokens"}}),
            (2, {"schema_mode": "unbounded"}),  # the two calls of an image that want JSON
            (CALLS_AN_IMAGE, {"thinking": "off"}),
            (CALLS_AN_IMAGE, {"omit": ["seed"]}),
        ):
            before = len(service.requests)
            described(store, service, pack, **changes)
            assert len(service.requests) - before == 4 * asked_anew, changes
