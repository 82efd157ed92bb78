"""The journal: no finished call is lost, none is paid for twice, whatever dies in between; on a disk and on a real S3 server."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from wethink_assets.errors import StoreError
from wethink_assets.models.chat import Completion, Image, Message, Sampling
from wethink_assets.storage.journal import files as parts
from wethink_assets.storage.journal.calls import CALLS, Call, call_key, now
from wethink_assets.storage.journal.files import write_part
from wethink_assets.storage.journal.journal import Journal, journaled_calls, part_names
from wethink_assets.storage.lease import leased
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.full_disk import full_disk
from wethink_assets_tests.support.journals import FOLDER, call, opened


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


def test_a_damaged_part_is_passed_over_where_it_cannot_be_moved(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    journal = opened(store)
    for key in ("k1", "k2"):
        journal.add(call(key, key * 20))
        journal.flush()
    name = part_names(store, FOLDER)[0]
    store.publish(f"{FOLDER}/{name}", b"{}")
    names = store.names(FOLDER)
    with full_disk():
        again = opened(store)
    assert [again.find(key) is not None for key in ("k1", "k2")] == [False, True]
    assert store.names(FOLDER) == names


def test_a_part_of_another_release_is_never_thrown_away(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    parts.write_part(store, FOLDER, pl.DataFrame({"key": ["k"], "reply": ["paid for"]}))
    with pytest.raises(StoreError, match="another release"):
        opened(store)
    assert len(part_names(store, FOLDER)) == 1


def test_memory_holds_keys_and_no_replies(tmp_path: Path) -> None:
    code = (
        "import sys, resource; from wethink_assets.storage.store import Store; from wethink_assets.storage.journal.journal import Journal\n"
        "from wethink_assets_tests.support.journals import call\n"
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
        assert first.cancelled()

    asyncio.run(work())
    assert made == 3, "one that failed, one that was cancelled, one that its other caller made"


def test_whoever_waits_for_a_call_shares_its_failure_and_may_ask_anew(tmp_path: Path) -> None:
    journal = opened(Store.open(str(tmp_path)))
    fails = True

    async def make() -> Call:
        await asyncio.sleep(0.01)
        if fails:
            raise OSError("down")
        return call("k", "reply")

    async def work() -> None:
        nonlocal fails
        ended = await asyncio.gather(*(journal.once("k", make) for _ in range(3)), return_exceptions=True)
        assert [str(each) for each in ended] == ["down"] * 3
        fails = False
        assert await journal.once("k", make) == (call("k", "reply").completion, False)

    asyncio.run(work())


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


def asked(max_tokens: int, reply: Completion) -> Call:
    """A call of one request under a bound of its length."""
    return Call(f"r-{max_tokens}", "describer", "describe", "item", 0, reply, 0.5, now(), "r", max_tokens)


def test_a_whole_reply_is_the_reply_under_every_bound_that_it_fits(store: Store) -> None:
    journal = opened(store)
    journal.add(asked(64, Completion("cut", 3, 64, "length", "m")))
    journal.add(asked(512, Completion("whole", 3, 100, "stop", "m", cached_tokens=2, counted=False)))
    journal.flush()
    again = opened(store)
    whole = ("r-512", Completion("whole", 3, 100, "stop", "m", 2))
    assert again.with_room("r-2048", "r", 2048) == again.with_room("r-100", "r", 100) == whole
    assert again.with_room("r-99", "r", 99) is None, "it would have been cut off"
    assert again.with_room("r-64", "r", 64) is None, "what was asked with this bound counts"
    assert again.with_room("s-512", "s", 512) is None


def test_a_part_of_before_lacks_columns_and_is_found_by_its_full_key(store: Store) -> None:
    before = pl.DataFrame([call("k", "reply").row()], schema=CALLS).drop(
        "request", "max_tokens", "cached_tokens", "counted"
    )
    write_part(store, FOLDER, before)
    journal = opened(store)
    assert journal.find("k") == call("k", "reply").completion
    assert journal.with_room("other", "", 512) is None
    assert journaled_calls(store, "answers", "coco.000001").schema == CALLS
