import asyncio
import gc

import pytest

from wethink_assets.errors import ModelError
from wethink_assets.models.event_loop import SELDOM, EventLoop


async def thresholds() -> tuple[int, int, int]:
    return gc.get_threshold()


def test_garbage_is_collected_seldom_while_any_loop_runs_and_as_before_after_that() -> None:
    before = gc.get_threshold()
    one, two = EventLoop("one"), EventLoop("two")
    assert one.run(thresholds()) == two.run(thresholds()) == SELDOM
    one.close()
    assert gc.get_threshold() == SELDOM
    two.close()
    assert gc.get_threshold() == before


@pytest.mark.parametrize("others", [(0, 10, 10), (50_000, 5, 5)], ids=["switched off", "more seldom still"])
def test_thresholds_that_somebody_set_stay(others: tuple[int, int, int]) -> None:
    before = gc.get_threshold()
    gc.set_threshold(*others)
    try:
        loop = EventLoop("models")
        assert loop.run(thresholds()) == others
        loop.close()
        assert gc.get_threshold() == others
    finally:
        gc.set_threshold(*before)


def test_it_begins_anew_after_it_was_closed() -> None:
    loop = EventLoop("models")
    assert not loop.began
    loop.run(asyncio.sleep(0))
    loop.close()
    assert not loop.began
    assert loop.run(asyncio.sleep(0, "again")) == "again"
    loop.close()


def test_it_does_not_wait_for_itself() -> None:
    loop = EventLoop("models")

    async def waits() -> None:
        loop.run(asyncio.sleep(0))

    with pytest.raises(ModelError, match="cannot wait for itself"):
        loop.run(waits())
    loop.close()
