"""The session when a run ends before its time: interrupted, killed, or taken for gone."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ModelError, StoreError
from wethink_assets.storage.journal.journal import journal_folder, journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.budgets.usage import Usage
from wethink_assets_tests.support.described_batch import describe
from wethink_assets_tests.support.scripted_model import (
    ScriptedModel,
    drawn_images,
    good_script,
    scripted_settings,
    write_pack,
)
from wethink_assets_tests.synthesis.conftest import BATCH


def test_an_interrupt_keeps_finished_calls(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    images = drawn_images(store, 60)

    def interrupt(done: int, total: int, usage: Usage | None = None) -> None:
        if done >= 10:
            raise KeyboardInterrupt

    model = ScriptedModel(good_script, delay=0.05)
    with pytest.raises(KeyboardInterrupt):
        describe(
            scripted_settings(settings.pipeline.prompt_pack, concurrency=8), store, model, images, progress=interrupt
        )
    kept = journaled_calls(store, "descriptions", BATCH).height
    assert kept >= 60 and model.in_flight == 0
    assert kept >= model.calls - 8, "at most the calls in flight are lost"


KILLED = """
import sys, time
from pathlib import Path
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.scripted_model import *
from wethink_assets_tests.support.described_batch import describe
from wethink_assets.synthesis.calls import journal_flush
journal_flush.FLUSH_EVERY = 0.5
store = Store.open(sys.argv[1])
calls = open(sys.argv[3], "a", buffering=1)
class Counted(ScriptedModel):
    async def chat(self, messages, **options):
        reply = await super().chat(messages, **options)
        print(time.time(), options["sampling"].seed, hash(messages[1].text), file=calls)
        return reply
print("ready", flush=True)
describe(scripted_settings(sys.argv[2], concurrency=3), store, Counted(good_script, delay=0.02), drawn_images(store, 90))
"""


def test_a_killed_run_is_gone_on_with_at_once(tmp_path: Path) -> None:
    pack, root, calls = write_pack(tmp_path / "pack"), str(tmp_path / "store"), tmp_path / "calls"
    environ = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-c", KILLED, root, pack, str(calls)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environ)
    assert process.stdout is not None and process.stdout.readline()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (not calls.exists() or calls.read_text().count("\n") < 330):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    killed = time.time()
    process.wait(10)
    process.stdout.close()
    before = [line.split() for line in calls.read_text().splitlines() if line.count(" ") == 2]
    subprocess.run(command, env=environ, check=True, timeout=120, stdout=subprocess.DEVNULL)
    made = [line.split() for line in calls.read_text().splitlines()[len(before) :] if line.count(" ") == 2]
    assert float(made[0][0]) - killed < 20, "the next run did not start"
    repeated = Counter(tuple(line[1:]) for line in before) & Counter(tuple(line[1:]) for line in made)
    old = {tuple(line[1:]) for line in before if killed - float(line[0]) > 1.7}
    assert old and not old & set(repeated), "a call that had finished well before the kill was made again"

    reference = Store.open(str(tmp_path / "reference"))
    settings = scripted_settings(pack, concurrency=64)
    uninterrupted = describe(settings, reference, ScriptedModel(good_script), drawn_images(reference, 90))
    resumed = Store.open(root)
    silent = ScriptedModel(lambda *_: ModelError("all was journaled"))
    assert describe(settings, resumed, silent, drawn_images(resumed, 90)).results.equals(uninterrupted.results)


def test_a_lost_lease_stops_the_stage(store: Store, settings: Settings) -> None:
    folder = journal_folder("descriptions", BATCH)

    def taken_over(*call: Any) -> Any:
        store.create(f"{folder}/lease-00000002.json", b"{}")  # as a run does that saw no heartbeat for long
        return good_script(*call)

    model = ScriptedModel(taken_over, delay=0.5)
    with pytest.raises(StoreError, match="taken over"):
        describe(settings, store, model, drawn_images(store, 400))
    assert model.calls < 2000
