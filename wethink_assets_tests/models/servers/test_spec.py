"""Specification of a server: what its table needs on a machine, and which servers are the same."""

from typing import Any

from wethink_assets.config import Settings
from wethink_assets.models.servers.memory import Gpu
from wethink_assets.models.servers.spec import ServerSpec, needs_of

GPU = Gpu(0, "drawn", 79.6, 79.6)


def table(**more: Any) -> Settings:
    return Settings.model_validate({"servers": {"s": {"model": "org/model-7B", **more}}})


def test_a_table_needs_gpus_where_there_are_some() -> None:
    (on_gpu,) = needs_of(table(tensor_parallel=2, gpu_memory=0.5, gpus=[1, 2]), "s", [GPU])
    assert (on_gpu.gpus, on_gpu.share, on_gpu.allowed) == (2, 0.5, (1, 2))
    (on_cpu,) = needs_of(table(), "s", [])
    assert on_cpu.gpus == 0 and on_cpu.size is not None and on_cpu.size.weights > 25, "float32 there"
    assert len(needs_of(table(replicas=3), "s", [GPU])) == 3
    assert needs_of(table(url="http://h/v1"), "s", [GPU]) == ()


def test_the_same_server_is_found_by_what_it_serves() -> None:
    one = ServerSpec(server="s", model="m", command=("a", "b"), env={})
    assert one.model_copy(update={"server": "other name", "start_timeout": 5}).key == one.key
    for change in ({"command": ("a",)}, {"weights": "w"}, {"replica": 1}, {"share": 0.5}, {"env": {"A": "1"}}):
        assert one.model_copy(update=change).key != one.key
