"""The four stages, end to end over a scripted model."""

from collections.abc import Callable

from wethink_assets.config import Settings
from wethink_assets.identity import data_version
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.stages import answers, descriptions, questions, reasoning_paths
from wethink_assets_tests.support.closed_stages import require_stage_closed
from wethink_assets_tests.support.scripted_model import ScriptedModel, drawn_images, good_script


def test_four_stages_account_for_every_item(
    store: Store, settings: Settings, run_stage: Callable[..., StageOutput]
) -> None:
    model = ScriptedModel(good_script)
    images = drawn_images(store, 20)
    described = run_stage(descriptions.describe_images, model, images)
    require_stage_closed("descriptions", images, described)
    assert described.results.height == 20
    assert described.results["turns"].to_list() == [1] * 20
    assert described.results["fine"][0].endswith("Red. Small.")
    assert described.results["calls"].list.len().to_list() == [6] * 20

    asked = run_stage(questions.write_questions, model, described.results)
    require_stage_closed("questions", described.results, asked, settings)
    assert asked.results.height == 40, asked.rejections

    answered = run_stage(answers.answer_questions, model, asked.results, described.results, images)
    require_stage_closed("answers", asked.results, answered)
    assert answered.results["agreed"].all()

    refined = run_stage(reasoning_paths.refine_paths, model, answered.results, asked.results, images)
    require_stage_closed("reasoning_paths", answered.results, refined)
    assert refined.results.height == 40, refined.rejections
    assert run_stage.synthesis.provenance()["calls"]["describer.calls"] == 40.0  # type: ignore[attr-defined]

    calls = model.calls
    again = run_stage(descriptions.describe_images, model, images)
    assert model.calls == calls, "finished calls were paid for twice"
    assert data_version(again.results) == data_version(described.results)
    assert store.names("journal/descriptions/coco.000001")[-1].startswith("part-")
