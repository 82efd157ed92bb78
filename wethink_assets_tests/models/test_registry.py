"""Models of the roles: which share one, what provenance keeps of them, and the loop that they live on."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ModelError
from wethink_assets.models.chat import Completion, Sampling
from wethink_assets.models.endpoint.client import EndpointModel
from wethink_assets.models.registry import Models


class Echo:
    model_id, revision = "echo", "1"

    def __init__(self) -> None:
        self.closed = 0

    async def chat(self, messages: Any, *, schema: Any = None, sampling: Sampling) -> Completion:
        return Completion("echo", 0, 0, "stop", "echo")

    async def aclose(self) -> None:
        self.closed += 1


def endpoint(model: str, **more: Any) -> dict[str, Any]:
    return {"provider": "endpoint", "url": "http://h/v1", "model": model, "revision": "r", **more}


def test_roles_share_what_is_the_same_and_nothing_else() -> None:
    roles = {
        "describer": endpoint("a"),
        "adjudicator": endpoint("a", temperature=0.5),
        "reasoner": endpoint("b"),
        "judge": endpoint("a", url="http://i/v1"),
    }
    with Models.open(Settings.model_validate({"roles": roles})) as models:
        describer = models.role("describer")
        assert isinstance(describer, EndpointModel)
        assert models.role("adjudicator") is describer, "sampling belongs to the call, not to the model"
        assert models.role("reasoner") is not describer and models.role("judge") is not describer


def test_a_description_names_no_address() -> None:
    roles = {"describer": endpoint("a", url="http://user:secret@h/v1", temperature=0.5, max_tokens=99)}
    with Models.open(Settings.model_validate({"roles": roles})) as models:
        assert models.describe("describer") == {
            "provider": "endpoint",
            "model": "a",
            "revision": "r",
            "temperature": 0.5,
            "top_p": 1.0,
            "max_tokens": 99,
        }


def test_describing_embedded_roles_imports_no_torch() -> None:
    code = (
        "import sys; from wethink_assets.config import Settings; from wethink_assets.models.registry import Models\n"
        "from wethink_assets.errors import ModelError\n"
        "import wethink_assets.synthesis.stages.answers, wethink_assets.synthesis.stages.descriptions\n"
        "for role in ('describer', 'reasoner', 'adjudicator', 'judge', 'policy'):\n"
        "    try: print(Models.open(Settings()).describe(role)['model'])\n"
        "    except ModelError as error: print(error)\n"
        "heavy = {'torch', 'transformers', 'sympy', 'dagster'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 5


def test_an_unknown_checkpoint_is_a_model_error() -> None:
    settings = Settings.model_validate({"roles": {"judge": {"model": "none-such"}}})
    with Models.open(settings) as models, pytest.raises(ModelError, match="none-such"):
        models.describe("judge")


def test_one_loop_on_a_thread_of_its_own_until_closed() -> None:
    echo = Echo()
    models = Models(Settings(), {"judge": echo, "reasoner": echo})

    async def where() -> tuple[int, str]:
        return id(asyncio.get_running_loop()), threading.current_thread().name

    first, second = models.run(where()), models.run(where())
    assert first == second == (first[0], "models")
    models.close()
    models.close()
    assert echo.closed == 2, "once for each close, not once for each role"
    assert "models" not in {thread.name for thread in threading.enumerate()}


def test_what_the_work_raises_comes_out_and_ticks_come_from_here() -> None:
    ticks: list[str] = []

    async def slow() -> None:
        await asyncio.sleep(0.2)
        raise TimeoutError("of the work")

    with Models.open(Settings()) as models, pytest.raises(TimeoutError, match="of the work"):
        models.run(slow(), lambda: ticks.append(threading.current_thread().name), every=0.02)
    assert len(ticks) >= 3 and set(ticks) == {threading.current_thread().name}


def test_an_interrupt_lets_the_work_clean_up_first() -> None:
    cleaned: list[bool] = []

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.1)
            cleaned.append(True)

    def interrupt() -> None:
        raise KeyboardInterrupt

    with Models.open(Settings()) as models:
        with pytest.raises(KeyboardInterrupt):
            models.run(slow(), interrupt, every=0.05)
        assert cleaned == [True]


def test_a_checkpoint_in_a_folder_is_named_by_its_folder_and_found_from_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    settings = {
        "folder": str(tmp_path),
        "roles": {"judge": {"model": "./mine"}, "reasoner": {"model": f"{tmp_path}/mine"}},
    }
    with Models.open(Settings.model_validate(settings)) as models:
        provenance = models.describe("judge")
        assert provenance["model"] == "embedded/mine" and len(provenance["revision"]) == 64
        assert models.identity("reasoner") == models.identity("judge")
