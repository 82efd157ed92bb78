"""The four stages over one batch with real models, each closing over its input, and how many of the replies were of use."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.models.registry import Models
from wethink_assets.stages.output import StageOutput, require_closed
from wethink_assets.stages.prompts import PROMPTS
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.calls.collector import Outcome, settled
from wethink_assets.synthesis.calls.item_calls import ItemCalls
from wethink_assets.synthesis.calls.reply_schemas import Screening
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.stages import answers, descriptions, questions, reasoning_paths
from wethink_assets_tests.support.closed_stages import require_stage_closed

BATCH = "mixed.000001"
SAMPLE = pl.col("sample")


class Stages:
    """Runs stages in one store with one configuration; each must close over its input."""

    def __init__(self, settings: Settings, store: Store, models: Models) -> None:
        self.settings, self.store, self.models = settings, store, models
        self.made: dict[str, StageOutput] = {}

    @contextmanager
    def session(self, stage: str) -> Iterator[Synthesis]:
        began = time.monotonic()
        with Synthesis.open(self.settings, self.store, self.models, stage, BATCH) as synthesis:
            yield synthesis
        print(f"{stage}: {time.monotonic() - began:.0f} s")

    def describe(self, images: pl.DataFrame) -> pl.DataFrame:
        with self.session("descriptions") as work:
            output = self.made["descriptions"] = descriptions.describe_images(images, work)
        require_stage_closed("descriptions", images, output)
        return output.results

    def ask(self, described: pl.DataFrame) -> pl.DataFrame:
        with self.session("questions") as work:
            output = self.made["questions"] = questions.write_questions(described, work)
        require_stage_closed("questions", described, output, self.settings)
        return output.results

    def answer(self, asked: pl.DataFrame, described: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
        with self.session("answers") as work:
            output = self.made["answers"] = answers.answer_questions(asked, described, images, work)
        require_stage_closed("answers", asked, output)
        return output.results

    def refine(self, answered: pl.DataFrame, asked: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
        with self.session("reasoning_paths") as work:
            output = reasoning_paths.refine_paths(answered, asked, images, work)
        self.made["reasoning_paths"] = output
        require_stage_closed("reasoning_paths", answered, output)
        return output.results

    def screen(self, asked: pl.DataFrame, described: pl.DataFrame) -> StageOutput:
        """The second filter alone, over questions that another model wrote."""
        texts = dict(described.select("image_id", "fine").iter_rows())
        rows = asked.select("slot", "image_id", "kind", "question", "options").to_dicts()

        async def judged(row: dict[str, Any], work: Synthesis) -> Outcome:
            variables = {name: row[name] for name in ("kind", "question", "options")}
            calls = ItemCalls(work, row["slot"])

            async def ask() -> dict[str, Any]:
                screening = await calls.parsed("screen", Screening, description=texts[row["image_id"]], **variables)
                return {"slot": row["slot"], "answerable": screening.answerable}

            return await settled("questions", row["slot"], ask())

        schema = pl.Schema({"slot": pl.String, "answerable": pl.Boolean, "schema_version": pl.Int16})
        with self.session("questions") as work:
            output = work.collect(rows, lambda row: judged(row, work), schema, "slot")
        require_closed("screening", asked.get_column("slot"), output, "slot")
        return output


def rates(store: Store, made: dict[str, StageOutput]) -> dict[str, dict[str, int]]:
    """By prompt what became of its requests; printed.

    `asked` are requests for a first sample, `asked again` those for a second, each counted once however often it was given more room for a
    reply that was cut off: `more room` are those tries. `not JSON` and `cut off` are replies, `rejected` items.
    """
    rates_of: dict[str, dict[str, int]] = {}
    for stage, output in made.items():
        calls = journaled_calls(store, stage, BATCH)
        unusable = output.rejections.filter(
            pl.col("reason").is_in(["malformed_reply", "cut_off", "no_answer", "refused", "wrong_language"])
        )
        for (prompt,), group in calls.group_by("prompt", maintain_order=True):
            mine = unusable.filter(pl.col("detail").str.starts_with(f"{prompt}:"))
            cell = rates_of.setdefault(
                str(prompt), dict.fromkeys(("asked", "asked again", "more room", "not JSON", "cut off", "rejected"), 0)
            )
            first, again = (group.filter(chosen)["request"].n_unique() for chosen in (SAMPLE == 0, SAMPLE > 0))
            cell["not JSON"] += sum(not is_object(text) for text in group["text"])
            cell["asked"] += first
            cell["asked again"] += again
            cell["more room"] += group.height - first - again
            cell["cut off"] += group.filter(pl.col("finish_reason") == "length").height
            cell["rejected"] += mine.height
        reasons = dict(output.rejections.group_by("reason").len().sort("reason").iter_rows())
        print(f"{stage}: {output.results.height} results, rejections {reasons}")
    for prompt, cell in rates_of.items():
        usable = 1 - cell["asked again"] / cell["asked"]
        print(f"{prompt} ({PROMPTS[prompt].role}): {cell}; the first sample is of use in {usable:.0%}")
    return rates_of


def is_object(text: str) -> bool:
    """Whether a reply is one JSON object (replies in words are not)."""
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
