"""The real vLLM on a CPU with the embedded model's checkpoint: text, images, JSON schema, many calls at once, and the answers of our own engine."""

import asyncio
import hashlib
import io
import json
import os
import signal
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pixels

from wethink_assets.config import Settings
from wethink_assets.models.chat import ChatModel, Completion, Image, Message, Sampling
from wethink_assets.models.embedded.chat import EmbeddedModel
from wethink_assets.models.embedded.evaluation.accuracy import held_out
from wethink_assets.models.registry import Models
from wethink_assets.models.servers.processes import session_members
from wethink_assets.models.servers.runtime import replica_folders
from wethink_assets.synthesis.calls.reply_schemas import Grade, json_schema
from wethink_assets_tests.support.vllm_environment import vllm_python

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
TASKS = ("describe", "answer_image", "details", "adjudicate")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    """The describer on a server, started as a run starts it."""
    table = {"model": "embedded/describer", "max_model_len": 1024, "images": 1, "kv_cache": 1, "python": vllm_python()}
    settings = Settings.model_validate(
        {"servers": {"eyes": table | {"device": "cpu"}}, "roles": {"describer": {"server": "eyes"}}}
    )
    root = tmp_path_factory.mktemp("servers")
    os.environ["WETHINK_SERVERS_DIR"] = str(root)
    try:
        with Models.open(settings) as opened:
            began = time.monotonic()
            opened.role("describer")
            print(f"vLLM was healthy after {time.monotonic() - began:.0f} s")
            (folder,) = replica_folders(root)
            yield opened
            state = folder.state()
            assert state is not None
            opened.servers.close(wait=60)
            assert not session_members(state.server) and not folder.supervised(), "a process was left behind"
    finally:
        del os.environ["WETHINK_SERVERS_DIR"]


def run(models: Models, *work: Coroutine[Any, Any, Completion]) -> list[Completion]:
    async def all_of_them() -> list[Completion]:
        return list(await asyncio.gather(*work))

    return models.run(all_of_them())


def drawn(image: Pixels.Image) -> Image:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    data = buffer.getvalue()
    return Image(hashlib.sha256(data).hexdigest(), "image/png", lambda: data)


def ask(model: ChatModel, example: Any, **sampling: Any) -> Coroutine[Any, Any, Completion]:
    images = () if example.image is None else (drawn(example.image),)
    return model.chat([Message("user", example.prompt, images)], sampling=Sampling(max_tokens=160, **sampling))


def test_answers_are_those_of_the_engine_in_process(models: Models) -> None:
    """Same weights, same tokens of prompt and image, and so the same replies, but for rounding."""
    examples = [held_out("describer", task, number, seed=11) for task in TASKS for number in range(24)]
    ours = EmbeddedModel.open("describer")
    served = run(models, *(ask(models.role("describer"), example) for example in examples))
    in_process = run(models, *(ask(ours, example) for example in examples))
    models.run(ours.aclose())
    same_tokens = [a.prompt_tokens == b.prompt_tokens for a, b in zip(served, in_process, strict=True)]
    same_text = [a.text == b.text for a, b in zip(served, in_process, strict=True)]
    print(f"of {len(examples)} images: prompt tokens agree on {sum(same_tokens)}, replies on {sum(same_text)}")
    assert all(same_tokens)
    assert sum(same_text) >= 0.98 * len(examples)
    assert models.identity("describer") == (ours.model_id, ours.revision)


def test_text_alone_and_a_seed_decides_what_is_drawn(models: Models) -> None:
    model = models.role("describer")
    judged = held_out("reasoner", "judge", 0, seed=11)
    first, again, other = run(models, *(ask(model, judged, temperature=1.5, seed=seed) for seed in (1, 1, 2)))
    assert first.text == again.text != other.text
    assert first.prompt_tokens > 0 and first.finish_reason in ("stop", "length")


def test_a_json_schema_binds_each_of_64_calls_at_once(models: Models) -> None:
    model = models.role("describer")
    schema = json_schema(Grade)
    message = [Message("user", "Grade the answer. Reply with one JSON object.")]

    def call(seed: int) -> Coroutine[Any, Any, Completion]:
        return model.chat(message, schema=schema, sampling=Sampling(1.0, 1.0, 120, seed))

    began = time.monotonic()
    replies = run(models, *(call(seed) for seed in range(64)))
    print(f"64 calls with a schema: {time.monotonic() - began:.1f} s")
    whole = [reply for reply in replies if reply.finish_reason == "stop"]
    assert all(set(json.loads(reply.text)) >= {"score"} for reply in whole)
    assert all(json.loads(reply.text)["score"] in (0, 0.25, 0.5, 0.75, 1) for reply in whole)
    assert all(reply.text.startswith("{") for reply in replies), "one that was cut off has the shape as far as it goes"


def test_64_images_at_once(models: Models) -> None:
    model = models.role("describer")
    examples = [held_out("describer", "describe", number, seed=12) for number in range(64)]
    began = time.monotonic()
    replies = run(models, *(ask(model, example) for example in examples))
    seconds = time.monotonic() - began
    tokens = sum(reply.completion_tokens for reply in replies)
    print(f"64 images: {seconds:.1f} s, {tokens / seconds:.0f} tokens/s")
    assert len(replies) == 64 and all(reply.text for reply in replies)
    right = sum(reply.text == example.reply for reply, example in zip(replies, examples, strict=True))
    assert right > 16, f"the model serves what it knows: {right} of 64 descriptions exact"


@pytest.mark.parametrize("task", ["text", "images"])
def test_a_seed_decides_where_more_prompts_come_than_a_step_takes(models: Models, task: str) -> None:
    """A prompt that is read in two steps ended the engine where it had a seed (`CPU Generator does not use offset`)."""
    model = models.role("describer")
    (folder,) = replica_folders(Path(os.environ["WETHINK_SERVERS_DIR"]))
    before = folder.state()
    assert before is not None

    def call(number: int) -> Coroutine[Any, Any, Completion]:
        if task == "images":
            return ask(model, held_out("describer", "describe", number, seed=14), temperature=1.0, seed=number)
        long = f"Scene {number}: " + "a red circle is left of a blue square . " * 60
        return model.chat([Message("user", long)], sampling=Sampling(1.0, 1.0, 24, number))

    together = run(models, *(call(number) for number in range(96)))
    alone = [run(models, call(number))[0] for number in range(0, 96, 12)]
    after = folder.state()
    assert after is not None and after.server == before.server, "it did not end"
    print(f"{task}: {sum(reply.prompt_tokens for reply in together)} tokens of prompts at once")
    same = sum(one.text == other.text for one, other in zip(alone, together[::12], strict=True))
    assert same >= 7, f"only {same} of 8 replies are those that came among others; rounding may change one"


def test_calls_wait_while_a_killed_server_is_started_again(models: Models) -> None:
    model = models.role("describer")
    (folder,) = replica_folders(Path(os.environ["WETHINK_SERVERS_DIR"]))
    before = folder.state()
    assert before is not None
    examples = [held_out("describer", "describe", number, seed=13) for number in range(64)]

    async def killed_meanwhile() -> list[Completion]:
        calls = [asyncio.create_task(ask(model, example)) for example in examples]
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        os.kill(before.server, signal.SIGKILL)
        return list(await asyncio.gather(*calls))

    began = time.monotonic()
    replies = models.run(killed_meanwhile())
    print(f"64 calls whose server was killed: {time.monotonic() - began:.1f} s")
    after = folder.state()
    assert after is not None and after.server != before.server and after.url == before.url
    assert len(replies) == 64 and all(reply.text for reply in replies)
    assert not session_members(before.server), "nor is anything left of the one that was killed"


def test_torchvision_is_helped_where_it_needs_it_and_nowhere_else(models: Models, tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import sys; assert 'torch' not in sys.modules; import torchvision, torch; print(hasattr(torch.ops.torchvision, 'nms'))"
    there = subprocess.run([vllm_python(), "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert there.stdout.strip() == "True"
    assert not [module for module in sys.modules if module == "wethink_torchvision_cpu"]
    from wethink_assets.models.servers import torchvision_cpu

    assert torchvision_cpu.TorchvisionFinder not in sys.meta_path, "the module is inert where it is only imported"
