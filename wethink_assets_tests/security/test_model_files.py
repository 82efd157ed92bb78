"""Weights come from safetensors only, and no code of a model is run unless a setting names the commit that somebody has read."""

import json
from pathlib import Path

import pytest

from wethink_assets.config.servers import ServerSettings
from wethink_assets.errors import ModelError
from wethink_assets.models.embedded.processor import load_processor
from wethink_assets.training.policies.base_model import HUB_FILES, BaseModel, load_model

CODE = "from pathlib import Path\nPath({!r}).write_text('ran')\nfrom transformers import {} as Mine\n"


def trap(marker: Path) -> bytes:
    """A pickle, written by hand, that makes the file `marker` in whoever loads it: `open(marker, "w")`."""
    return f"c__builtin__\nopen\n(V{marker}\nVw\ntR.".encode()


def folder_with_code(folder: Path, marker: Path, pickled: bool) -> Path:
    folder.mkdir()
    (folder / "mine.py").write_text(CODE.format(str(marker), "PretrainedConfig"))
    (folder / "ours.py").write_text(CODE.format(str(marker), "PreTrainedModel"))
    (folder / "proc.py").write_text(CODE.format(str(marker), "ProcessorMixin"))
    auto = {"AutoConfig": "mine.Mine", "AutoModelForImageTextToText": "ours.Mine", "AutoProcessor": "proc.Mine"}
    kind = "qwen2_5_vl" if pickled else "mine"
    (folder / "config.json").write_text(json.dumps({"model_type": kind, **({} if pickled else {"auto_map": auto})}))
    (folder / "preprocessor_config.json").write_text(json.dumps({"processor_class": "Mine", "auto_map": auto}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "Mine", "auto_map": auto}))
    if pickled:
        (folder / "pytorch_model.bin").write_bytes(trap(marker))
    return folder


@pytest.mark.parametrize("pickled", [False, True], ids=["code", "pickle"])
def test_a_folder_runs_nothing(pickled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda *_: "y")  # whoever asks on the terminal is told yes
    marker = tmp_path / "marker"
    folder = folder_with_code(tmp_path / "model", marker, pickled)
    with pytest.raises(ModelError):
        load_model(BaseModel(str(folder), "", embedded=False, identity={}), "float32")
    with pytest.raises(ModelError):
        load_processor(str(folder))
    assert not marker.exists()


def test_nothing_but_data_is_downloaded_of_a_model() -> None:
    assert all(not pattern.endswith((".py", ".bin", ".pt", ".pth", ".pkl", ".ckpt", "*")) for pattern in HUB_FILES)


@pytest.mark.parametrize("argument", ["--trust-remote-code", "--trust-remote-code=true"])
@pytest.mark.parametrize("revision", ["", "main", "v1.0", "0" * 39, "0" * 39 + "g", "0" * 40 + "\n"])
def test_a_server_runs_code_of_a_named_commit_only(argument: str, revision: str) -> None:
    with pytest.raises(ValueError, match="the commit whose code you have read"):
        ServerSettings(model="a/b", revision=revision, args=(argument,))
    assert ServerSettings(model="a/b", revision="0" * 40, args=(argument,)).args == (argument,)
