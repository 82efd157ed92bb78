"""Seconds of `wethink plan` over many batches, in a folder or on a real S3 server.

    python benchmarks/planning.py [--batches 5000] [--s3] [--json]

The store holds what the plan reads: memberships and commits of all stages. One batch in a hundred was never begun, one was made with an older prompt
of `answers`, and one lacks its last stages. Given are the seconds of the plan, and of the search of `wethink run` for what is missing; exit
status 1 where the plan takes more than a minute.
"""

import argparse
import io
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from support.scripted_project import s3_store

from wethink_assets.config import Settings
from wethink_assets.extensions.builtin import STAGES as ENTRIES
from wethink_assets.models.chat import ROLES
from wethink_assets.models.registry import Models
from wethink_assets.planning.plan import stale_stages, summary
from wethink_assets.planning.stages import stage_plan
from wethink_assets.planning.staleness import commits_in_force, missing_stages
from wethink_assets.sources.batches import batch_key, batch_path, list_batches
from wethink_assets.stages.order import stage_names, upstream_of
from wethink_assets.stages.schemas import MEMBERSHIP
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit

STAGES = stage_names()

LIMIT = 60.0  # seconds
BUNDLE = 2_000  # files that are written at once
ITEMS = 1_000  # of a batch


def content(settings: Settings, models: Models, batches: int) -> Iterator[tuple[str, bytes]]:
    """Files of the store: path and content."""
    buffer = io.BytesIO()
    pl.DataFrame([dict.fromkeys(MEMBERSHIP.names())] * ITEMS, schema=MEMBERSHIP).write_parquet(buffer)
    plans = {stage: stage_plan(settings, stage) for stage in STAGES}
    for number in range(batches):
        batch = batch_key("coco", number)
        yield batch_path(batch), buffer.getvalue()
        for stage in STAGES if number % 100 else ():
            if number % 100 == 1 and stage in STAGES[4:]:
                continue
            plan = plans[stage]
            prompts = dict(plan.prompts) | ({"judge": "0" * 64} if number % 100 == 2 and stage == "answers" else {})
            counts = {f"prompt.{prompt}.calls": float(ITEMS) for prompt in ENTRIES[stage].prompts}
            digest = f"{number:032x}"
            commit = Commit(
                asset=stage,
                batch=batch,
                number=1,
                digest=digest,
                data_version=digest,
                results=ITEMS,
                rejections=0,
                reasons={},
                finished=datetime.now(UTC),
                code_version=plan.code_version,
                prompts=prompts,
                models={role: models.describe(role) for role in plan.roles},
                settings=dict(plan.settings),
                inputs=dict.fromkeys(upstream_of(stage), digest),
                calls=counts,
            )
            folder = f"tables/{stage}/{batch}"
            yield f"{folder}/commits/000001.json", commit.model_dump_json(indent=1).encode()
            yield f"{folder}/{digest}/results.parquet", b"not read"


def write(store: Store, files: Iterator[tuple[str, bytes]]) -> int:
    """Write files quickly; returns how many."""
    count = 0
    bundle: dict[str, Any] = {}
    for path, data in files:
        bundle[store.path(path)] = data
        if store.local:
            Path(store.path(path)).parent.mkdir(parents=True, exist_ok=True)
        if len(bundle) == BUNDLE:
            store.fs.pipe(bundle)
            count, bundle = count + len(bundle), {}
    if bundle:
        store.fs.pipe(bundle)
    return count + len(bundle)


def measured(store: Store, batches: int) -> dict[str, Any]:
    """Fill a store, and time what goes over all batches."""
    role = {"provider": "endpoint", "url": "http://127.0.0.1:9/v1", "model": "m"}
    settings = Settings.model_validate({"pipeline": {"prompt_pack": "standard"}, "roles": dict.fromkeys(ROLES, role)})
    with Models.open(settings) as models:
        began = time.monotonic()
        files = write(store, content(settings, models, batches))
        filled = time.monotonic()
        plan = stale_stages(store, settings, models)
        planned, cpu = time.monotonic(), time.process_time()
        again = stale_stages(store, settings, models)
        repeated, cpu = time.monotonic(), time.process_time() - cpu
        keys = list_batches(store)
        commits = commits_in_force(store, keys)
        missing = sum(bool(missing_stages(commits[key])) for key in keys)
        searched = time.monotonic()
    if not plan.equals(again) or missing != plan.filter(pl.col("cause") == "missing")["batch"].n_unique():
        raise SystemExit("the plans differ")
    return {
        "batches": batches,
        "files": files,
        "seconds to fill": round(filled - began, 1),
        "seconds of the plan": round(planned - filled, 1),
        "seconds of the plan, again": round(repeated - planned, 1),
        "CPU seconds of the plan, again": round(cpu, 1),
        "seconds to find what is missing": round(searched - repeated, 1),
        "rows of the plan": plan.height,
        "summary": {f"{row['stage']}: {row['cause']}": row["batches"] for row in summary(plan).iter_rows(named=True)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__), formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=5_000)
    parser.add_argument("--s3", action="store_true", help="on a real S3 server (SeaweedFS), not in a folder")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wethink-plan-") as name, ExitStack() as stack:
        location = stack.enter_context(s3_store(Path(name, "s3"))) if arguments.s3 else {"url": f"{name}/data"}
        store = Store.open(location["url"], **location.get("options", {}))
        figures = measured(store, arguments.batches)
    if arguments.json:
        print(json.dumps(figures, indent=1))
    else:
        for label, value in figures.items():
            print(f"{label:34} {value}")
    sys.exit(0 if figures["seconds of the plan"] <= LIMIT else 1)


if __name__ == "__main__":
    main()
