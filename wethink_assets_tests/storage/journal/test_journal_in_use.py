"""The journal under a stage at work, on a disk and on a real S3 server: two processes at once, other machines, damaged parts."""

import json
import multiprocessing
import socket
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from wethink_assets.identity import data_version
from wethink_assets.storage.journal.journal import journaled_calls, part_names
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.stages.descriptions import describe_images
from wethink_assets_tests.support.scripted_model import (
    ScriptedModel,
    drawn_images,
    good_script,
    scripted_settings,
    write_pack,
)
from wethink_assets_tests.synthesis.conftest import BATCH, models_of

FOLDER = f"journal/descriptions/{BATCH}"
IMAGES = 10


def describe(store: Store, pack: str, model: ScriptedModel) -> str:
    """Run the stage; data version of what came out."""
    settings = scripted_settings(pack)
    with (
        models_of(settings, model) as models,
        Synthesis.open(settings, store, models, "descriptions", BATCH) as synthesis,
    ):
        output = describe_images(drawn_images(store, IMAGES), synthesis)
    return data_version(output.results, output.rejections)


def _work(url: str, options: dict[str, Any], pack: str, told: str, host: str) -> None:
    socket.gethostname = lambda: host  # type: ignore[assignment]
    model = ScriptedModel(good_script, delay=0.02)
    version = describe(Store.open(url, **options), pack, model)
    Path(told).write_text(json.dumps({"version": version, "calls": model.calls}))


@pytest.mark.parametrize("hosts", [("here", "here"), ("here", "there")])
def test_two_processes_at_once_pay_each_call_once_and_both_finish(
    store: Store, tmp_path: Path, hosts: tuple[str, str]
) -> None:
    pack = write_pack(tmp_path / "pack")
    context = multiprocessing.get_context("spawn")
    told = [tmp_path / f"{number}.json" for number in range(2)]
    processes = [
        context.Process(target=_work, args=(store.url, dict(store.fs.storage_options), pack, str(path), host))
        for path, host in zip(told, hosts, strict=True)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(240)
        assert process.exitcode == 0
    first, second = (json.loads(path.read_text()) for path in told)
    assert first["version"] == second["version"]
    assert sorted([first["calls"], second["calls"]]) == [0, journaled_calls(store, "descriptions", BATCH).height]


def test_a_finished_call_is_found_on_another_machine(store: Store, tmp_path: Path) -> None:
    model = ScriptedModel(good_script)
    version = describe(store, write_pack(tmp_path / "pack"), model)
    elsewhere = Store.open(store.url, **dict(store.fs.storage_options))
    silent = ScriptedModel(lambda *_: AssertionError("not to be asked"))
    assert describe(elsewhere, write_pack(tmp_path / "another" / "folder"), silent) == version
    assert model.calls > 0


def test_the_calls_of_a_damaged_part_and_no_others_are_made_again(store: Store, tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack")
    version = describe(store, pack, ScriptedModel(good_script))
    calls = journaled_calls(store, "descriptions", BATCH)
    (name,) = part_names(store, FOLDER)
    whole = store.read(f"{FOLDER}/{name}")
    store.delete(f"{FOLDER}/{name}")
    _split(store, calls)  # as if the run had not come to compact them
    harmed = part_names(store, FOLDER)[1]
    lost = pl.read_parquet(store.read(f"{FOLDER}/{harmed}")).height
    data = store.read(f"{FOLDER}/{harmed}")
    store.delete(f"{FOLDER}/{harmed}")
    store.publish(f"{FOLDER}/{harmed}", data[: len(data) // 2])
    model = ScriptedModel(good_script)
    assert describe(store, pack, model) == version
    assert model.calls == lost > 0
    assert f"damaged-{harmed}" in store.names(FOLDER) and whole
    assert sorted(journaled_calls(store, "descriptions", BATCH)["key"]) == sorted(calls["key"])


def _split(store: Store, calls: pl.DataFrame) -> None:
    from wethink_assets.storage.journal.files import write_part

    for start in range(0, calls.height, 20):
        write_part(store, FOLDER, calls.slice(start, 20))
