"""The stage `descriptions`: multi-turn information refinement, from a coarse description over questions about what it lacks to a fine one."""

from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.models.chat import CallFailed
from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.schemas import DESCRIPTIONS
from wethink_assets.stages.spec import Preview, Stage, every
from wethink_assets.synthesis.calls.collector import Outcome, settled
from wethink_assets.synthesis.calls.images import pictures_by_id
from wethink_assets.synthesis.calls.item_calls import ItemCalls, together
from wethink_assets.synthesis.calls.non_replies import NON_REPLIES, require_reply
from wethink_assets.synthesis.calls.reply_schemas import Detail, Refinement
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.imported_pairs import imported_batch, undescribed

LONGEST = 12_000
REQUESTS = 2  # that a turn of the refinement usually makes


def describe_images(images: pl.DataFrame, synthesis: Synthesis) -> StageOutput:
    """Describe each image of a batch (schema `IMAGES`); results follow `DESCRIPTIONS`, one row an image.

    The describer writes a coarse description; the reasoner, who sees only text, asks for what is missing, and the describer
    answers each request from the image, or all of a turn in one call, for at most `refinement_turns` turns; the describer merges all of it.

    Rejections: `empty_description`, `malformed_reply`, `refused`, `filtered`, `cut_off`, `no_answer`, `wrong_language`, `endpoint_error`,
    and `unsure` where the describer gave a token of the coarse description less than `description_certainty`: an image that it cannot read.
    A detail may be "Not visible.": the prompt asks for those words. Images of imported pairs whose rows are to be marked get an empty description.
    """
    pairs = imported_batch(synthesis)
    marked = None if pairs is None else undescribed(images, pairs)
    if marked is not None:
        return marked
    pictures = pictures_by_id(images, synthesis.blobs)

    async def work(row: dict[str, Any]) -> Outcome:
        image_id = row["image_id"]
        return await settled(
            STAGE.name, image_id, _describe(image_id, ItemCalls(synthesis, image_id, pictures[image_id]), synthesis)
        )

    return synthesis.collect(images.select("image_id"), work, DESCRIPTIONS, STAGE.item)


async def _describe(image_id: str, calls: ItemCalls, synthesis: Synthesis) -> dict[str, Any]:
    coarse = await calls.text(
        "describe",
        bound=LONGEST,
        when_empty="empty_description",
        wanted="description",
        certainty=synthesis.settings.pipeline.description_certainty,
    )
    dialogue: list[dict[str, str]] = []
    turns = 0
    for _ in range(synthesis.settings.pipeline.refinement_turns):
        refinement = await calls.parsed("refine", Refinement, description=coarse, dialogue=dialogue)
        requests = [] if refinement.complete else _new(refinement.requests, dialogue)
        if not requests:
            break
        dialogue += await (
            _all_details(requests, calls) if "all_details" in synthesis.prompts else _details(requests, calls)
        )
        turns += 1
    fine = coarse
    if dialogue:
        fine = await calls.text(
            "merge",
            bound=LONGEST,
            when_empty="empty_description",
            wanted="description",
            description=coarse,
            dialogue=dialogue,
        )
    return {
        "image_id": image_id,
        "coarse": coarse,
        "dialogue": dialogue,
        "turns": turns,
        "fine": fine,
        "calls": calls.keys,
    }


async def _details(requests: list[str], calls: ItemCalls) -> list[dict[str, str]]:
    """Turns of the dialogue in which each request has a call of its own. Raises what the first call raised that failed."""
    replies = await together(
        *(calls.text("details", bound=LONGEST, wanted="detail", request=request) for request in requests)
    )
    return [{"request": request, "reply": reply} for request, reply in zip(requests, replies, strict=True)]


async def _all_details(requests: list[str], calls: ItemCalls) -> list[dict[str, str]]:
    """Turns of the dialogue whose requests share a call. One without a usable reply is left out: it may be asked for in the next turn.

    Raises what the first request without a reply failed by where none has one, and `CallFailed` of any.
    """
    ended = await calls.grouped(
        "all_details",
        Detail,
        [{"request": request} for request in requests],
        check=lambda value: require_reply(value.detail, "detail"),
    )
    for entry in ended:
        if isinstance(entry.fate, CallFailed) or all(each.value is None for each in ended):
            entry.taken()
    return [
        {"request": request, "reply": entry.value.detail}
        for request, entry in zip(requests, ended, strict=True)
        if entry.value is not None
    ]


def _new(requests: list[str], dialogue: list[dict[str, str]]) -> list[str]:
    """Requests that were not answered before: a reasoner that repeats itself has nothing more to ask."""
    asked = {turn["request"].casefold() for turn in dialogue}
    return [request for request in dict.fromkeys(requests) if request.casefold() not in asked]


def certainty_suffix(settings: Settings) -> str:
    """What the logic version ends in where descriptions must be of some certainty; empty where any will do."""
    least = settings.pipeline.description_certainty
    return f"+certainty{least:g}" if least else ""


STAGE = Stage(
    name="descriptions",
    description="Fine description of each image, with the refinement dialogue that led to it.",
    closes="Every image is described or rejected, never both.",
    reads=("images",),
    run=describe_images,
    item="image_id",
    expected=every("image_id"),
    schema=DESCRIPTIONS,
    logic_version="2",
    logic_changes={"2": NON_REPLIES},
    prompts=("describe", "refine", "details", "all_details", "merge"),
    variant=certainty_suffix,
    settings={"refinement_turns": ("merge",)},
    calls_per_item={
        "refine": lambda settings: settings.pipeline.refinement_turns,
        "details": lambda settings: REQUESTS * settings.pipeline.refinement_turns,
        "all_details": lambda settings: settings.pipeline.refinement_turns,
    },
    kinds=("vlm", "llm"),
    preview=Preview(lambda row: [("", row["fine"])]),
)
