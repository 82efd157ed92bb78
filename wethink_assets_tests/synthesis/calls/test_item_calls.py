"""Calls of an item: what was cut off gets more room, what is no reply a second sample, and each way to end its reason."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.models.chat import Completion, Message, Sampling
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.described_batch import describe
from wethink_assets_tests.support.scripted_model import (
    ScriptedModel,
    after,
    drawn_images,
    good_script,
    scripted_settings,
)
from wethink_assets_tests.synthesis.conftest import BATCH

WORDS = "A red circle lies on white ground, left of two blue squares. "


class LongWinded(ScriptedModel):
    """Describes in so many tokens, a character each, and is cut off at the bound; thinks as long before it if it is told to."""

    def __init__(self, tokens: int, thinking: bool = False) -> None:
        super().__init__(good_script)
        self.said = f"<think>{'m' * tokens}</think>A disc." if thinking else (WORDS * tokens)[:tokens]
        self.bounds: list[int] = []

    async def chat(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, sampling: Sampling
    ) -> Completion:
        if messages[0].text != "describe":
            return await super().chat(messages, schema=schema, sampling=sampling)
        self.asked["describe"] += 1
        self.bounds.append(sampling.max_tokens)
        said = self.said[: sampling.max_tokens]
        ended = "stop" if len(said) == len(self.said) else "length"
        return Completion(said, 9, len(said), ended, "scripted")


def settings_with(pack: str, **describer: Any) -> Settings:
    return scripted_settings(pack).model_copy(
        update={"roles": Settings.model_validate({"roles": {"describer": describer}}).roles}
    )


@pytest.mark.parametrize(
    ("describer", "tokens", "bounds", "reason"),
    [
        ({"max_tokens": 100}, 90, [100], None),
        ({"max_tokens": 100}, 390, [100, 400], None),
        ({"max_tokens": 100}, 900, [100, 400, 400], "cut_off"),  # the second sample has all the room there is
        ({"max_tokens": 100, "most_tokens": 1000}, 900, [100, 400, 1000], None),
        ({"max_tokens": 100, "most_tokens": 100}, 900, [100, 100], "cut_off"),
    ],
)
def test_a_reply_that_was_cut_off_is_asked_for_with_more_room(
    store: Store, pack: str, describer: dict[str, Any], tokens: int, bounds: list[int], reason: str | None
) -> None:
    model = LongWinded(tokens)
    output = describe(settings_with(pack, **describer), store, model, drawn_images(store, 1))
    assert model.bounds == bounds
    assert output.rejections["reason"].to_list() == ([reason] if reason else [])
    kept = journaled_calls(store, "descriptions", BATCH)
    assert kept.filter(kept["prompt"] == "describe")["max_tokens"].to_list() == bounds


def test_a_model_that_thinks_gets_the_room_that_its_thoughts_take(store: Store, pack: str) -> None:
    model = LongWinded(9_000, thinking=True)
    output = describe(settings_with(pack, max_tokens=512), store, model, drawn_images(store, 1))
    assert model.bounds == [512, 2_048, 8_192, 32_768] and output.results["coarse"].to_list() == ["A disc."]
    told, other = LongWinded(6_000, thinking=True), Store.open(f"{store.url}2")
    describe(settings_with(pack, thinking="high"), other, told, drawn_images(other, 1))
    assert told.bounds == [8_192]


def test_raising_the_bound_asks_only_for_what_was_cut_off(store: Store, pack: str) -> None:
    images = drawn_images(store, 3)
    describe(settings_with(pack, max_tokens=200), store, LongWinded(150), images)
    raised = LongWinded(150)
    output = describe(settings_with(pack, max_tokens=4_000), store, raised, images)
    assert raised.calls == 0 and output.results.height == 3
    journaled = set(journaled_calls(store, "descriptions", BATCH)["key"])
    assert all(set(calls) <= journaled for calls in output.results["calls"].to_list())
    lowered = LongWinded(150)
    describe(settings_with(pack, max_tokens=120), store, lowered, images)
    assert lowered.bounds == [120] * 3, "asked again, cut off; with more room it is the reply that there was"


@pytest.mark.parametrize(
    ("ended", "reason"),
    [
        ("content_filter", "filtered"),
        ("SAFETY", "filtered"),
        ("refusal", "refused"),
        ("tool_calls", "malformed_reply"),
        ("error", "endpoint_error"),
        ("abort", "endpoint_error"),
        ("max_tokens", "cut_off"),
    ],
)
def test_a_reply_that_did_not_end_by_itself_has_its_reason(store: Store, pack: str, ended: str, reason: str) -> None:
    reply = Completion("A red circle lies on", 9, 512, ended, "scripted")
    model = ScriptedModel(after(good_script, describe=lambda v, n: reply))
    output = describe(scripted_settings(pack), store, model, drawn_images(store, 2))
    assert output.rejections["reason"].to_list() == [reason] * 2
    again = ScriptedModel(good_script)
    healed: StageOutput = describe(scripted_settings(pack), store, again, drawn_images(store, 2))
    assert healed.results.height == (2 if reason == "endpoint_error" else 0), "a fault of the service is asked anew"
