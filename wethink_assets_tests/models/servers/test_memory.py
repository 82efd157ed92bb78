"""Memory of machines and models: GPUs as nvidia-smi lists them, and sizes from files, configuration or names."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.models.servers.memory import ModelSize, find_memory, local_folder, parse_gpus, size_of


def test_nvidia_smi_is_read_and_visible_devices_are_heeded() -> None:
    text = (
        "0, GPU-1111aaaa, NVIDIA H100 80GB HBM3, 81559, 80994\n1, GPU-2222bbbb, NVIDIA H100 80GB HBM3, 81559, 1024\n"
        "2, GPU-3333cccc, NVIDIA GB10, [N/A], [N/A]\nNo devices were found\n"
    )
    first, second = parse_gpus(text)
    assert (first.index, first.name, round(first.total, 1), round(second.free, 1)) == (
        0,
        "NVIDIA H100 80GB HBM3",
        79.6,
        1.0,
    )
    assert [gpu.index for gpu in parse_gpus(text, "1")] == [1]
    assert [gpu.index for gpu in parse_gpus(text, "GPU-1111aaaa")] == [0]
    assert parse_gpus(text, "") == ()


@given(st.text(max_size=200))
def test_whatever_nvidia_smi_says_is_survived(text: str) -> None:
    assert len(parse_gpus(text)) <= text.count(",") / 4


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
    size = size_of("m", tmp_path)
    assert size is not None and size.weights == 15 and size.source == "files"
    assert size.kv_cache == pytest.approx(65536 * 57344 / 2**30), "8 conversations of 8,192 tokens"
    long = size_of("m", tmp_path, max_model_len=100_000)
    assert long is not None and long.kv_cache == pytest.approx(100_000 * 57344 / 2**30), "or one of the longest"
    wide = size_of("m", tmp_path, dtype="float32")
    assert wide is not None and wide.weights == 30
    named = size_of("Qwen/Qwen2.5-VL-72B-Instruct", None, max_model_len=8192)
    assert named is not None and 136 < named.weights < 160 and "name" in named.source and "guess" in named.source
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
