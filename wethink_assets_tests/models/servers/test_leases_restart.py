"""A server of our own that ends by itself is waited for while its supervisor starts it again; one that does not come back stops the batch."""

import asyncio
import json
import logging
import os
import signal
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ModelError
from wethink_assets.models.chat import CallFailed, ChatModel, Completion, Message, Sampling
from wethink_assets.models.endpoint.client import EndpointModel
from wethink_assets.models.registry import Models
from wethink_assets.models.servers.runtime import replica_folders
from wethink_assets_tests.support.http_servers import free_port
from wethink_assets_tests.support.server_runs import eventually, state
from wethink_assets_tests.support.vllm_double import pid_of

Configured = Callable[..., Settings]
SLOWER = {"WETHINK_TEST_DELAY": "0.5"}  # no real server is there again before anybody looks


def quick_to_give_up(model: ChatModel) -> None:
    """Have a client run out of attempts long before its server is back."""
    assert isinstance(model, EndpointModel)
    model.pause = 0.05


@dataclass(frozen=True)
class Restarted:
    """What became of 40 calls whose server was killed: its name before, who replied to them, and how long they took."""

    before: str
    after: Counter[str]
    seconds: float

    def require_another(self) -> None:
        """All calls were replied to by one server, a new one."""
        (name,) = self.after
        assert self.after[name] == 40 and pid_of(name) != pid_of(self.before)


def killed_and_asked(models: Models) -> Restarted:
    """Kill the judge's server, and ask it then."""
    model = models.role("judge")
    assert isinstance(model, EndpointModel)
    (before,) = models.run(asked(model, 3))
    quick_to_give_up(model)
    os.kill(pid_of(before), signal.SIGKILL)
    began = time.monotonic()
    after = models.run(asked(model, 40))
    return Restarted(before, after, time.monotonic() - began)


async def asked(model: EndpointModel, calls: int) -> Counter[str]:
    """Who replied to so many calls, or what they raised."""
    ended: Counter[str] = Counter()

    async def call(number: int) -> None:
        try:
            ended[(await model.chat([Message("user", str(number))], sampling=Sampling())).text] += 1
        except ModelError as error:
            ended[type(error).__name__] += 1

    await asyncio.gather(*map(call, range(calls)))
    return ended


def test_calls_wait_for_a_server_that_is_started_again(configured: Configured, root: Path) -> None:
    settings = configured({"small": {"model": "m", "env": {"WETHINK_TEST_DELAY": "2"}}}, judge="small")
    heard: list[tuple[int, str]] = []
    with Models.open(settings) as models:
        models.servers.listen(lambda level, text: heard.append((level, text)), logs=False)
        restarted = killed_and_asked(models)
    restarted.require_another()
    assert restarted.seconds > 1.8
    warnings = [text for level, text in heard if level == logging.WARNING]
    assert warnings == [
        "server small (m) ended by itself and is started again: calls wait for it, 60 s at most",
        "server small (m) is back",
    ], "said once, whatever the number of calls"


@pytest.mark.slow
def test_they_wait_while_what_it_left_is_ended(configured: Configured, root: Path) -> None:
    settings = configured({"small": {"model": "m", "env": {"WETHINK_TEST_FAULT": "child"}}}, judge="small")
    with Models.open(settings) as models:
        restarted = killed_and_asked(models)
    restarted.require_another()
    assert restarted.seconds > 15, "a child of it heeds no SIGTERM, and is killed after a while"
    assert eventually(lambda: state(root).phase == "stopped", 40)


@pytest.mark.parametrize("poison", ["die", "lose the engine"])
def test_a_call_that_ends_its_server_again_and_again_fails_alone(
    configured: Configured, root: Path, poison: str
) -> None:
    settings = configured({"small": {"model": "m", "env": SLOWER}}, judge="small")
    with Models.open(settings) as models:
        model = models.role("judge")
        assert isinstance(model, EndpointModel)
        quick_to_give_up(model)

        async def reply_to(text: str) -> str:
            try:
                return (await model.chat([Message("user", text)], sampling=Sampling())).text
            except ModelError as error:
                return f"{type(error).__name__}: {error}"

        async def together() -> list[str]:
            return await asyncio.gather(*map(reply_to, ["1", "2", poison, *map(str, range(3, 30))]))

        replies = models.run(together())
        poisoned = replies.pop(2)
        assert poisoned.startswith("CallFailed: ") and "ended 3 times while it worked on this call" in poisoned
        assert all(reply.startswith("pong") for reply in replies), "each of the others has its reply"
        assert len(replica_folders(root)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("poison", ["die", "lose the engine"])
def test_so_it_does_where_each_end_is_over_before_anybody_looks(
    configured: Configured, root: Path, monkeypatch: pytest.MonkeyPatch, poison: str
) -> None:
    settings = configured({"small": {"model": "m"}}, judge="small")
    seen = set[int]()
    with Models.open(settings) as models:
        look = models.servers.wait_for_restart

        async def look_late(name: str, url: str) -> float:
            def is_back() -> bool:
                now = state(root)
                return now.phase == "ready" and now.server not in seen

            assert await asyncio.to_thread(eventually, is_back, 20)
            seen.add(state(root).server)
            return await look(name, url)

        monkeypatch.setattr(models.servers, "wait_for_restart", look_late)
        model = models.role("judge")
        seen.add(state(root).server)
        with pytest.raises(CallFailed, match="ended 3 times while it worked on this call"):
            models.run(model.chat([Message("user", poison)], sampling=Sampling()))
        assert len(seen) == 4
        assert models.run(model.chat([Message("user", "1")], sampling=Sampling())).text.startswith("pong")


def test_so_it_does_where_there_are_replicas(configured: Configured, root: Path) -> None:
    settings = configured({"twice": {"model": "m", "replicas": 2, "env": SLOWER}}, judge="twice")
    with Models.open(settings) as models:
        model = models.role("judge")
        assert isinstance(model, EndpointModel)

        async def together() -> tuple[Counter[str], list[BaseException | Completion]]:
            poison = [asyncio.ensure_future(model.chat([Message("user", "die")], sampling=Sampling()))]
            replies = await asked(model, 40)
            return replies, await asyncio.gather(*poison, return_exceptions=True)

        replies, (poisoned,) = models.run(together())
    assert isinstance(poisoned, CallFailed) and "ended 3 times while it worked on this call" in str(poisoned)
    assert replies.total() == 40 and all(reply.startswith("pong") for reply in replies)


def test_a_server_that_no_call_survives_stops_the_batch(configured: Configured, root: Path) -> None:
    settings = configured({"small": {"model": "m", "env": SLOWER}}, judge="small")
    with Models.open(settings) as models:
        model = models.role("judge")
        quick_to_give_up(model)

        async def together() -> list[BaseException | object]:
            calls = (model.chat([Message("user", "lose the engine")], sampling=Sampling()) for _ in range(8))
            return list(await asyncio.gather(*calls, return_exceptions=True))

        ends = Counter(type(end).__name__ for end in models.run(together()))
        assert set(ends) == {"CallFailed", "ModelError"} and ends["ModelError"] >= 5
        with pytest.raises(ModelError, match="did not come back") as caught:
            models.run(model.chat([Message("user", "hello")], sampling=Sampling()))
        assert not isinstance(caught.value, CallFailed)
        assert "RuntimeError: CPU Generator does not use offset" in str(caught.value), "it names what ended the engine"


@pytest.mark.slow
def test_a_process_that_serves_nothing_any_more_is_ended_and_started_again(configured: Configured, root: Path) -> None:
    settings = configured({"small": {"model": "m", "env": {"WETHINK_TEST_FAULT": "stays"}}}, judge="small")
    with Models.open(settings) as models:
        model = models.role("judge")
        assert isinstance(model, EndpointModel)
        (before,) = models.run(asked(model, 3))
        quick_to_give_up(model)

        lose_engine(state(root).url)
        (after,) = models.run(asked(model, 10)).items()
        assert pid_of(after[0]) != pid_of(before) and after[1] == 10


def lose_engine(url: str) -> None:
    """Have a stand-in lose its engine, past the client, which would send the call again."""
    body = json.dumps({"messages": [{"role": "user", "content": "lose the engine"}]}).encode()
    with pytest.raises(urllib.error.HTTPError, match="500"):
        urllib.request.urlopen(f"{url}/chat/completions", body, timeout=10)


def test_a_foreign_endpoint_that_is_down_is_not_waited_for() -> None:
    role = {"provider": "endpoint", "url": f"http://127.0.0.1:{free_port()}/v1", "model": "m"}
    with Models.open(Settings.model_validate({"roles": {"judge": role}})) as models:
        model = models.role("judge")
        quick_to_give_up(model)
        began = time.monotonic()
        with pytest.raises(ModelError, match="is not reachable"):
            models.run(model.chat([Message("user", "hello")], sampling=Sampling()))
        assert time.monotonic() - began < 5


def test_replicas_that_all_end_are_waited_for(configured: Configured, root: Path) -> None:
    settings = configured({"twice": {"model": "m", "replicas": 2, "env": {"WETHINK_TEST_DELAY": "1"}}}, judge="twice")
    with Models.open(settings) as models:
        model = models.role("judge")
        assert isinstance(model, EndpointModel)
        before = {pid_of(name) for name in models.run(asked(model, 20))}
        assert len(before) == 2
        quick_to_give_up(model)
        for process in before:
            os.kill(process, signal.SIGKILL)
        after = models.run(asked(model, 40))
    assert after.total() == 40 and not before & {pid_of(name) for name in after}
