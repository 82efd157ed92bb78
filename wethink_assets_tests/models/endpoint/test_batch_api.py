"""Batch jobs as services have them: addresses by dialect, lines, and the search for a job whose creation was not answered."""

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.config import RoleSettings
from wethink_assets.errors import ModelError
from wethink_assets.models.chat import BalanceSpent, CallFailed, Message, Sampling
from wethink_assets.models.endpoint.batch_api import BatchApi, LineReply
from wethink_assets.models.endpoint.retry import TransientFault
from wethink_assets_tests.support.services import served, served_as
from wethink_assets_tests.support.services.batches import BatchDouble

SOUND = {"model": "m", "choices": [{"message": {"content": "A red square."}, "finish_reason": "stop"}]}


def role(**fields: Any) -> RoleSettings:
    return RoleSettings(
        **{"provider": "endpoint", "model": "m", "mode": "batch", "url": "http://127.0.0.1:1/v1", **fields}
    )


def done(api: BatchApi, work: Coroutine[Any, Any, Any]) -> Any:
    async def then_closed() -> Any:
        try:
            return await work
        finally:
            await api.aclose()

    return asyncio.run(then_closed())


def test_azure_has_jobs_beside_its_deployments_and_names_another_path() -> None:
    api = BatchApi(role(url="https://mine.openai.azure.com", model="my-gpt-4o-batch"))
    assert api.address == "https://mine.openai.azure.com/openai"
    line = json.loads(done(api, api.line("k", [Message("user", "Hello")], None, Sampling())))
    assert line["url"] == "/chat/completions" and line["body"]["model"] == "my-gpt-4o-batch"


def test_a_line_is_the_request_of_a_live_call() -> None:
    api = BatchApi(role(dialect="openai-reasoning"))
    line = done(
        api, api.line("a" * 64, [Message("system", "Be\nbrief."), Message("user", "Hello\n")], None, Sampling())
    )
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    request = json.loads(line)
    assert set(request) == {"custom_id", "method", "url", "body"}
    assert request["url"] == "/v1/chat/completions" and request["method"] == "POST"
    assert request["body"]["max_completion_tokens"] == 512 and "temperature" not in request["body"]


@pytest.mark.parametrize(
    ("record", "error"),
    [
        ({"response": {"status_code": 200, "body": SOUND}, "error": None}, None),
        ({"response": None, "error": {"code": "batch_expired", "message": "not executed"}}, None),
        ({"response": {"status_code": 400, "body": {"error": {"code": "content_filter"}}}}, CallFailed),
        ({"response": {"status_code": 400}, "error": {"error": {"message": "bad image", "code": 400}}}, CallFailed),
        ({"response": {"status_code": 429, "body": {"error": {"code": "insufficient_quota"}}}}, BalanceSpent),
        ({"response": {"status_code": 500, "body": None}, "error": None}, TransientFault),
        ({"response": None, "error": {"code": "request_timeout", "message": "took too long"}}, TransientFault),
        ({"response": {"status_code": 200, "body": {"error": {"message": "overloaded"}}}}, TransientFault),
    ],
)
def test_what_came_of_a_line(record: dict[str, Any], error: type[Exception] | None, tmp_path: Path) -> None:
    with served_as(BatchDouble, "vllm") as service:
        lines = [{"id": "1", "custom_id": "k", **record}]
        service.files["file-1"] = b"no JSON\n" + "".join(json.dumps(line) + "\n" for line in lines).encode()
        table = service.role(dialect="plain", mode="batch", other_models=["m"])
        api = BatchApi(RoleSettings(**table))

        async def read() -> list[LineReply]:
            return [reply async for reply in api.replies("file-1", tmp_path)]

        [reply] = done(api, read())
    assert reply.key == "k"
    assert isinstance(reply.error, error) if error else reply.error is None
    assert (reply.completion is not None) == (record["response"] is not None and error is None)


def test_a_job_is_found_among_hundreds(tmp_path: Path) -> None:
    with served_as(BatchDouble, "vllm") as service:
        api = BatchApi(RoleSettings(**service.role(dialect="plain", mode="batch")))
        path = tmp_path / "requests.jsonl"
        path.write_text("{}\n")

        async def search() -> list[str]:
            wanted = await api.upload("wanted", path)
            made = await api.create(wanted, "wanted")
            other = await api.upload("other", path)
            for number in range(230):
                await api.create(other, f"other-{number}")
            found = await api.created(wanted, "wanted", 0)
            unknown = await api.created("file-none", "none", 0)
            assert found is not None and unknown is None
            return [made.id, found.id]

        made, found = done(api, search())
    assert made == found


def test_a_service_without_batch_jobs_is_told_of() -> None:
    with served("vllm") as service:
        api = BatchApi(RoleSettings(**service.role(dialect="plain", mode="batch")))
        with pytest.raises(ModelError, match=r'has nothing at batches .* mode = "live" needs none'):
            done(api, api.create("file-1", "a"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"provider": "embedded"}, "provider embedded has no batch jobs"),
        ({"provider": "endpoint", "model": "m", "url": "http://a/v1", "urls": ["http://b/v1"]}, "needs one url"),
        ({"server": "eyes", "model": "m"}, "needs one url of a service"),
    ],
)
def test_a_role_that_has_no_service_for_it_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RoleSettings(mode="batch", **fields)
