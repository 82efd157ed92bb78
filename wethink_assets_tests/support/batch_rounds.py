"""The first stage over a batch whose roles ask by batch jobs, run after run as a sensor would start them, here or in a process that kills itself."""

import json
import multiprocessing
import os
import signal
import sys
from pathlib import Path
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.batch_jobs.batch_calls import JobsPending
from wethink_assets_tests.support.described_batch import describe_within_budget
from wethink_assets_tests.support.scripted_endpoint import ScriptedEndpoint
from wethink_assets_tests.support.scripted_model import drawn_images
from wethink_assets_tests.support.services import ServiceDouble

BATCH = "coco.000001"
IMAGES = 8
CALLS = 6 * IMAGES
ROUNDS = 5
"""Rounds of the scripted dialogue: describe, refine, details, refine, merge."""


def scripted(body: Any) -> str:
    """The reply of the scripted model."""
    return str(ScriptedEndpoint().reply(body)[1]["choices"][0]["message"]["content"])


def batch_settings(
    service: ServiceDouble, pack: str, budget: dict[str, float] | None = None, live: tuple[str, ...] = (), **role: Any
) -> Settings:
    """Both roles of the stage in mode `batch`, but for those that are `live`; prices of 10 a million tokens, half of that for jobs."""
    table = service.role(dialect="plain", timeout=20, price_in=10, price_out=10, **role)
    modes = {name: {**table, "mode": "live" if name in live else "batch"} for name in ("describer", "reasoner")}
    return Settings.model_validate(
        {
            "pipeline": {"prompt_pack": pack, "concurrency": 8},
            "roles": modes,
            "budgets": {"night": budget or {}},
        }
    )


def one_run(settings: Settings, store: Store, provenance: list[Any] | None = None) -> StageOutput:
    """One run of the stage. Raises what ends it."""
    return describe_within_budget(settings, store, drawn_images(store, IMAGES), provenance)


def all_runs(
    settings: Settings, store: Store, provenance: list[Any] | None = None, most: int = 40
) -> tuple[StageOutput, int]:
    """Runs until the stage is done, and how many of them waited."""
    for waited in range(most):
        try:
            return one_run(settings, store, provenance), waited
        except JobsPending:
            continue
    raise AssertionError(f"not done after {most} runs")


WAITS = 3
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["wethink_assets_tests.support.batch_rounds"])
WATCHED = ("batch_jobs/", "journal/", "budgets/")


class KillingStore(Store):
    """A store whose process is killed at one of its writes."""

    moment = ""
    number = 0
    written = 0

    def _at(self, moment: str, relative: str) -> None:
        counts = relative.startswith(WATCHED) and "lease-" not in relative
        KillingStore.written += counts and moment == "before"
        if counts and moment == KillingStore.moment and KillingStore.written == KillingStore.number:
            os.kill(os.getpid(), signal.SIGKILL)

    def publish(self, relative: str, data: bytes, durable: bool = True) -> None:
        self._at("before", relative)
        super().publish(relative, data, durable)
        self._at("after", relative)

    def create(self, relative: str, data: bytes, durable: bool = True) -> bool:
        self._at("before", relative)
        made = super().create(relative, data, durable)
        self._at("after", relative)
        return made

    def publish_file(self, relative: str, source: Path) -> None:
        self._at("before", relative)
        super().publish_file(relative, source)
        self._at("after", relative)

    def delete(self, relative: str, durable: bool = False) -> None:
        self._at("before", relative)
        super().delete(relative, durable)
        self._at("after", relative)


def started(settings: Settings, store: Store, moment: str = "", number: int = 0) -> Any:
    """One run in a process of its own, which kills itself `before` or `after` its write of this number to the records of jobs, the journal or the
    budget; `exitcode` is `WAITS` where the run waits.
    """
    keys = {name: value for name, value in os.environ.items() if name.startswith("WETHINK_TEST_KEY")}
    arguments = (settings.model_dump_json(), store.root, keys, moment, number)
    process = PROCESSES.Process(target=run_in_process, args=arguments)
    process.start()
    return process


def ended(process: Any) -> int:
    """How a run's process ended."""
    process.join(120)
    return int(process.exitcode)


def run_in_process(settings: str, store: str, keys: dict[str, str], moment: str, number: int) -> None:
    """One run, as `started` has it."""
    from wethink_assets.synthesis.batch_jobs import submission

    submission.SETTLES = 1.0
    os.environ.update(keys)
    KillingStore.moment, KillingStore.number = moment, number
    plain = Store.open(store)
    try:
        one_run(Settings.model_validate(json.loads(settings)), KillingStore(plain.url, plain.fs, plain.root))
    except JobsPending:
        sys.exit(WAITS)
