"""Parts of a journal are merged and compacted without losing a reply or changing which one counts."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.storage.journal import journal as journals
from wethink_assets.storage.journal.journal import journaled_calls, part_names
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.journals import FOLDER, call, opened


class _Killed(BaseException):
    pass


@dataclass(frozen=True)
class _Stopping(Store):
    """A store whose process is killed when it would create or delete once more than it has steps left."""

    left: Iterator[int] = field(default_factory=lambda: iter(()))

    def create(self, relative: str, data: bytes, durable: bool = True) -> bool:
        self._step()
        return super().create(relative, data, durable)

    def delete(self, relative: str, durable: bool = False) -> None:
        self._step()
        super().delete(relative, durable)

    def _step(self) -> None:
        if next(self.left, None) is None:
            raise _Killed


@pytest.mark.parametrize("steps", range(6))
def test_compaction_killed_at_any_step_loses_and_changes_nothing(tmp_path: Path, steps: int) -> None:
    store = Store.open(str(tmp_path))
    runs = [opened(store) for _ in range(4)]  # which do not know of each other
    for number, journal in enumerate(runs):
        journal.add(call("same", f"reply {number}"))
        journal.add(call(f"own {number}", f"own {number}"))
        journal.flush()
    stopping = _Stopping(store.url, store.fs, store.root, iter(range(steps)))
    if steps < 5:
        with pytest.raises(_Killed):
            opened(stopping).compact()
    else:
        opened(stopping).compact()
    again = opened(store)
    assert again.find("same") == call("same", "reply 0").completion
    assert all(again.find(f"own {n}") == call(f"own {n}", f"own {n}").completion for n in range(4))
    again.compact()
    assert len(part_names(store, FOLDER)) == 1
    assert len(opened(store)) == 5


def test_a_long_run_merges_its_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "MERGE_AFTER", 4)  # parts, so that forty are enough
    store = Store.open(str(tmp_path))
    journal = opened(store)
    for number in range(40):
        journal.add(call(f"k{number}", str(number)))
        journal.flush()
    assert len(part_names(store, FOLDER)) <= 4
    assert all(opened(store).find(f"k{n}") == call(f"k{n}", str(n)).completion for n in range(40))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["add", "flush", "reopen", "compact"]), st.integers(0, 5)), max_size=25))
def test_the_first_reply_stays_through_any_history(history: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(folder)
        journal = opened(store)
        flushed: dict[str, str] = {}
        fresh: dict[str, str] = {}
        for number, (action, which) in enumerate(history):
            key = f"k{which}"
            if action == "add":
                if journal.find(key) is None:
                    fresh[key] = f"reply {number}"
                journal.add(call(key, f"reply {number}"))
            elif action == "reopen":
                journal, fresh = opened(store), {}
            else:
                journal.flush() if action == "flush" else journal.compact()
                flushed, fresh = flushed | fresh, {}
            known = fresh | flushed
            assert {k: r.text for k in (f"k{n}" for n in range(6)) if (r := journal.find(k))} == known


def test_a_large_journal_is_compacted_into_parts_of_bounded_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "PART_BYTES", 40_000)  # so that it is not gigabytes that are written
    store = Store.open(str(tmp_path))
    two = [opened(store) for _ in range(2)]  # two runs that do not know of each other, and write the same calls
    for number in range(30):
        for which, journal in enumerate(two):
            for inner in range(10):
                journal.add(call(f"k{number}-{inner}", f"run {which}, call {inner} " + "x" * 500))
            journal.flush()
    opened(store).compact()
    names = part_names(store, FOLDER)
    assert 2 <= len(names) <= 8
    calls = journaled_calls(store, "answers", "coco.000001")
    assert calls.height == 300 == sum(pl.read_parquet(store.path(f"{FOLDER}/{name}")).height for name in names)
    assert calls["text"].str.starts_with("run 0").all()
    opened(store).compact()
    assert part_names(store, FOLDER) == names, "a compacted journal is left as it is"


def test_parts_of_another_run_are_not_overtaken_by_a_merge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "MERGE_AFTER", 3)  # parts, so that seven are enough
    store = Store.open(str(tmp_path))
    mine, other = opened(store), opened(store)
    for number in range(7):
        mine.add(call(f"k{number}", "mine"))
        mine.flush()
        other.add(call(f"k{number}", "other's"))
        other.add(call("k6", "other's"))
        other.flush()
    found = opened(store)
    assert [found.find(f"k{n}").text for n in range(7)] == ["mine"] * 6 + ["other's"]  # type: ignore[union-attr]
