"""Calls about one image go to the replica that has it in its prefix cache, as far as the work stays balanced and no item is lost."""

import asyncio
import hashlib
from collections import Counter, deque
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.models.chat import Image, Message, Sampling
from wethink_assets.models.endpoint.api_keys import ApiKeys
from wethink_assets.models.endpoint.client import EndpointModel
from wethink_assets.models.endpoint.load_balancer import NEAR, OVERTAKEN, SLACK, LoadBalancer
from wethink_assets.models.endpoint.replicas import Replica
from wethink_assets_tests.support.http_servers import Endpoint, ServerProcess, processes, reply

IMAGES, CALLS = 60, 8
PIXELS = b"not looked at"


def image_of(number: int) -> Image:
    return Image(hashlib.sha256(str(number).encode()).hexdigest(), "image/png", lambda: PIXELS)


async def discussed(model: EndpointModel, at_once: int, images: int = IMAGES) -> Counter[str]:
    """Replies to `CALLS` calls in turn about each image, and as many without one, with some images at a time."""
    numbers = iter(range(images))
    ended: Counter[str] = Counter()

    async def worker() -> None:
        for number in numbers:
            for turn in range(CALLS):
                text = f"{number} {turn}"
                for images_shown in ((image_of(number),), ()):
                    completion = await model.chat([Message("user", text, images_shown)], sampling=Sampling())
                    ended[completion.text] += 1

    await asyncio.gather(*(worker() for _ in range(at_once)))
    return ended


def seen_by(endpoints: list[Endpoint]) -> dict[str, Counter[int]]:
    """How many calls about each image each replica got."""
    seen: dict[str, Counter[int]] = {}
    for number, endpoint in enumerate(endpoints):
        for request in endpoint.requests:
            content = request["messages"][0]["content"]
            if isinstance(content, list):
                seen.setdefault(content[-1]["text"].split()[0], Counter())[number] += 1
    return seen


@pytest.mark.parametrize(("most", "at_once"), [(64, 24), (6, 48)], ids=["room", "no room"])
def test_an_image_stays_at_its_replica_and_work_stays_balanced(most: int, at_once: int) -> None:
    async def handler(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(0.02)
        return reply("ok")

    endpoints = [Endpoint(handler) for _ in range(3)]

    async def work() -> Counter[str]:
        for endpoint in endpoints:
            await endpoint.__aenter__()
        model = EndpointModel([endpoint.url for endpoint in endpoints], "qwen", max_concurrency=most)
        try:
            return await discussed(model, at_once)
        finally:
            await model.aclose()
            for endpoint in endpoints:
                await endpoint.__aexit__()

    assert asyncio.run(work()) == {"ok": 2 * IMAGES * CALLS}
    seen = seen_by(endpoints)
    assert len(seen) == IMAGES and all(calls.total() == CALLS for calls in seen.values())
    cold = sum(len(calls) for calls in seen.values())
    assert cold <= 1.9 * IMAGES, "replicas that had to take an image in: nearly 3 an image if it went anywhere"
    at_home = sum(max(calls.values()) for calls in seen.values())
    assert at_home >= 0.75 * IMAGES * CALLS, "a third and little more if calls went anywhere"
    served = [len(endpoint.requests) for endpoint in endpoints]
    assert min(served) >= 0.8 * sum(served) / 3, served


def test_images_of_a_replica_that_dies_move_and_no_item_is_lost() -> None:
    with processes(ServerProcess("a"), ServerProcess("b"), ServerProcess("c")) as servers:

        async def work() -> tuple[Counter[str], Counter[str]]:
            model = EndpointModel([server.url for server in servers], "qwen", pause=0.05, timeout=10)
            try:
                before = await discussed(model, 12, 20)
                running = asyncio.create_task(discussed(model, 12, 40))
                await asyncio.sleep(0.1)
                await asyncio.to_thread(servers[0].kill)
                return before, await running
            finally:
                await model.aclose()

        before, after = asyncio.run(work())
    assert set(before) == {"a", "b", "c"} and before.total() == 2 * 20 * CALLS
    assert after.total() == 2 * 40 * CALLS and after["a"] < after["b"] and after["a"] < after["c"]


def test_the_preference_replicas_is_the_images_own_and_keeps_without_one() -> None:
    replicas = [Replica(f"http://h{number}:1/v1") for number in range(4)]
    whole, fewer = LoadBalancer(replicas), LoadBalancer(replicas[1:])
    homes: Counter[str] = Counter()
    for number in range(400):
        order = whole.preference(image_of(number).sha256)
        assert sorted(replica.name for replica in order) == [replica.name for replica in replicas]
        assert [replica for replica in order if replica is not replicas[0]] == list(
            fewer.preference(image_of(number).sha256)
        ), "of a replica that is gone only its own images move"
        homes[order[0].name] += 1
    assert min(homes.values()) > 60
    assert whole.preference("") == () and LoadBalancer(replicas[:1]).preference("x") == ()


# What happens next: a call about one of a few images (0: none) comes, or the oldest call at one of the replicas ends.
events = st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=300)


@given(events, st.integers(2, 4), st.integers(1, 8))
def test_no_choice_makes_one_replica_much_busier_and_no_call_waits_for_ever(
    happens: list[tuple[bool, int]], count: int, most: int
) -> None:
    async def work() -> None:
        replicas = [Replica(f"http://h{number}:1/v1", most) for number in range(count)]
        balancer = LoadBalancer(replicas)
        at_work: dict[Replica, deque[float]] = {replica: deque() for replica in replicas}
        came = ended = 0
        begun: list[int] = []
        tasks = []

        async def call(number: int, image: str) -> None:
            replica = (await balancer.acquire(image=image)).replica
            least = min(other.limit.load for other in replicas if other.limit.room > 0 or other is replica)
            assert replica.limit.load <= NEAR * least + SLACK / replica.limit.limit + 1 / replica.limit.limit
            at_work[replica].append(replica.limit.began())
            begun.append(number)

        for comes, what in happens:
            if comes:
                tasks.append(asyncio.create_task(call(came, f"image {what}" if what else "")))
                came += 1
            elif at_work[replicas[what % count]]:
                replica = replicas[what % count]
                replica.limit.failed(at_work[replica].popleft())
                replica.offer()
                ended += 1
            for _ in range(3):
                await asyncio.sleep(0)
            assert len(begun) == min(came, ended + sum(replica.limit.limit for replica in replicas)), (
                "no place stays empty"
            )
        while len(begun) < came:
            busy = max(replicas, key=lambda replica: len(at_work[replica]))
            busy.limit.failed(at_work[busy].popleft())
            busy.offer()
            for _ in range(3):
                await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        later = [sum(other > number for other in begun[: begun.index(number)]) for number in range(came)]
        assert max(later, default=0) <= OVERTAKEN + 32, "calls that came later and went first"

    asyncio.run(work())


class JustAllowed(ApiKeys):
    """Keys whose service allows the next request a moment after a call has looked, and before it waits."""

    def __init__(self) -> None:
        super().__init__("m", (), cautious=False)
        self.at = 0.0

    def ready_at(self, replica: Replica, now: float) -> float:
        self.at = self.at or now + 1e-9
        return self.at


def test_a_pause_that_ends_while_a_call_gets_in_line_is_no_wait_for_ever() -> None:
    async def use() -> None:
        balancer = LoadBalancer([Replica("http://one")], JustAllowed())
        async with asyncio.timeout(5):
            permit = await balancer.acquire()
        assert permit.replica.name == "http://one"
        balancer.close()

    asyncio.run(use())
