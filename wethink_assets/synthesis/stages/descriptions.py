"""What does an image show? Multi-turn information refinement: coarse description, questions about what it lacks, fine description."""

from typing import Any

import polars as pl

from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.schemas import DESCRIPTIONS
from wethink_assets.synthesis.calls.collector import Outcome, settled
from wethink_assets.synthesis.calls.images import pictures_by_id
from wethink_assets.synthesis.calls.item_calls import Asking, together
from wethink_assets.synthesis.calls.reply_schemas import Refinement
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.prompt_packs import STAGE_PROMPTS

STAGE = "descriptions"
ITEM = "image_id"
LOGIC_VERSION = "1"
PROMPTS = STAGE_PROMPTS[STAGE]
LONGEST = 12_000


def expected_items(images: pl.DataFrame) -> pl.Series:
    """Ids that the stage must account for: every image."""
    return images.get_column(ITEM)


def describe_images(images: pl.DataFrame, synthesis: Synthesis) -> StageOutput:
    """Describe each image of a batch (schema `IMAGES`); results follow `DESCRIPTIONS`, one row an image.

    The describer writes a coarse description; the reasoner, who sees only text, asks for what is missing, and the describer
    answers each request from the image, for at most `refinement_turns` turns; the describer merges all of it.

    Rejections: `empty_description`, `malformed_reply`, `length`, `endpoint_error`.
    """
    pictures = pictures_by_id(images, synthesis.blobs)

    async def work(row: dict[str, Any]) -> Outcome:
        image_id = row[ITEM]
        return await settled(
            STAGE, image_id, _describe(image_id, Asking(synthesis, image_id, pictures[image_id]), synthesis)
        )

    return synthesis.collect(images.select(ITEM), work, DESCRIPTIONS, ITEM)


async def _describe(image_id: str, asking: Asking, synthesis: Synthesis) -> dict[str, Any]:
    coarse = await asking.text("describe", bound=LONGEST, when_empty="empty_description")
    dialogue: list[dict[str, str]] = []
    turns = 0
    for _ in range(synthesis.settings.pipeline.refinement_turns):
        refinement = await asking.parsed("refine", Refinement, description=coarse, dialogue=dialogue)
        requests = [] if refinement.complete else _new(refinement.requests, dialogue)
        if not requests:
            break
        replies = await together(*(asking.text("details", bound=LONGEST, request=request) for request in requests))
        dialogue += [{"request": request, "reply": reply} for request, reply in zip(requests, replies, strict=True)]
        turns += 1
    fine = coarse
    if dialogue:
        fine = await asking.text(
            "merge", bound=LONGEST, when_empty="empty_description", description=coarse, dialogue=dialogue
        )
    return {
        "image_id": image_id,
        "coarse": coarse,
        "dialogue": dialogue,
        "turns": turns,
        "fine": fine,
        "calls": asking.keys,
    }


def _new(requests: list[str], dialogue: list[dict[str, str]]) -> list[str]:
    """Requests that were not answered before: a reasoner that repeats itself has nothing more to ask."""
    asked = {turn["request"].casefold() for turn in dialogue}
    return [request for request in dict.fromkeys(requests) if request.casefold() not in asked]
