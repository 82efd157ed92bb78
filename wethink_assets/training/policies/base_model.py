"""The base model of a training: loading of its weights and processor, and of images as it is shown them."""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wethink_assets.config import RecipeSettings, Settings
from wethink_assets.errors import ModelError, TrainingError
from wethink_assets.extensions.builtin import PROVIDERS
from wethink_assets.models.embedded.chat import LOADING
from wethink_assets.models.embedded.checkpoints import checkpoint_digest, checkpoint_folder, checkpoint_names
from wethink_assets.training.policies.families import require_trainable
from wethink_assets.training.policies.pixels import bound_pixels

if TYPE_CHECKING:
    from PIL.Image import Image


NEAR = 3
"""Names that a message offers for a misspelt one, at most."""
HUB_FILES = ("*.json", "*.jinja", "*.model", "*.safetensors", "*.tiktoken", "*.txt")
"""What is downloaded of a model on the hub: no pickled weights, no code."""
SAFE_LOADING = {"use_safetensors": True, "trust_remote_code": False}
"""Of a folder, too, nothing is unpickled and no code is run; without the latter transformers would ask on the terminal."""

PROCESSOR_FILES = (*(name for name in HUB_FILES if name != "*.safetensors"), "additional_chat_templates/*.jinja")
NO_PROCESSOR = ("config.json", "generation_config.json", "adapter_config.json", "trainer_state.json", "whole.json")
"""JSON of a model's folder that is none of its processor's."""


@dataclass(frozen=True, slots=True)
class BaseModel:
    """Where a training starts.

    name_or_path: name on the hub, or folder; embedded: whether it sees square views of 48 pixels; identity: what provenance keeps, `model` and
    `revision` (of a folder the digest of its files).
    """

    name_or_path: str
    revision: str
    embedded: bool
    identity: dict[str, str]


def base_model(settings: Settings, recipe: RecipeSettings) -> BaseModel:
    """The model that a recipe starts from. Raises `TrainingError` or `ModelError` when there is none."""
    name = recipe.model
    if not name:
        role = settings.role("policy")
        name = PROVIDERS[role.provider].checkpoint("policy", role)
        if not name:
            raise TrainingError(
                f"the role `policy` is played by provider {role.provider}, whose weights cannot be trained: give the recipe a `model` "
                "(folder or hub name)"
            )
    if name in checkpoint_names():
        folder = checkpoint_folder(name)
        return BaseModel(str(folder), "", True, {"model": f"embedded/{name}", "revision": checkpoint_digest(name)})
    folder = Path(settings.resolve(name))
    if (folder / "config.json").is_file():
        require_trainable(name, folder, recipe.phases)
        digest = checkpoint_digest(str(folder))
        return BaseModel(str(folder), "", is_embedded(folder), {"model": folder.name, "revision": digest})
    local = name.startswith((".", "/", "~")) or name.count("/") != 1  # no name on the hub
    if not local and (cached := _cached_folder(name, recipe.revision)) is not None:
        require_trainable(name, cached, recipe.phases)
    elif local or _misspelt(folder):
        raise ModelError(_no_checkpoint(name, folder))
    return BaseModel(name, recipe.revision, False, {"model": name, "revision": recipe.revision})


def _beside(folder: Path) -> list[str]:
    """Names of the checkpoints in the folder where one is missing."""
    return sorted(path.parent.name for path in folder.parent.glob("*/config.json"))


def _misspelt(folder: Path) -> bool:
    """Whether a missing folder is called nearly as one beside it, with the same figures: those of another size are another model."""

    def figures(name: str) -> str:
        return "".join(character for character in name if character.isdigit())

    return any(figures(near) == figures(folder.name) for near in get_close_matches(folder.name, _beside(folder), NEAR))


def _no_checkpoint(name: str, folder: Path) -> str:
    """Why a name is no checkpoint, with those that are called nearly so."""
    if folder.is_dir():
        within = sorted(path.parent.name for path in folder.glob("*/config.json"))
        inside = f"; did you mean {' or '.join(f'{name}/{one}' for one in within[:NEAR])}?" if within else ""
        return f"{folder} is not a checkpoint: it has no config.json{inside}"
    beside = _beside(folder)
    known = [*beside, *(() if "/" in name else checkpoint_names())]
    near = get_close_matches(folder.name, known, NEAR) or beside[:NEAR]
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"{name} is no checkpoint: there is no folder {folder}, and no model on the hub is called so{meant}"


def is_embedded(folder: Path) -> bool:
    """Whether a checkpoint is one of the embedded architecture, which sees images of 48 x 48 pixels."""
    import json

    path = folder / "processor_config.json"
    if not path.is_file():
        return False
    size = json.loads(path.read_text()).get("image_processor", {}).get("size", {})
    return size.get("shortest_edge") == size.get("longest_edge") == 48 * 48


def base_folder(base: BaseModel) -> str:
    """Folder with the files of a base model: that of its name, or the snapshot of its revision in the hub's cache, downloaded where it is missing.

    Whoever loads the model by its configuration later, as TRL does for the reference of the KL, gets this revision too.
    Raises `ModelError` when the hub does not give it.
    """
    return base.name_or_path if os.path.isdir(base.name_or_path) else _snapshot(base.name_or_path, base.revision)


def folder_without_weights(base: BaseModel) -> str:
    """As `base_folder`, but nothing large is downloaded."""
    if os.path.isdir(base.name_or_path):
        return base.name_or_path
    return _snapshot(base.name_or_path, base.revision, PROCESSOR_FILES)


def _cached_folder(name: str, revision: str) -> Path | None:
    """Folder of a model in the hub's cache; None where it was not downloaded yet."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(name, "config.json", revision=revision or None)
    return Path(found).parent if isinstance(found, str) else None


@cache  # the branch may move while a process trains
def _snapshot(name: str, revision: str, patterns: tuple[str, ...] = HUB_FILES) -> str:
    from huggingface_hub import snapshot_download

    download = partial(snapshot_download, name, revision=revision or None, allow_patterns=list(patterns))
    try:
        return str(download())
    except (OSError, ValueError) as error:
        with suppress(OSError, ValueError):  # without a network a commit is not looked for in the cache
            return str(download(local_files_only=True))
        shown = f"{name} at revision {revision}" if revision else name
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ModelError(
            f"the model {shown} is neither a folder of this machine nor to be had from the hub or its cache: {reason}"
        ) from error


def load_model(base: BaseModel, dtype: str, checkpoint: str | None = None) -> Any:
    """A model to train or to ask, on the CPU; `checkpoint` is a folder with other weights of the same architecture.

    dtype: `float32`, `bfloat16`, or `auto` as the checkpoint has it. Raises `ModelError` when it cannot be loaded.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForImageTextToText

    options: dict[str, Any] = {"dtype": dtype if dtype == "auto" else getattr(torch, dtype), **SAFE_LOADING}
    if base.embedded:
        options["attn_implementation"] = "eager"  # the fastest at this size
    folder = checkpoint or base_folder(base)
    try:
        with LOADING:
            model = AutoModelForImageTextToText.from_pretrained(folder, **options)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ModelError(f"{folder} cannot be loaded: {error}") from error
    if base.embedded:
        from wethink_assets.models.embedded.vision import attend_in_batches

        attend_in_batches(model)
    return model


def load_base_processor(base: BaseModel, pixels: tuple[int, int] = (0, 0)) -> Any:
    """The processor of the model, padding on the left; the model's weights are not even downloaded for it.

    pixels: of an image, at least and at most; 0 leaves them as they are.

    Raises `ModelError` for a model that cannot be trained, with its family, the reason and the remedy.
    """
    from wethink_assets.models.embedded.processor import load_processor

    folder = folder_without_weights(base)
    require_trainable(base.identity.get("model") or base.name_or_path, Path(folder))
    processor: Any = load_processor(folder)
    processor.tokenizer.padding_side = "left"
    bound_pixels(processor, *pixels)
    return processor


def save_base_processor(base: BaseModel, processor: Any, folder: Path) -> None:
    """Write the processor beside a trained model: of one that is not embedded the very files that the base has, since training changes none."""
    from wethink_assets.models.embedded.processor import save_processor

    if base.embedded:
        save_processor(processor, folder)
        return
    source = Path(base_folder(base))
    for path in sorted(found for pattern in PROCESSOR_FILES for found in source.glob(pattern)):
        if path.name not in NO_PROCESSOR and not path.name.endswith(".safetensors.index.json"):
            (folder / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / path.relative_to(source))


def image_for(base: BaseModel, data: bytes) -> "Image":
    """The bytes of an image as the model is shown it: upright, RGB, on white; square and small for an embedded model.

    Raises `ModelError` when they cannot be decoded.
    """
    if base.embedded:
        from wethink_assets.models.embedded.engine import model_view

        return model_view(data)
    from PIL import Image

    from wethink_assets.sources.images.view import view

    try:
        return view(data)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ModelError(f"an image of the version cannot be decoded: {error}") from error
