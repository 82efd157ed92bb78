"""Garbage is collected beside work: whatever the order and whoever is killed, nothing goes that the work, a version or a rule needs."""

import random
import shutil
import time
import uuid
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.dataset.collected_tables import CollectedTables
from wethink_assets.dataset.garbage import collect, find_garbage
from wethink_assets.dataset.inventory.check import check_store
from wethink_assets.dataset.inventory.sealing import seal_store
from wethink_assets.dataset.versions.verification import verify_versions
from wethink_assets_tests.support.collected_project import HOUR, Grown, contents, grown, on_s3, started, work_of_today
from wethink_assets_tests.support.s3_server import S3Server

ROUNDS = 2


@pytest.mark.slow
def test_a_run_beside_collections_and_kills_comes_to_what_it_comes_to_alone(tmp_path: Path) -> None:
    before = grown(tmp_path / "before", tmp_path / "sources")
    kinds = [garbage.kind for garbage in find_garbage(before.store, HOUR)]
    assert kinds.count("leftover") == 1 and kinds.count("table") > 20 and kinds.count("blob") > 5
    alone = _copied(before, tmp_path / "store")
    work_of_today(alone)
    collect(alone.store, HOUR)
    expected = contents(alone.store)
    chance, kills = random.Random(17), 0
    for _ in range(ROUNDS):
        project = _copied(before, tmp_path / "store")
        kills += _disturbed(project, chance)
        _require_same(project, expected)
    assert kills >= 2 * ROUNDS


@pytest.mark.slow
def test_a_run_on_s3_beside_collections_and_kills_comes_to_what_it_comes_to_alone(
    tmp_path: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = grown(tmp_path / "before", tmp_path / "sources")
    alone = _copied(before, tmp_path / "store")
    work_of_today(alone)
    collect(alone.store, HOUR)
    expected = contents(alone.store)
    project = on_s3(before, f"s3://{s3.bucket}/{uuid.uuid4().hex}", s3.options)
    assert project.far
    project.far.patch_ages(monkeypatch)
    kinds = Counter(garbage.kind for garbage in find_garbage(project.store, HOUR))
    assert kinds["table"] > 20 and kinds["blob"] > 5
    assert _disturbed(project, random.Random(18), pause=3.0, most=2) >= 1
    assert CollectedTables(project.store).folders, "the collections removed nothing"
    _require_same(project, expected)


def _require_same(project: Grown, expected: dict[str, Any]) -> None:
    """Of what is needed nothing is missing, of what is garbage nothing is there, and all is as sealed."""
    collect(project.store, HOUR)
    assert contents(project.store) == expected
    assert not project.store.files("collecting")
    sealed = seal_store(project.store, command="test")
    assert not sealed.faults and not sealed.foreign
    checked = check_store(project.store)
    assert checked.sound, checked.faults
    assert verify_versions(project.store).sound


def _copied(project: Grown, root: Path) -> Grown:
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(project.root, root)
    return replace(project, root=root)


def _disturbed(project: Grown, chance: random.Random, pause: float = 0.8, most: int = 4) -> int:
    """Run to the end beside collections, each killed a few times; how many kills there were."""
    processes = {name: started(name, project, chance.randrange(2**32)) for name in ("collection", "work")}
    kills = 0
    while kills < most:
        time.sleep(chance.random() * pause)
        name = chance.choice(list(processes))
        if processes[name].exitcode is not None:
            assert processes[name].exitcode == 0 and name == "work"
            break
        processes[name].kill()
        processes[name].join()
        processes[name] = started(name, project, chance.randrange(2**32))
        kills += 1
    processes["work"].join(120)
    assert processes["work"].exitcode == 0
    assert processes["collection"].exitcode is None, "a collection failed"
    processes["collection"].kill()
    processes["collection"].join()
    return kills
