"""Of thousands of replies that are none, none reaches descriptions or answers, each is counted under its reason; of sound ones none is refused."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.models.chat import Completion
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.stages.answers import answer_questions
from wethink_assets.synthesis.stages.descriptions import describe_images
from wethink_assets_tests.support.asked_batch import asked_batch
from wethink_assets_tests.support.hostile_services import SOUND_ANSWERS, SOUND_TEXTS, non_replies
from wethink_assets_tests.support.scripted_model import (
    ScriptedModel,
    after,
    drawn_images,
    good_script,
    scripted_settings,
)

Run = Callable[..., StageOutput]
REASONS = {
    "refused": {"refused"},
    "no_answer": {"no_answer", "refused"},
    "wrong_language": {"wrong_language"},
    "unfinished": {"cut_off", "filtered", "refused", "malformed_reply", "endpoint_error"},
    "tokens": {"malformed_reply", "no_answer"},
}
COUNTS = [500, pytest.param(10_000, marks=pytest.mark.slow)]


def settings_for(pack: str) -> Settings:
    return scripted_settings(pack, concurrency=64)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("prompt", ["describe", "merge"])
def test_no_non_reply_describes_an_image(store: Store, pack: str, run_stage: Run, prompt: str, count: int) -> None:
    images = drawn_images(store, count)
    told = dict(zip(images["image_id"], non_replies(count), strict=True))
    by_start = {image[:8]: said for image, said in told.items()}

    def bad(variables: dict[str, Any], sample: int) -> str | Completion:
        start = variables["pixels"][:8]
        return by_start[start][1]

    model = ScriptedModel(after(good_script, **{prompt: bad}))
    output = run_stage(describe_images, model, images, settings=settings_for(pack))
    kept = [told[image] for image in output.results["image_id"]]
    assert not kept, kept[:20]
    wrong = Counter(
        (told[item][0], reason, str(told[item][1])[:60])
        for item, reason in output.rejections.select("item", "reason").iter_rows()
        if reason not in REASONS[told[item][0]]
    )
    assert not wrong, wrong.most_common(20)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", ["FIB", "DES"])
def test_no_non_reply_is_an_agreed_answer(store: Store, pack: str, run_stage: Run, kind: str, count: int) -> None:
    batch = asked_batch(store, kind, count)
    told = dict(zip(batch[0]["image_id"], non_replies(count, seed=1), strict=True))
    by_question = {f"Which colour is number {number}?": said for number, said in enumerate(told.values())}
    questions = batch[0].with_columns(question=pl.Series(list(by_question)))

    def bad(variables: dict[str, Any], sample: int) -> str | Completion:
        said = by_question[variables["question"]][1]
        return said if isinstance(said, Completion) else f"<think>Hm.</think><answer>{said}</answer>"

    model = ScriptedModel(after(good_script, answer_image=bad, answer_text=bad))
    output = run_stage(answer_questions, model, questions, *batch[1:], settings=settings_for(pack))
    kept = [(told[image], answer) for image, answer in output.results.select("image_id", "answer").iter_rows()]
    assert not kept, kept[:20]


def test_no_sound_reply_is_refused(store: Store, pack: str, run_stage: Run) -> None:
    count = 200
    images = drawn_images(store, count)
    chance = random.Random(3)

    def text(variables: dict[str, Any], sample: int) -> str:
        return " ".join(chance.sample(SOUND_TEXTS, chance.randrange(1, 4)))

    model = ScriptedModel(after(good_script, describe=text, merge=text))
    output = run_stage(describe_images, model, images, settings=settings_for(pack))
    assert output.rejections.is_empty(), output.rejections["detail"].to_list()[:20]

    questions, descriptions, pictures = asked_batch(store, "FIB", count)

    def answer(variables: dict[str, Any], sample: int) -> str:
        return f"<think>It is so.</think><answer>{SOUND_ANSWERS[int(variables['question'].split()[-1][:-1]) % len(SOUND_ANSWERS)]}</answer>"

    questions = questions.with_columns(question=pl.Series([f"Which is number {number}?" for number in range(count)]))
    model = ScriptedModel(after(good_script, answer_image=answer, answer_text=answer))
    answered = run_stage(answer_questions, model, questions, descriptions, pictures, settings=settings_for(pack))
    assert answered.rejections.is_empty(), answered.rejections["detail"].unique().to_list()[:20]
