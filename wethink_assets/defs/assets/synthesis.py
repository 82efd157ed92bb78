"""The stages that ask models: from images to reasoning paths, one image batch at a time.

A stage whose budget is spent yields nothing, so that its partition stays missing and the later stages are skipped.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dagster as dg
import polars as pl

from wethink_assets.config import Settings
from wethink_assets.defs.assets.roles import role_key
from wethink_assets.defs.graph import DATA_TEAM, SYNTHESIS, image_batch, pool_of
from wethink_assets.defs.metadata.captions import answered, asked, reasoned, shown, with_questions
from wethink_assets.defs.metadata.cost import within_budget
from wethink_assets.defs.resources import OpenSynthesis
from wethink_assets.defs.stages.publication import closed, closure, published, reason_told
from wethink_assets.planning.stages import stage_plan
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.stages import answers as answering
from wethink_assets.synthesis.stages import descriptions as describing
from wethink_assets.synthesis.stages import questions as questioning
from wethink_assets.synthesis.stages import reasoning_paths as refining

Definition = dg.AssetsDefinition | dg.AssetChecksDefinition


def synthesis_assets(settings: Settings) -> list[Definition]:
    """`descriptions`, `questions`, `answers`, `reasoning_paths`, each with its check."""
    return [*description_assets(settings), *question_assets(settings), *answer_assets(settings), *path_assets(settings)]


def stage(settings: Settings, name: str, *kinds: str) -> dict[str, Any]:
    """What the stages have in common, as arguments of `dg.asset`."""
    plan = stage_plan(settings, name)
    return {
        "partitions_def": image_batch,
        "output_required": False,
        "deps": [role_key(role) for role in plan.roles],
        "code_version": plan.code_version,
        "group_name": SYNTHESIS,
        "kinds": {*kinds, "parquet"},
        "owners": DATA_TEAM,
        "pool": pool_of(settings, plan.roles),
        "backfill_policy": dg.BackfillPolicy.multi_run(1),
        "metadata": {"roles": ", ".join(plan.roles), "prompts": ", ".join(plan.prompts)},
    }


def done(
    context: dg.AssetExecutionContext,
    synthesis: OpenSynthesis,
    work: Callable[[Synthesis], StageOutput],
    inputs: Mapping[str, StageOutput],
    expected: pl.Series,
    item: str,
    show: Callable[[StageOutput, Blobs], dict[str, Any]],
) -> Iterator[dg.MaterializeResult[StageOutput]]:
    """Do the work of a stage on its batch within the run's budget, and publish it; nothing is yielded once the budget is spent.

    Args:
        context: of the stage's asset, which has its name.
        synthesis: opens the stage at work.
        work: does it.
        inputs: upstream tables that it was made from.
        expected: ids that must be in its results or rejections.
        item: their column.
        show: what the UI shows of it.
    """
    with within_budget(context), reason_told(context):
        with synthesis(context.asset_key.path[-1], context.partition_key) as asking:
            output = work(asking)
        yield published(
            context,
            output,
            expected=expected,
            item=item,
            inputs=inputs,
            made=asking.provenance(),
            metadata=show(output, asking.blobs),
        )


def description_assets(settings: Settings) -> list[Definition]:
    """`descriptions` and its check."""

    @dg.asset(**stage(settings, "descriptions", "vlm", "llm"))
    def descriptions(
        context: dg.AssetExecutionContext, images: StageOutput, synthesis: dg.ResourceParam[OpenSynthesis]
    ) -> Iterator[dg.MaterializeResult[StageOutput]]:
        """Fine description of each image, with the refinement dialogue that led to it."""
        yield from done(
            context,
            synthesis,
            lambda asking: describing.describe_images(images.results, asking),
            inputs={"images": images},
            expected=describing.expected_items(images.results),
            item=describing.ITEM,
            show=lambda output, blobs: shown(output, lambda row: [("", row["fine"])], images.results, blobs),
        )

    @dg.asset_check(**closed(descriptions, "images"))
    def descriptions_closed(images: StageOutput, descriptions: StageOutput) -> dg.AssetCheckResult:
        """Every image is described or rejected, never both."""
        return closure("images", describing.expected_items(images.results), descriptions, describing.ITEM)

    return [descriptions, descriptions_closed]


def question_assets(settings: Settings) -> list[Definition]:
    """`questions` and its check."""

    @dg.asset(**stage(settings, "questions", "llm"))
    def questions(
        context: dg.AssetExecutionContext,
        descriptions: StageOutput,
        synthesis: dg.ResourceParam[OpenSynthesis],
        store: dg.ResourceParam[Store],
    ) -> Iterator[dg.MaterializeResult[StageOutput]]:
        """Questions of each image with kind, options, category and abilities, as far as they pass both filters."""

        def show(output: StageOutput, blobs: Blobs) -> dict[str, Any]:
            images = Tables(store).scan("images", context.partition_key).collect()  # for the pictures only
            return shown(output, asked, images, blobs)

        yield from done(
            context,
            synthesis,
            lambda asking: questioning.write_questions(descriptions.results, asking),
            inputs={"descriptions": descriptions},
            expected=questioning.expected_items(descriptions.results, settings),
            item=questioning.ITEM,
            show=show,
        )

    @dg.asset_check(**closed(questions, "descriptions"))
    def questions_closed(descriptions: StageOutput, questions: StageOutput) -> dg.AssetCheckResult:
        """Every planned question is kept or rejected, never both."""
        expected = questioning.expected_items(descriptions.results, settings)
        return closure("descriptions", expected, questions, questioning.ITEM)

    return [questions, questions_closed]


def answer_assets(settings: Settings) -> list[Definition]:
    """`answers` and its check."""

    @dg.asset(**stage(settings, "answers", "vlm", "llm"))
    def answers(
        context: dg.AssetExecutionContext,
        questions: StageOutput,
        descriptions: StageOutput,
        images: StageOutput,
        synthesis: dg.ResourceParam[OpenSynthesis],
    ) -> Iterator[dg.MaterializeResult[StageOutput]]:
        """Both answers of each question, whether they agree, and the verdict where they do not."""
        yield from done(
            context,
            synthesis,
            lambda asking: answering.answer_questions(questions.results, descriptions.results, images.results, asking),
            inputs={"questions": questions, "descriptions": descriptions, "images": images},
            expected=answering.expected_items(questions.results),
            item=answering.ITEM,
            show=with_questions(answered, questions, images),
        )

    @dg.asset_check(**closed(answers, "questions"))
    def answers_closed(questions: StageOutput, answers: StageOutput) -> dg.AssetCheckResult:
        """Every question is answered or rejected, never both."""
        return closure("questions", answering.expected_items(questions.results), answers, answering.ITEM)

    return [answers, answers_closed]


def path_assets(settings: Settings) -> list[Definition]:
    """`reasoning_paths` and its check."""

    @dg.asset(**stage(settings, "reasoning_paths", "vlm", "llm"))
    def reasoning_paths(
        context: dg.AssetExecutionContext,
        answers: StageOutput,
        questions: StageOutput,
        images: StageOutput,
        synthesis: dg.ResourceParam[OpenSynthesis],
    ) -> Iterator[dg.MaterializeResult[StageOutput]]:
        """Reasoning of each answer, rewritten from the image and the final answer, and checked to end in it."""
        yield from done(
            context,
            synthesis,
            lambda asking: refining.refine_paths(answers.results, questions.results, images.results, asking),
            inputs={"answers": answers, "questions": questions, "images": images},
            expected=refining.expected_items(answers.results),
            item=refining.ITEM,
            show=with_questions(reasoned, questions, images),
        )

    @dg.asset_check(**closed(reasoning_paths, "answers"))
    def reasoning_paths_closed(answers: StageOutput, reasoning_paths: StageOutput) -> dg.AssetCheckResult:
        """Every answer has a reasoning path or a rejection, never both."""
        return closure("answers", refining.expected_items(answers.results), reasoning_paths, refining.ITEM)

    return [reasoning_paths, reasoning_paths_closed]
