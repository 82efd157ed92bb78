"""What servers need, what machines have, and whether it fits, before anything starts."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.config import Settings
from wethink_assets.errors import ConfigError
from wethink_assets.models.servers.memory import Gpu, Memory, ModelSize, find_memory, local_folder, parse_gpus, size_of
from wethink_assets.models.servers.placement import Need, place, require_fit
from wethink_assets.models.servers.spec import needs_of

H100 = 79.6
RAM = Memory(64.0, 60.0)


def gpus(*sizes: float) -> list[Gpu]:
    return [Gpu(index, "drawn", size, size) for index, size in enumerate(sizes)]


def need(server: str, gpus: int, share: float, weights: float = 1.0, kv: float = 1.0, replica: int = 0) -> Need:
    return Need(server, replica, gpus, share, ModelSize(weights, kv, "configuration"))


def test_nvidia_smi_is_read_and_visible_devices_are_heeded() -> None:
    told = (
        "0, GPU-1111aaaa, NVIDIA H100 80GB HBM3, 81559, 80994\n1, GPU-2222bbbb, NVIDIA H100 80GB HBM3, 81559, 1024\n"
        "2, GPU-3333cccc, NVIDIA GB10, [N/A], [N/A]\nNo devices were found\n"
    )
    first, second = parse_gpus(told)
    assert (first.index, first.name, round(first.total, 1), round(second.free, 1)) == (
        0,
        "NVIDIA H100 80GB HBM3",
        79.6,
        1.0,
    )
    assert [gpu.index for gpu in parse_gpus(told, "1")] == [1]
    assert [gpu.index for gpu in parse_gpus(told, "GPU-1111aaaa")] == [0]
    assert parse_gpus(told, "") == ()


@given(st.text(max_size=200))
def test_whatever_nvidia_smi_says_is_survived(text: str) -> None:
    assert all(gpu.total >= 0 or gpu.total < 0 for gpu in parse_gpus(text) if gpu.total == gpu.total)


def test_this_machine_has_memory() -> None:
    memory = find_memory()
    assert 0.5 < memory.total < 100_000 and memory.available <= memory.total


def test_sizes_come_from_files_or_configuration_or_the_name(tmp_path: Path) -> None:
    config = {
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "hidden_size": 3584,
        "dtype": "bfloat16",
    }
    (tmp_path / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 32768}))
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": 15 * 2**30}}))
    found = size_of("m", tmp_path)
    assert found is not None and found.weights == 15 and found.told_by == "files"
    assert found.kv_cache == pytest.approx(65536 * 57344 / 2**30), "8 conversations of 8,192 tokens"
    long = size_of("m", tmp_path, max_model_len=100_000)
    assert long is not None and long.kv_cache == pytest.approx(100_000 * 57344 / 2**30), "or one of the longest"
    wide = size_of("m", tmp_path, dtype="float32")
    assert wide is not None and wide.weights == 30
    named = size_of("Qwen/Qwen2.5-VL-72B-Instruct", None, max_model_len=8192)
    assert named is not None and 136 < named.weights < 160 and "name" in named.told_by and "guess" in named.told_by
    packed = size_of("Qwen2.5-VL-72B-Instruct-AWQ", None)
    assert packed is not None and packed.weights < 50
    assert size_of("gpt-ours", None) is None
    given = size_of("gpt-ours", None, weights=3, kv_cache=2)
    assert given == ModelSize(3, 2, "configuration")


def test_the_hubs_cache_is_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    snapshot = tmp_path / "models--org--name" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (tmp_path / "models--org--name" / "refs").mkdir()
    (tmp_path / "models--org--name" / "refs" / "main").write_text("abc")
    assert local_folder("org/name") == snapshot == local_folder("org/name", "abc")
    assert local_folder("org/name", "def") is None and local_folder("org/other") is None


def test_servers_share_a_gpu_as_far_as_their_shares_go() -> None:
    both = [need("eyes", 1, 0.42), need("words", 1, 0.52)]
    assert place(both, gpus(H100)) == {("words", 0): (0,), ("eyes", 0): (0,)}
    assert place([*both, need("judge", 1, 0.1)], gpus(H100)) == need("judge", 1, 0.1)
    large = [need("eyes", 4, 0.9), need("words", 2, 0.9, replica=0), need("words", 2, 0.9, replica=1)]
    placed = place(large, gpus(*[H100] * 8))
    assert isinstance(placed, dict)
    used = [index for chosen in placed.values() for index in chosen]
    assert sorted(used) == list(range(8)), "each GPU once"


@given(
    st.lists(st.tuples(st.integers(1, 4), st.sampled_from([0.2, 0.3, 0.45, 0.5, 0.9])), max_size=8), st.integers(1, 8)
)
def test_no_gpu_is_promised_twice(wanted: list[tuple[int, float]], count: int) -> None:
    needs = [need(f"s{number}", number_of_gpus, share) for number, (number_of_gpus, share) in enumerate(wanted)]
    placed = place(needs, gpus(*[H100] * count))
    if isinstance(placed, Need):
        return
    for index in range(count):
        assert sum(one.share for one in needs if index in placed[one.server, one.replica]) <= 1.0001
    assert all(len(set(placed[one.server, 0])) == one.gpus for one in needs)


@pytest.mark.parametrize(
    ("needs", "sizes", "message"),
    [
        ([need("big", 2, 0.9, 145)], [H100] * 2, r"big on 2 GPUs with 90% of each: 76.0 GiB a GPU \(weights 145.0 and KV cache 1.0, over 2 GPUs, 3.0 besides; told by configuration\) does not fit into its share \(GPU 0: 71.6 of 79.6 GiB"),  # noqa: E501
        ([need("big", 4, 0.9)], [H100] * 2, r"big on 4 GPUs.*this machine: GPU 0 drawn 79.6 GiB, GPU 1"),
        ([need("a", 1, 0.6), need("b", 1, 0.6)], [H100], r"needed together and do not fit: server a .* server b .*no room is left for b on this machine: GPU 0 drawn 79.6 GiB"),  # noqa: E501
        ([need("a", 0, 0, 40), need("b", 0, 0, 40)], [], r"together 88.0 GiB, and this machine has 64.0 GiB of RAM"),
        ([need("gpu", 1, 0.9)], [], r"no such GPU"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_the_figures(needs: list[Need], sizes: list[float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        require_fit(needs, gpus(*sizes), RAM)


def test_what_fits_is_let_pass_and_unknown_sizes_are_not_guessed() -> None:
    require_fit([need("a", 1, 0.42, 15.5, 4), need("b", 1, 0.52, 27.5, 8)], gpus(H100), RAM)
    require_fit([Need("unknown", 0, 1, 0.9, None)], gpus(H100), RAM)
    require_fit([], [], RAM)


def table(**more: Any) -> Settings:
    return Settings.model_validate({"servers": {"s": {"model": "org/model-7B", **more}}})


def test_a_table_needs_gpus_where_there_are_some() -> None:
    (on_gpu,) = needs_of(table(tensor_parallel=2, gpu_memory=0.5, gpus=[1, 2]), "s", gpus(H100))
    assert (on_gpu.gpus, on_gpu.share, on_gpu.allowed) == (2, 0.5, (1, 2))
    (on_cpu,) = needs_of(table(), "s", [])
    assert on_cpu.gpus == 0 and on_cpu.size is not None and on_cpu.size.weights > 25, "float32 there"
    assert len(needs_of(table(replicas=3), "s", gpus(H100))) == 3
    assert needs_of(table(url="http://h/v1"), "s", gpus(H100)) == ()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ports": [9, 8]}, "the first is above the last"),
        ({"host": "0.0.0.0"}, "open to others: set api_key_env"),
        ({"gpus": [0], "tensor_parallel": 2}, "needs as many gpus"),
        ({"model": ""}, "needs a model"),
    ],
)
def test_wrong_tables_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        table(**wrong)


def test_a_role_takes_model_and_revision_from_its_server() -> None:
    servers = {"s": {"model": "org/m", "revision": "abc", "api_key_env": "K"}}
    settings = Settings.model_validate({"servers": servers, "roles": {"judge": {"server": "s", "revision": "def"}}})
    judge = settings.role("judge")
    assert (judge.provider, judge.model, judge.revision, judge.api_key_env) == ("endpoint", "org/m", "def", "K")
    with pytest.raises(ValueError, match=r"roles.judge.server: no server 't'; \[servers.<name>\] names s"):
        Settings.model_validate({"servers": servers, "roles": {"judge": {"server": "t"}}})
    with pytest.raises(ValueError, match="the server has its own"):
        Settings.model_validate({"servers": servers, "roles": {"judge": {"server": "s", "url": "http://h/v1"}}})
