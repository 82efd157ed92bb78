"""Memory of a million queued items: one stage over that many rows, each asking an instant model once.

    python benchmarks/queued.py [--items 1000000] [--limit 1000] [--json]

Everything that a stage does to an item is there: the prompt is rendered, the call keyed, journaled and flushed, the reply parsed, the row
gathered; at the end the table is sorted and the journal compacted. Then a second run finds all of it in the journal. Printed are the peak of
resident memory, what of it was there before, and CPU time an item; exit status 1 where the peak is above the limit (MB).
"""

import argparse
import json
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.models.chat import ROLES, Completion, Message, Sampling
from wethink_assets.models.registry import Models
from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.schemas import STRINGS
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.calls.collector import Outcome, settled
from wethink_assets.synthesis.calls.item_calls import ItemCalls
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.stages.agreement import accepted_answer

STAGE, BATCH = "answers", "queue.000001"
RESULTS = pl.Schema(
    {"slot": pl.String, "thought": pl.String, "answer": pl.String, "calls": STRINGS, "schema_version": pl.Int16}
)


class Instant:
    """A model that answers at once: some words of thought, and an answer."""

    model_id = "instant"
    revision = "1"

    async def chat(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, sampling: Sampling
    ) -> Completion:
        number = messages[-1].text.rpartition("counter ")[2].split()[0]
        thought = f"Counter {number} stands left of the door and shows {sampling.seed}. " * 3
        return Completion(f"<think>{thought}</think><answer>{sampling.seed}</answer>", 300, 80, "stop", self.model_id)

    async def aclose(self) -> None:
        return


def queued(items: int) -> pl.DataFrame:
    """The rows of a stage: an id and a question each."""
    number = pl.int_range(items, dtype=pl.UInt64, eager=True).alias("number")
    digest = pl.col("number").hash().cast(pl.String).str.zfill(64)
    return number.to_frame().select(
        slot=digest + ":FIB:0",
        question=pl.format(
            "How many people wait at the third counter from the left, which is counter {} of the hall?", "number"
        ),
    )


def answer_all(rows: pl.DataFrame, synthesis: Synthesis) -> StageOutput:
    """The smallest stage there can be: one call an item."""
    accept = accepted_answer("FIB", [])

    async def answered(row: dict[str, Any]) -> dict[str, Any]:
        calls = ItemCalls(synthesis, row["slot"])
        asked = {"question": row["question"], "kind": "FIB", "options": []}
        thought, answer = await calls.answer("answer_text", accept, description="A hall with counters.", **asked)
        return {"slot": row["slot"], "thought": thought, "answer": answer, "calls": calls.keys}

    async def work(row: dict[str, Any]) -> Outcome:
        return await settled(STAGE, row["slot"], answered(row))

    return synthesis.collect(rows, work, RESULTS, "slot")


def resident() -> float:
    """MB of this process in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


class Peak:
    """The most memory seen while it watches, and what was there at first, in MB."""

    def __init__(self) -> None:
        self.first = self.most = resident()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            self.most = max(self.most, resident())

    def end(self) -> None:
        """Stop watching."""
        self._ended.set()
        self._thread.join()


def run(settings: Settings, store: Store, items: int) -> dict[str, float]:
    """One run of the stage over `items` rows."""
    peak = Peak()
    cpu, began = time.process_time(), time.monotonic()
    rows = queued(items)
    with (
        Models(settings, dict.fromkeys(ROLES, Instant())) as models,
        Synthesis.open(settings, store, models, STAGE, BATCH) as synthesis,
    ):
        output = answer_all(rows, synthesis)
        made = synthesis.usage.as_dict()["calls"]
    peak.end()
    assert output.results.height == items, output.reasons()
    cpu = time.process_time() - cpu
    return {
        "calls made": made,
        "MB before": round(peak.first),
        "MB at most": round(peak.most),
        "MB of the result": round(output.results.estimated_size("mb")),
        "seconds": round(time.monotonic() - began, 1),
        "CPU ms an item": round(1000 * cpu / items, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__), formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--limit", type=float, default=1000, help="MB at most")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    settings = Settings.model_validate({"pipeline": {"prompt_pack": "standard", "concurrency": 64}})
    with tempfile.TemporaryDirectory(prefix="wethink-queue-") as folder:
        store = Store.open(folder)
        runs = {name: run(settings, store, arguments.items) for name in ("all calls made", "all calls found")}
    most = max(figures["MB at most"] for figures in runs.values())
    if arguments.json:
        print(json.dumps({"items": arguments.items, "limit": arguments.limit, **runs}, indent=1))
    else:
        print(f"{arguments.items} items")
        for name, figures in runs.items():
            print(f"{name:18}", ", ".join(f"{label} {value:g}" for label, value in figures.items()))
        print(f"{'holds' if most <= arguments.limit else 'FAILS'}: at most {most:g} MB, limit {arguments.limit:g} MB")
    sys.exit(0 if most <= arguments.limit else 1)


if __name__ == "__main__":
    main()
