"""The gate of calls in flight: never more than its places, and the oldest batch goes first."""

import asyncio

import pytest

from wethink_assets.models.call_gate import CallGate


def test_places_are_never_exceeded_and_the_oldest_batch_goes_first() -> None:
    async def work() -> tuple[list[str], int]:
        gate, begun, most, in_flight = CallGate(2), list[str](), 0, 0
        ranks = {batch: gate.rank(batch) for batch in ("old", "new")}

        async def call(batch: str) -> None:
            nonlocal most, in_flight
            async with gate.call(ranks[batch]):
                begun.append(batch)
                in_flight += 1
                most = max(most, in_flight)
                await asyncio.sleep(0)
                in_flight -= 1

        await asyncio.gather(*map(call, ["new"] * 5 + ["old"] * 5))
        return begun, most

    begun, most = asyncio.run(work())
    assert most == 2
    assert begun == ["new"] * 2 + ["old"] * 5 + ["new"] * 3, "two had begun before any of the older batch came"


def test_a_call_that_is_cancelled_leaves_its_place_to_others() -> None:
    async def work() -> None:
        gate = CallGate(1)
        await gate.enter(0)
        waiting = [asyncio.create_task(gate.enter(0)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()  # while it waits
        gate.leave()  # the second is given the place, and is cancelled before it knows
        waiting[1].cancel()
        await asyncio.wait(waiting)
        assert [task.cancelled() for task in waiting] == [True, True, False]
        gate.leave()
        await asyncio.wait_for(gate.enter(5), 1)

    asyncio.run(work())


def test_an_error_inside_gives_the_place_back() -> None:
    async def work() -> None:
        gate = CallGate(1)
        for _ in range(2):
            with pytest.raises(ValueError, match="broken"):
                async with gate.call(0):
                    raise ValueError("broken")

    asyncio.run(asyncio.wait_for(work(), 5))
