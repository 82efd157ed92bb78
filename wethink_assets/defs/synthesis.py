"""The stages that ask models: from images to reasoning paths, one image batch at a time.

A stage whose budget is spent yields nothing, so that its partition stays missing and the later stages are skipped.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from wethink_assets.config import Settings
from wethink_assets.defs.bill import within_budget
from wethink_assets.defs.labels import DATA_TEAM, SYNTHESIS
from wethink_assets.defs.partitions import image_batch
from wethink_assets.defs.pools import pool_of
from wethink_assets.defs.previews import Captions, picture_gallery, rejected_table, sample_table
from wethink_assets.defs.publishing import closed, closure, published
from wethink_assets.defs.resources import OpenSynthesis
from wethink_assets.defs.roles import role_key
from wethink_assets.planning.stages import stage_plan
from wethink_assets.stages import StageOutput
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets.synthesis import answers as answering
from wethink_assets.synthesis import descriptions as describing
from wethink_assets.synthesis import questions as questioning
from wethink_assets.synthesis import reasoning_paths as refining

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


def shown(
    output: StageOutput, captions: Captions, images: pl.DataFrame, blobs: Blobs, rows: pl.DataFrame | None = None
) -> dict[str, Any]:
    """Sample, pictures and rejections of a stage; `rows` are the results with what the captions need beside them."""
    return {
        "preview": picture_gallery(output.results if rows is None else rows, images, blobs, captions),
        "sample": sample_table(output.results),
        "rejected": rejected_table(output),
    }


def description_assets(settings: Settings) -> list[Definition]:
    """`descriptions` and its check."""

    @dg.asset(**stage(settings, "descriptions", "vlm", "llm"))
    def descriptions(
        context: dg.AssetExecutionContext, images: StageOutput, synthesis: dg.ResourceParam[OpenSynthesis]
    ) -> Iterator[dg.MaterializeResult[StageOutput]]:
        """Fine description of each image, with the refinement dialogue that led to it."""
        with within_budget(context):
            with synthesis("descriptions", context.partition_key) as work:
                output = describing.describe_images(images.results, work)
            yield published(
                context,
                output,
                expected=describing.expected_items(images.results),
                item=describing.ITEM,
                inputs={"images": images},
                made=work.provenance(),
                metadata=shown(output, lambda row: [("", row["fine"])], images.results, work.blobs),
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
        with within_budget(context):
            with synthesis("questions", context.partition_key) as work:
                output = questioning.write_questions(descriptions.results, work)
            images = Tables(store).scan("images", context.partition_key).collect()  # for the pictures only
            yield published(
                context,
                output,
                expected=questioning.expected_items(descriptions.results, settings),
                item=questioning.ITEM,
                inputs={"descriptions": descriptions},
                made=work.provenance(),
                metadata=shown(output, asked, images, work.blobs),
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
        with within_budget(context):
            with synthesis("answers", context.partition_key) as work:
                output = answering.answer_questions(questions.results, descriptions.results, images.results, work)
            yield published(
                context,
                output,
                expected=answering.expected_items(questions.results),
                item=answering.ITEM,
                inputs={"questions": questions, "descriptions": descriptions, "images": images},
                made=work.provenance(),
                metadata=shown(output, answered, images.results, work.blobs, with_questions(output, questions)),
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
        with within_budget(context):
            with synthesis("reasoning_paths", context.partition_key) as work:
                output = refining.refine_paths(answers.results, questions.results, images.results, work)
            yield published(
                context,
                output,
                expected=refining.expected_items(answers.results),
                item=refining.ITEM,
                inputs={"answers": answers, "questions": questions, "images": images},
                made=work.provenance(),
                metadata=shown(output, reasoned, images.results, work.blobs, with_questions(output, questions)),
            )

    @dg.asset_check(**closed(reasoning_paths, "answers"))
    def reasoning_paths_closed(answers: StageOutput, reasoning_paths: StageOutput) -> dg.AssetCheckResult:
        """Every answer has a reasoning path or a rejection, never both."""
        return closure("answers", refining.expected_items(answers.results), reasoning_paths, refining.ITEM)

    return [reasoning_paths, reasoning_paths_closed]


def with_questions(output: StageOutput, questions: StageOutput) -> pl.DataFrame:
    """Results with the question and options of their slot."""
    return output.results.join(questions.results.select("slot", "question", "options"), on="slot", how="left")


def asked(row: Any) -> list[tuple[str, str]]:
    """Captions of a question."""
    options = [f"{letter}) {option}" for letter, option in zip("ABCDEFGHIJ", row["options"] or [], strict=False)]
    return [
        (row["kind"], row["question"]),
        ("Options", "  ".join(options)),
        ("Abilities", ", ".join(row.get("abilities") or [])),
    ]


def answered(row: Any) -> list[tuple[str, str]]:
    """Captions of an answer."""
    fate = "agreed" if row["agreed"] else f"adjudicated: {row['verdict']}"
    told = f"{row['image_answer']} / {row['text_answer']} ({fate})"
    return [*asked(row), ("Image / description", told), ("Answer", row["answer"])]


def reasoned(row: Any) -> list[tuple[str, str]]:
    """Captions of a reasoning path."""
    return [("Question", row["question"]), ("Reasoning", row["refined_cot"]), ("Answer", row["answer"])]
