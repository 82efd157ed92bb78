"""The judge at an endpoint: who may ask it, and how it fails."""

import asyncio
import threading
import time
from typing import Any

import aiohttp
import pytest

from wethink_assets.errors import ModelError
from wethink_assets.evaluation.vlmevalkit.judge_endpoint import in_thread, judge_served
from wethink_assets.models.chat import CallFailed, Message


async def asked(url: str, token: str, body: Any) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as answer:
        return answer.status, await answer.json()


def test_the_judge_answers_whoever_has_the_key_and_says_how_it_fails() -> None:
    heard: list[tuple[list[Message], float]] = []

    async def judge(messages: list[Message], temperature: float) -> str:
        heard.append((messages, temperature))
        if "fail" in messages[-1].text:
            raise CallFailed("refused")
        if "gone" in messages[-1].text:
            raise ModelError("nobody there")
        return "B"

    async def talk() -> None:
        async with judge_served(judge, "secret") as served:
            turn = {"role": "user", "content": [{"type": "text", "text": "which"}, {"type": "text", "text": "option?"}]}
            assert (await asked(served.url, "wrong", {"messages": [turn]}))[0] == 401
            status, body = await asked(served.url, "secret", {"messages": [turn], "temperature": 0.5, "max_tokens": 3})
            assert status == 200 and body["choices"][0]["message"]["content"] == "B"
            assert [(m.text, t) for (m,), t in heard] == [("which\noption?", 0.5)]
            for body in ({}, {"messages": 3}, {"messages": [{"role": "user"}]}):
                assert (await asked(served.url, "secret", body))[0] == 400
            failing = [{"role": "user", "content": text} for text in ("fail", "gone")]
            assert (await asked(served.url, "secret", {"messages": failing[:1]}))[0] == 500
            assert served.failed == 1 and served.broken is None
            assert (await asked(served.url, "secret", {"messages": failing[1:]}))[0] == 503
            assert str(served.broken) == "nobody there"

    asyncio.run(talk())


def test_nobody_waits_for_a_thread_whose_work_is_not_wanted_any_more() -> None:
    release = threading.Event()

    async def interrupted() -> None:
        task = asyncio.create_task(in_thread(lambda: release.wait(20)))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    began = time.monotonic()
    asyncio.run(interrupted())
    release.set()
    assert time.monotonic() - began < 5
    assert asyncio.run(in_thread(lambda: 7)) == 7
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(lambda: 1 // 0))
