"""The journal: no finished call is lost, none is paid for twice, whatever dies in between; on a disk and on a real S3 server."""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.errors import StoreError
from wethink_assets.models.chat import Completion, Image, Message, Sampling
from wethink_assets.storage import journal as journals
from wethink_assets.storage import parts
from wethink_assets.storage.calls import Call, call_key, now
from wethink_assets.storage.journal import Journal, journaled_calls, part_names
from wethink_assets.storage.lease import leased
from wethink_assets.storage.store import Store

FOLDER = "journal/answers/coco.000001"


def call(key: str, text: str) -> Call:
    return Call(key, "describer", "describe", "item", 0, Completion(text, 3, 4, "stop", "m"), 0.5, now())


def opened(store: Store) -> Journal:
    return Journal(store, "answers", "coco.000001")


def test_a_flushed_reply_is_found_by_the_next_run(store: Store) -> None:
    first = opened(store)
    first.add(call("k1", "one \ufffd \x00 \n"))
    assert first.find("k1") == Completion("one \ufffd \x00 \n", 3, 4, "stop", "m")
    first.flush()
    first.add(call("k2", "not flushed"))
    again = opened(store)
    assert again.find("k1") == first.find("k1")
    assert again.find("k2") is None
    assert len(first) == 2 and len(again) == 1


def test_the_first_reply_in_part_order_counts(store: Store) -> None:
    one, two = opened(store), opened(store)  # two runs that do not know of each other
    one.add(call("k", "first"))
    two.add(call("k", "second"))
    one.flush()
    two.flush()
    assert opened(store).find("k") == call("k", "first").completion
    assert journaled_calls(store, "answers", "coco.000001")["text"].to_list() == ["first"]


@pytest.mark.parametrize("damage", ["cut", "bit", "empty", "other"])
def test_a_damaged_part_is_moved_aside_and_its_calls_are_forgotten(
    store: Store, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    journal = opened(store)
    for key in ("k1", "k2", "k3"):
        journal.add(call(key, key * 20))
        journal.flush()
    name = part_names(store, FOLDER)[1]
    data = store.read(f"{FOLDER}/{name}")
    middle = len(data) // 3
    harmed = {
        "cut": data[:-9],
        "bit": data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :],
        "empty": b"",
        "other": b"{}",
    }[damage]
    store.delete(f"{FOLDER}/{name}")
    store.publish(f"{FOLDER}/{name}", harmed)
    again = opened(store)
    assert [again.find(key) is not None for key in ("k1", "k2", "k3")] == [True, False, True]
    assert f"damaged-{name}" in store.names(FOLDER) and name not in store.names(FOLDER)
    assert name in caplog.text
    again.add(call("k2", "new"))
    again.compact()
    assert opened(store).find("k2") == call("k2", "new").completion


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("steps", range(6))
def test_compaction_killed_at_any_step_loses_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    store = Store.open(str(tmp_path))
    runs = [opened(store) for _ in range(4)]  # which do not know of each other
    for number, journal in enumerate(runs):
        journal.add(call("same", f"reply {number}"))
        journal.add(call(f"own {number}", f"own {number}"))
        journal.flush()
    left = steps

    def step(real: Any) -> Any:
        def counted(self: Store, *args: Any) -> Any:
            nonlocal left
            if left == 0:
                raise _Killed
            left -= 1
            return real(self, *args)

        return counted

    with monkeypatch.context() as patch:
        patch.setattr(Store, "delete", step(Store.delete))
        patch.setattr(Store, "create", step(Store.create))
        if steps < 5:
            with pytest.raises(_Killed):
                opened(store).compact()
        else:
            opened(store).compact()
    again = opened(store)
    assert again.find("same") == call("same", "reply 0").completion
    assert all(again.find(f"own {n}") == call(f"own {n}", f"own {n}").completion for n in range(4))
    again.compact()
    assert len(part_names(store, FOLDER)) == 1
    assert len(opened(store)) == 5


def test_a_long_run_merges_its_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "MERGE_AFTER", 4)
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
    monkeypatch.setattr(journals, "PART_BYTES", 40_000)
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
    monkeypatch.setattr(journals, "MERGE_AFTER", 3)
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


def test_a_part_of_another_release_is_never_thrown_away(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    parts.write_part(store, FOLDER, pl.DataFrame({"key": ["k"], "reply": ["paid for"]}))
    with pytest.raises(StoreError, match="another release"):
        opened(store)
    assert len(part_names(store, FOLDER)) == 1


def test_memory_holds_keys_and_no_replies(tmp_path: Path) -> None:
    code = (
        "import sys, resource; from wethink_assets.storage.store import Store; from wethink_assets.storage.journal import Journal\n"
        "from wethink_assets_tests.storage.test_journal import call\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "journal = Journal(Store.open(sys.argv[1]), 'answers', 'coco.000001'); journal.add(call('first', 'x')); journal.flush()\n"
        "before = peak()\n"
        "for part in range(60):\n"
        "    for n in range(500): journal.add(call(f'{part}-{n}', f'{part}-{n}' * 1000))\n"
        "    journal.flush()\n"
        "assert journal.find('7-77').text == '7-77' * 1000\n"
        "journal.compact(); print(peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 150, "MB, for 180 MB of replies"


def test_identical_calls_at_once_are_made_once(tmp_path: Path) -> None:
    journal = opened(Store.open(str(tmp_path)))
    made = 0

    async def make() -> Call:
        nonlocal made
        made += 1
        await asyncio.sleep(0.01)
        return call("k", "reply")

    async def work() -> None:
        replies = await asyncio.gather(*(journal.once("k", make) for _ in range(20)))
        assert [found for _, found in replies].count(False) == 1
        assert {completion.text for completion, _ in replies} == {"reply"}

    asyncio.run(work())
    assert made == 1


def test_a_failed_call_is_not_kept_and_a_cancelled_caller_takes_none_along(tmp_path: Path) -> None:
    journal = opened(Store.open(str(tmp_path)))
    made = 0

    async def make() -> Call:
        nonlocal made
        made += 1
        await asyncio.sleep(0.02)
        if made == 1:
            raise OSError("down")
        return call("k", "reply")

    async def work() -> None:
        with pytest.raises(OSError, match="down"):
            await journal.once("k", make)
        first = asyncio.create_task(journal.once("k", make))
        await asyncio.sleep(0)
        second = asyncio.create_task(journal.once("k", make))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second)[0].text == "reply"

    asyncio.run(work())
    assert made == 2


def test_a_run_that_lost_its_lease_writes_nothing_more(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    with leased(store, FOLDER) as lease:
        journal = Journal(store, "answers", "coco.000001", lease)
        lease.lost = True
        journal.add(call("k", "late"))
        with pytest.raises(StoreError, match="taken over"):
            journal.flush()
        assert part_names(store, FOLDER) == []


def test_a_key_holds_everything_that_a_reply_depends_on() -> None:
    def image(sha256: str) -> Image:
        return Image(sha256, "image/png", lambda: b"")

    base: dict[str, Any] = {
        "model": "m",
        "revision": "r",
        "messages": [Message("system", "s"), Message("user", "u", (image("1"),))],
        "schema": {"type": "object"},
        "sampling": Sampling(0.5, 0.9, 100, 7),
        "sample": 0,
    }
    changes: list[dict[str, Any]] = [
        {"model": "n"},
        {"revision": "s"},
        {"messages": [Message("system", "s"), Message("user", "u", (image("2"),))]},
        {"messages": [Message("system", "s"), Message("user", "u")]},
        {"messages": [Message("user", "s"), Message("user", "u", (image("1"),))]},
        {"messages": [Message("system", "s"), Message("user", "u\ud800", (image("1"),))]},
        {"schema": None},
        {"sample": 1},
        {"sampling": Sampling(0.6, 0.9, 100, 7)},
        {"sampling": Sampling(0.5, 0.8, 100, 7)},
        {"sampling": Sampling(0.5, 0.9, 101, 7)},
        {"sampling": Sampling(0.5, 0.9, 100, 8)},
    ]
    keys = [call_key(**base), *(call_key(**base | change) for change in changes)]
    assert len(set(keys)) == len(keys)
    # Pinned: another key for the same call would pay for every journaled call again.
    assert keys[0] == "f45d02b5714c812d4aea72a71e5a5f61df8b05494cc41e8280de380cacc5a9b4"
