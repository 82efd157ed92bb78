"""Questions of an image in one call, and their screenings in one: what a fault of an entry costs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ConfigError, ModelError
from wethink_assets.models.chat import CallFailed, Completion
from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.prompts import asked_prompts
from wethink_assets.synthesis.stages.questions import STAGE, write_questions
from wethink_assets_tests.support.closed_stages import require_stage_closed
from wethink_assets_tests.support.scripted_model import ScriptedModel, after, good_script, scripted_settings, write_pack
from wethink_assets_tests.synthesis.stages.test_questions import described

Run = Callable[..., StageOutput]
Change = Callable[[list[dict[str, Any]]], Any]


@pytest.fixture
def pack(tmp_path: Path) -> str:
    return write_pack(tmp_path / "pack", grouped=True)


@pytest.fixture
def settings(pack: str) -> Settings:
    return scripted_settings(pack, questions_per_image=4)


def entries_of(name: str, variables: dict[str, Any], sample: int) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(good_script(name, variables, sample))[name]
    return entries


def changed(name: str, change: Change, always: bool = False) -> Callable[[dict[str, Any], int], Any]:
    """A reply whose list `change` makes another one: the first to four entries, or every one."""

    def reply(variables: dict[str, Any], sample: int) -> Any:
        if len(variables["entries"]) < 4 and not always:
            return None
        given = change(entries_of(name, variables, sample))
        return given if isinstance(given, (str, Completion)) else json.dumps({name: given})

    return reply


def test_an_image_takes_one_call_for_its_questions_and_one_for_their_screenings(
    run_stage: Run, settings: Settings
) -> None:
    model, upstream = ScriptedModel(good_script), described(3)
    output = run_stage(write_questions, model, upstream)
    require_stage_closed("questions", upstream, output, settings)
    assert output.results.height == 12, output.rejections
    assert dict(model.asked) == {"questions": 3, "screenings": 3}
    by_image = output.results.group_by("image_id").agg("calls")
    for calls in by_image["calls"]:
        assert len({tuple(keys) for keys in calls}) == 1 and len(calls[0]) == 2
    assert run_stage.synthesis.usage.as_dict()["calls"] == 6  # type: ignore[attr-defined]  # shared calls count once
    again = ScriptedModel(good_script)
    assert run_stage(write_questions, again, upstream).results.equals(output.results) and again.calls == 0


@pytest.mark.parametrize("name", ["questions", "screenings"])
@pytest.mark.parametrize(
    "change",
    [
        lambda entries: entries[:1] + entries[2:],
        lambda entries: [*entries, {**entries[1], "reason": "other", "question": "Another one?"}],
        lambda entries: [entries[0], {"number": 2, "answerable": "yes", "question": 7}, *entries[2:]],
        lambda entries: [entries[0], "nothing", *entries[2:]],
        lambda entries: [*entries[:1], *entries[2:], {**entries[1], "number": 9}],
    ],
    ids=["missing", "doubled", "malformed", "no object", "another number"],
)
def test_an_entry_that_is_of_no_use_is_asked_for_again_alone(
    run_stage: Run, settings: Settings, name: str, change: Change
) -> None:
    sizes: list[int] = []

    def reply(variables: dict[str, Any], sample: int) -> Any:
        sizes.append(len(variables["entries"]))
        return changed(name, change)(variables, sample)

    model, upstream = ScriptedModel(after(good_script, **{name: reply})), described(2)
    output = run_stage(write_questions, model, upstream)
    require_stage_closed("questions", upstream, output, settings)
    assert output.results.height == 8, output.rejections
    assert sorted(sizes) == [1, 1, 4, 4]
    assert sorted(len(calls) for calls in output.results["calls"]) == [2] * 6 + [3] * 2


@pytest.mark.parametrize("name", ["questions", "screenings"])
def test_an_entry_that_never_comes_costs_its_slot_alone(run_stage: Run, settings: Settings, name: str) -> None:
    def without_the_last(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return entries[:3] if len(entries) == 4 else []

    model, upstream = (
        ScriptedModel(after(good_script, **{name: changed(name, without_the_last, always=True)})),
        described(3),
    )
    output = run_stage(write_questions, model, upstream)
    require_stage_closed("questions", upstream, output, settings)
    assert output.results.height == 9 and output.reasons() == {"malformed_reply": 3}
    assert output.rejections["detail"].str.starts_with(f"{name}: ").all()
    assert model.asked[name] == 6


def test_each_question_has_the_reason_of_its_own_fault(run_stage: Run, settings: Settings) -> None:
    def mixed(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        repeated = {**entries[0], "number": 3, "options": entries[2]["options"], "answer": entries[2]["answer"]}
        return [
            entries[0],
            {**entries[1], "abilities": ["OCR"]},
            repeated,
            {**entries[3], "question": "I'm sorry, but I can't help with that."},
        ]

    def one_unanswerable(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**entries[0], "answerable": False}, *entries[1:]]

    script = after(
        good_script,
        questions=changed("questions", mixed, always=False),
        screenings=changed("screenings", one_unanswerable, always=True),
    )
    model, upstream = ScriptedModel(script), described(1)
    output = run_stage(write_questions, model, upstream)
    require_stage_closed("questions", upstream, output, settings)
    # The refusal is asked for again, and what comes then is kept.
    assert output.reasons() == {"not_answerable": 1, "not_wellformed": 1, "repeated_question": 1}
    assert output.results.height == 1


@pytest.mark.parametrize("name", ["questions", "screenings"])
def test_a_reply_that_was_cut_off_gets_room_and_then_gives_what_is_whole(
    run_stage: Run, settings: Settings, name: str
) -> None:
    def cut(entries: list[dict[str, Any]]) -> Completion:
        whole = json.dumps({name: entries})
        return Completion(whole[: whole.index('"number": 3') + 20], 10, 500, "length", "scripted")

    model, upstream = ScriptedModel(after(good_script, **{name: changed(name, cut)})), described(1)
    bounded = settings.model_copy(deep=True)
    bounded.roles["reasoner"] = bounded.role("reasoner").model_copy(update={"max_tokens": 100, "most_tokens": 1600})
    output = run_stage(write_questions, model, upstream, settings=bounded)
    require_stage_closed("questions", upstream, output, settings)
    assert output.results.height == 4, output.rejections
    assert model.asked[name] == 3  # with room for four replies, with four times that, and the two that lacked


def test_a_call_that_fails_costs_what_it_asked_for(run_stage: Run, settings: Settings) -> None:
    def second_fails(variables: dict[str, Any], sample: int) -> Any:
        if len(variables["entries"]) < 4:
            return CallFailed("the service refuses", "filtered")
        return json.dumps({"questions": entries_of("questions", variables, sample)[:2]})

    upstream = described(2)
    output = run_stage(write_questions, ScriptedModel(after(good_script, questions=second_fails)), upstream)
    require_stage_closed("questions", upstream, output, settings)
    assert output.results.height == 4 and output.reasons() == {"filtered": 4}


def test_what_is_asked_for_again_knows_what_there_is(run_stage: Run, settings: Settings) -> None:
    asked: list[list[str]] = []

    def watch(variables: dict[str, Any], sample: int) -> Any:
        asked.append(variables["asked"])
        return changed("questions", lambda entries: entries[:3])(variables, sample)

    run_stage(write_questions, ScriptedModel(after(good_script, questions=watch)), described(1))
    assert [len(each) for each in asked] == [0, 3]


def test_one_may_be_grouped_and_the_other_not(run_stage: Run, pack: str) -> None:
    for together, prompts in (
        ({"questions_together": "off"}, {"question": 8, "screenings": 2}),
        ({"screenings_together": "off"}, {"questions": 2, "screen": 8}),
        ({"questions_together": "off", "screenings_together": "off"}, {}),  # all of it is journaled
    ):
        settings = scripted_settings(pack, questions_per_image=4, **together)
        model, upstream = ScriptedModel(good_script), described(2)
        output = run_stage(write_questions, model, upstream, settings=settings)
        require_stage_closed("questions", upstream, output, settings)
        assert output.results.height == 8 and dict(model.asked) == prompts


def test_a_pack_without_the_prompt_asks_one_by_one_or_is_named(tmp_path: Path) -> None:
    single = write_pack(tmp_path / "single")
    assert asked_prompts(scripted_settings(single), STAGE.prompts) == ("question", "screen")
    with pytest.raises(ConfigError, match="questions_together") as caught:
        asked_prompts(scripted_settings(single, questions_together="on"), STAGE.prompts)
    assert single in str(caught.value) and "questions.md" in str(caught.value)


def test_a_run_that_ends_between_the_calls_pays_for_none_twice(run_stage: Run, settings: Settings) -> None:
    def gone(variables: dict[str, Any], sample: int) -> Any:
        return ModelError("the service is gone")

    upstream, first = described(2), ScriptedModel(after(good_script, screenings=gone))
    with pytest.raises(ModelError, match="gone"):
        run_stage(write_questions, first, upstream)
    model = ScriptedModel(good_script)
    output = run_stage(write_questions, model, upstream)
    require_stage_closed("questions", upstream, output, settings)
    assert output.results.height == 8 and first.asked["questions"] + model.asked["questions"] == 2
    assert model.asked["screenings"] == 2
