"""Runs that are killed at every step of a batch job, on either side: no job is lost, and nothing is made or paid twice."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from wethink_assets.config import Settings
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.batch_jobs.records import open_jobs
from wethink_assets.synthesis.budgets.ledger import Accounts, spent_of
from wethink_assets_tests.support.batch_rounds import BATCH, IMAGES, WAITS, batch_settings, ended, scripted, started
from wethink_assets_tests.support.services import served_as
from wethink_assets_tests.support.services.batches import BatchDouble
from wethink_assets_tests.support.services.rules import Refused

STEPS = ("POST files", "POST batches", "GET batches", "GET files content", "DELETE files")
KILLED = -signal.SIGKILL
QUICK = ("before POST batches", "after POST batches", "after GET files content")


@pytest.fixture
def service() -> Iterator[BatchDouble]:
    with served_as(BatchDouble, "vllm", scripted) as double:
        yield double


def one_turn(service: BatchDouble, pack: str) -> Settings:
    """Settings with which the stage takes a single round: the describer's first call."""
    settings = batch_settings(service, pack, {"calls": IMAGES})  # the budget has room for each call once
    pipeline = settings.pipeline.model_copy(update={"refinement_turns": 0})
    return settings.model_copy(update={"pipeline": pipeline})


def run_to_the_end(settings: Settings, store: Store) -> list[int]:
    """Exit codes of runs until the stage is done."""
    codes: list[int] = []
    while not codes or codes[-1]:
        assert len(codes) < 6, codes
        codes.append(ended(started(settings, store)))
        assert codes[-1] in (0, WAITS), codes
    return codes


def require_paid_once(service: BatchDouble, store: Store) -> None:
    """Nothing was submitted, paid or counted twice, or lost."""
    assert len(service.paid) == service.paid.total() == IMAGES
    submitted = Counter(line["custom_id"] for job in service.jobs.values() for line in job.lines)
    assert submitted == dict.fromkeys(service.paid, 1)
    assert journaled_calls(store, "descriptions", BATCH).height == IMAGES
    assert spent_of(Accounts(store, "night").read())["calls"] == IMAGES
    assert not open_jobs(store)


def kills(step: str, process: list[int], *, lost: bool = False) -> Callable[[str], None]:
    """A watch that kills a process at a step, once; `lost`: the request is not carried out after that."""

    def watch(seen: str) -> None:
        if seen == step and process:
            os.kill(process.pop(), signal.SIGKILL)
            if lost:
                raise Refused(500, "nobody is there any more")

    return watch


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(f"{when} {step}", marks=[] if f"{when} {step}" in QUICK else pytest.mark.slow)
        for step in STEPS
        for when in ("lost", "before", "after")
    ],
)
def test_a_run_killed_at_a_step_of_the_service(step: str, service: BatchDouble, store: Store, pack: str) -> None:
    settings = one_turn(service, pack)
    process: list[int] = []
    when, _, what = step.partition(" ")
    service.watch = kills(f"{'before' if when == 'lost' else when} {what}", process, lost=when == "lost")
    codes: list[int] = []
    while not codes or codes[-1] not in (0, KILLED):
        run = started(settings, store)
        process[:] = [run.pid]
        codes.append(ended(run))
    assert codes[-1] == KILLED, "it was killed, and did not end by itself"
    process.clear()
    assert run_to_the_end(settings, store)[-1] == 0
    require_paid_once(service, store)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_killed_at_each_of_its_writes(moment: str, pack: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    kills = Counter[str]()
    for run in ("submits", "ends"):
        code = KILLED
        while code == KILLED:
            store = Store.open(str(tmp_path_factory.mktemp("killed") / "store"))
            with served_as(BatchDouble, "vllm", scripted) as service:
                settings = one_turn(service, pack)
                if run == "ends":
                    assert ended(started(settings, store)) == WAITS
                code = ended(started(settings, store, moment, kills[run] + 1))
                kills[run] += code == KILLED
                if code != 0:
                    run_to_the_end(settings, store)
                require_paid_once(service, store)
        assert code == (WAITS if run == "submits" else 0)
    assert kills["submits"] >= 5 and kills["ends"] >= 6, kills
