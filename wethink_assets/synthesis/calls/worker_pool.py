"""Worker pool: a piece of work for each of a million rows, so many at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import polars as pl

from wethink_assets.synthesis.calls.collector import Outcome

Rows = pl.DataFrame | Sequence[dict[str, Any]]
Work = Callable[[dict[str, Any]], Awaitable[Outcome]]


async def work_through(
    rows: Rows, work: Work, take: Callable[[Outcome], None], at_once: int, beside: Coroutine[Any, Any, None]
) -> None:
    """Do one piece of work a row.

    Args:
        rows: a frame holds a million in little memory.
        work: makes an outcome of a row.
        take: gets the outcomes, in the order in which they come.
        at_once: rows worked on at a time.
        beside: runs meanwhile, and is cancelled in the end.

    Raises what `work` or `beside` raises first; then nothing of it runs any more.
    """
    waiting = rows.iter_rows(named=True) if isinstance(rows, pl.DataFrame) else iter(rows)

    async def worker() -> None:
        for row in waiting:
            take(await work(row))

    workers = [asyncio.create_task(worker()) for _ in range(min(len(rows), at_once))]
    tasks = [asyncio.create_task(_all_of(workers)), asyncio.create_task(beside)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (*tasks, *workers):
            task.cancel()
        await asyncio.gather(*tasks, *workers, return_exceptions=True)


async def _all_of(tasks: Sequence["asyncio.Task[None]"]) -> None:
    await asyncio.gather(*tasks)
