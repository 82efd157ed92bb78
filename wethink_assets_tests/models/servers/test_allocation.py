"""Servers get GPUs and ports beside each other, wait for room, and idle ones make it."""

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ConfigError, ModelError
from wethink_assets.models.registry import Models
from wethink_assets.models.servers.servers import Servers
from wethink_assets_tests.support.vllm_double import running, write_gpus

Configured = Callable[..., Settings]


@pytest.fixture
def two_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with two GPUs of 80 GiB, as nvidia-smi tells."""
    import os

    write_gpus(tmp_path / "bin", 80, 80)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")


def seen_by(url: str) -> dict[str, object]:
    with urllib.request.urlopen(url.removesuffix("/v1") + "/health") as response:
        reply: dict[str, object] = json.load(response)
    return reply


def on_gpu(**more: object) -> dict[str, object]:
    return {"device": "gpu", "weights": 10, "kv_cache": 2, **more}


def test_servers_see_their_gpus_only_and_share_one_where_they_fit(configured: Configured, two_gpus: None) -> None:
    settings = configured(
        {
            "eyes": on_gpu(model="e", gpu_memory=0.4),
            "words": on_gpu(model="w", gpu_memory=0.5),
            "pair": on_gpu(model="p", gpu_memory=0.1, tensor_parallel=2, weights=4),
        }
    )
    servers = Servers(settings)
    replies = {}
    for name in ("eyes", "words", "pair"):  # one after the other: a GPU on which a server is starting is left alone
        servers.require([name])
        replies[name] = seen_by(servers.urls(name)[0])
    devices = {name: each["CUDA_VISIBLE_DEVICES"] for name, each in replies.items()}
    assert devices["eyes"] == devices["words"] == "0", "the second goes where room is already taken"
    assert devices["pair"] == "0,1"
    argv = replies["pair"]["argv"]
    assert isinstance(argv, list) and argv[argv.index("--tensor-parallel-size") + 1] == "2"
    assert argv[argv.index("--gpu-memory-utilization") + 1] == "0.1" and "--enforce-eager" not in argv
    assert servers.close(wait=30) == ()


def test_what_never_fits_starts_nothing(configured: Configured, two_gpus: None, root: Path) -> None:
    settings = configured(
        {"big": on_gpu(model="b", weights=500), "small": on_gpu(model="s")}, judge="big", reasoner="small"
    )
    with Models.open(settings) as models:
        models.require(["judge", "reasoner"])
        with pytest.raises(
            ConfigError, match=r"server big .* 505\.0 GiB .* does not fit into its share \(GPU 0: 72.0 of 80.0"
        ):
            models.role("reasoner")
    assert not root.exists()


@pytest.mark.slow
def test_an_idle_server_makes_room_and_a_used_one_is_waited_for(configured: Configured, two_gpus: None) -> None:
    settings = configured(
        {
            "first": on_gpu(model="f", tensor_parallel=2, idle=600),
            "second": on_gpu(model="s", tensor_parallel=2, start_timeout=30),
            "third": on_gpu(model="t", start_timeout=2),
        }
    )
    user, next_user, hasty = Servers(settings), Servers(settings), Servers(settings)
    server = seen_by(user.urls("first")[0])["pid"]
    assert isinstance(server, int)
    with pytest.raises(ModelError, match=r"no room within 2 s: waited for 1 GPU with 90%.*90% by first"):
        hasty.urls("third")
    waiting = threading.Thread(target=next_user.urls, args=("second",))
    waiting.start()
    time.sleep(2)
    assert running(server) and waiting.is_alive(), "somebody uses it"
    user.close()
    waiting.join(30)
    assert not running(server), "its idle time would have been ten minutes"
    assert next_user.states()["second"][0].phase == "ready"  # type: ignore[union-attr]
    for each in (next_user, hasty):
        each.close()


@pytest.mark.slow
def test_a_stage_lets_go_of_servers_that_are_in_its_way(configured: Configured, two_gpus: None) -> None:
    settings = configured(
        {
            "one": on_gpu(model="1", tensor_parallel=2),
            "two": on_gpu(model="2", tensor_parallel=2),
            "small": {"model": "c"},
        }
    )
    servers = Servers(settings)
    servers.require(["small", "one"])
    first = seen_by(servers.urls("one")[0])["pid"]
    servers.require(["two"])
    assert seen_by(servers.urls("two")[0])["pid"] != first
    assert isinstance(first, int) and not running(first)
    assert set(servers.states()) == {"small", "two"}, "one that is in nobody's way is kept"
    servers.close()


def test_a_server_elsewhere_is_attached_to(configured: Configured) -> None:
    here = configured({"here": {"model": "org/m"}})
    servers = Servers(here)
    (url,) = servers.urls("here")
    away = Settings.model_validate(
        {"servers": {"away": {"model": "org/m", "url": url}, "wrong": {"model": "other", "url": url}}}
    )
    attached = Servers(away)
    assert attached.urls("away") == (url,) and attached.states() == {}
    with pytest.raises(ModelError, match="serves org/m and not other"):
        attached.urls("wrong")
    servers.close(wait=20)
    with pytest.raises(ModelError, match=r"server away at http://127.0.0.1:\d+ does not answer"):
        attached.urls("away")
