"""A pretrained model behind the real server of llama.cpp, in its dialect: a batch of the pack `standard` ends.

The model is small (135 million parameters), so most of what it asks is rejected: what counts is that every reply either parses or is a counted
rejection. The rates are printed (`pytest -s`).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.models.chat import CallFailed, Image, Message
from wethink_assets.models.registry import Models
from wethink_assets.synthesis.calls.reply_schemas import Refinement, json_schema
from wethink_assets_tests.support.drawn_batch import copied, drawn_batch
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.llamacpp_server import llamacpp_server
from wethink_assets_tests.support.pretrained_model import NAME, smollm2_gguf
from wethink_assets_tests.support.stage_run import Stages, rates

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
IMAGES_DRAWN, IMAGES_USED = 18, 6
EMBEDDED = {"provider": "embedded", "prompt_pack": "embedded", "max_tokens": 160}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of the server."""
    with llamacpp_server(smollm2_gguf(), tmp_path_factory.mktemp("llamacpp")) as address:
        yield address


def role(url: str, **changes: Any) -> dict[str, Any]:
    return {"provider": "endpoint", "url": url, "model": NAME, "dialect": "llama.cpp", **changes}


def test_a_batch_of_the_pack_standard_ends_with_each_reply_parsed_or_counted_as_a_rejection(
    url: str, tmp_path: Path
) -> None:
    store, located, images = drawn_batch(tmp_path, IMAGES_DRAWN)
    images = images.head(IMAGES_USED)
    common = {
        "sources": located,
        "pipeline": {
            "questions_per_image": 1,
            "refinement_turns": 1,
            "questions_together": "off",  # lists are beyond a model of this size
            "screenings_together": "off",
            "kinds": {"MC": 0.3, "FIB": 0.3, "DES": 0.4},
        },
    }
    eyes = dict.fromkeys(("describer", "adjudicator"), EMBEDDED)
    own = Settings.model_validate(common | {"roles": eyes | dict.fromkeys(("reasoner", "judge"), EMBEDDED)})
    with Models.open(own) as models:
        embedded = Stages(own, copied(store, tmp_path / "own"), models)
        described = embedded.describe(images)
        asked = embedded.ask(described)
    assert described.height >= 5 and asked.height >= 4

    text = role(url, prompt_pack="standard")
    roles = {
        "reasoner": text | {"max_tokens": 64, "most_tokens": 128},
        "judge": text | {"max_tokens": 48, "most_tokens": 48},
    }
    settings = Settings.model_validate(common | {"roles": eyes | roles})
    with Models.open(settings) as models:
        stages = Stages(settings, store, models)
        stages.describe(images)
        stages.ask(described)
        stages.answer(asked, described, images)
        screening = Stages(settings, copied(store, tmp_path / "screening"), models)
        screening.made["questions"] = screening.screen(asked, described)
    counts = rates(store, stages.made) | rates(screening.store, screening.made)
    assert counts["refine"]["asked"] == IMAGES_USED and counts["question"]["asked"] == described.height
    assert counts["screen"]["asked"] == counts["answer_text"]["asked"] == asked.height
    for name in ("refine", "question", "screen"):
        assert counts[name]["not JSON"] <= counts[name]["cut off"], f"{name}: the schema binds: {counts[name]}"


def test_what_the_server_does_is_what_the_client_reads_of_it(url: str) -> None:
    """Ends, tokens, probabilities, and an image that a model without eyes refuses: at once, though it is told as a fault of the server."""
    settings = Settings.model_validate(
        {"roles": {"judge": role(url, max_tokens=8, thinking="off", extra_body={"logprobs": True})}}
    )
    message = [Message("system", "You answer in one word."), Message("user", "The capital of France?")]
    picture = Image("0" * 64, "image/png", lambda: drawing(1))
    with Models.open(settings) as models:
        judge, sampling = models.role("judge"), models.sampling("judge", 5)
        words = models.run(judge.chat(message, sampling=sampling))
        again = models.run(judge.chat(message, sampling=sampling))
        cut = models.run(judge.chat(message, schema=json_schema(Refinement), sampling=sampling))
        with pytest.raises(CallFailed, match="image input is not supported") as refused:
            models.run(judge.chat([Message("user", "What is there?", (picture,))], sampling=sampling))
    assert words.text == again.text and words.prompt_tokens > 8 >= words.completion_tokens > 0 and not words.counted
    assert again.cached_tokens > 0 and words.certainty is not None and 0 < words.certainty < 1
    # Its grammar lets a fence stand before the object, and takes it away once the reply is whole.
    assert cut.finish_reason == "length" and cut.text.removeprefix("```json").lstrip()[:1] in ("", "{")
    assert refused.value.reason == "endpoint_error"
