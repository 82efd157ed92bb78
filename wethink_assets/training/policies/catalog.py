"""Catalog of the policies that were trained: where their files lie, and what each was trained from.

`policies/<digest>/` holds a policy: its checkpoint in `model/`, curves, completions, plots and, written last, `policy.json`. The digest is
that of manifest, recipe, seed and base model, so what was trained once is not trained again under another name:
`policies/runs/<version>.<recipe>.json` says which digest a training run came to.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from wethink_assets.dataset.inventory.sealing import seal_after
from wethink_assets.errors import StoreError, TrainingError
from wethink_assets.identity import digest_of
from wethink_assets.storage.records import create_record, read_json, read_record
from wethink_assets.storage.store import Store

__all__ = ["Policy", "find_policy", "list_policies", "local_checkpoint", "read_policy"]

SCHEMA_VERSION = 1
POLICY = "policy.json"
MODEL = "model"
RUNS = "policies/runs"
STUDY_RUN = "study-"
"""How the recipes of runs that a study made begin."""


class Policy(BaseModel):
    """A trained policy: what it came from, and what its folder holds.

    digest: of manifest, recipe settings (with their seed) and base model; key: training run, such as `v0003.grpo-s1`; manifest: digest of
    the version's manifest; base_model: `model` and `revision`; model_digest: sha256 of the files in `model/`, its card excepted; files:
    sha256 by path below the policy's folder; figures: accuracy before and after, cost, last values of the curves.
    """

    model_config = ConfigDict(frozen=True)

    schema_version: int = SCHEMA_VERSION
    digest: str
    key: str
    version: str
    manifest: str
    recipe: str
    settings: dict[str, Any]
    base_model: dict[str, str]
    model_digest: str
    files: dict[str, str]
    created: datetime
    run_id: str = ""
    figures: dict[str, Any] = {}

    @property
    def folder(self) -> str:
        """Where the policy lies, relative to the store's root."""
        return policy_folder(self.digest)


def training_key(version: str, recipe: str) -> str:
    """Key of a training run.

    >>> training_key("v0003", "grpo-s1")
    'v0003.grpo-s1'
    """
    return f"{version}.{recipe}"


def split_key(key: str) -> tuple[str, str]:
    """Version and recipe of a training run's key, split at its first dot. Raises `TrainingError` when it has none.

    >>> split_key("v0003.grpo-s1")
    ('v0003', 'grpo-s1')
    """
    version, _, recipe = key.partition(".")
    if not version or not recipe:
        raise TrainingError(
            f"{key!r} is not the key of a training run: it should be <version>.<recipe>, such as v0003.grpo-s1"
        )
    return version, recipe


def policy_folder(digest: str) -> str:
    """`policies/<digest>`."""
    return f"policies/{digest}"


def policy_digest(manifest: str, settings: Mapping[str, Any], base_model: Mapping[str, str]) -> str:
    """What a policy is known by: sha256 of the version's manifest digest, the recipe's settings with its seed, and the base model."""
    return digest_of(["policy", SCHEMA_VERSION, manifest, dict(settings), dict(base_model)])


def read_policy(store: Store, digest: str) -> Policy | None:
    """The policy of a digest; None when none was published whole. Raises `StoreError` when its file is damaged."""
    return read_record(store, f"{policy_folder(digest)}/{POLICY}", Policy)


def find_policy(store: Store, key: str) -> Policy | None:
    """The policy that a training run came to; None before it was trained. Raises `StoreError` when a file is damaged."""
    path = f"{RUNS}/{key}.json"
    named = read_json(store, path)
    if named is None:
        return None
    if not isinstance(named, dict) or "digest" not in named:
        raise StoreError(f"{store.link(path)} is damaged: it names no digest")
    policy = read_policy(store, str(named["digest"]))
    if policy is None:
        return None
    version, recipe = split_key(key)
    return policy.model_copy(update={"key": key, "version": version, "recipe": recipe})


def list_policies(store: Store, *, studies: bool = False) -> list[Policy]:
    """The policy of each training run, sorted by key; runs of equal digest share one. Those of studies only where `studies` is set."""
    keys = [name.removesuffix(".json") for name in store.names(RUNS) if name.endswith(".json")]
    wanted = [key for key in sorted(keys) if studies or not split_key(key)[1].startswith(STUDY_RUN)]
    return [policy for key in wanted if (policy := find_policy(store, key)) is not None]


def note_run(store: Store, key: str, digest: str) -> None:
    """Say that a training run came to a policy."""
    split_key(key)
    store.publish(f"{RUNS}/{key}.json", json.dumps({"key": key, "digest": digest}).encode())


def publish_policy(store: Store, policy: Policy, folder: Path) -> Policy:
    """Publish a finished policy: the files of `folder`, then `policy.json`, which makes it exist, then the run's note.

    policy: as it is to be, its `files` left empty; they are listed here. Of two writers of one digest the first one counts.
    """
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    policy = policy.model_copy(update={"files": {name: _sha256(folder / name) for name in names}})
    if (published := read_policy(store, policy.digest)) is None:
        for name in names:
            with store.scratch() as scratch:
                copy = scratch / "file"
                shutil.copyfile(folder / name, copy)
                store.publish_file(f"{policy.folder}/{name}", copy)
        create_record(store, f"{policy.folder}/{POLICY}", policy)
        published = read_policy(store, policy.digest)
    note_run(store, policy.key, policy.digest)
    seal_after(store, [policy.folder, RUNS], command="wethink train")
    return published or policy


def local_checkpoint(store: Store, policy: Policy) -> Path:
    """A folder of this machine with the policy's checkpoint: the store's own where that is local, else a cached copy.

    Copies are checked against the policy's digests. Raises `StoreError` naming a file that is missing or altered.
    """
    inside = f"{policy.folder}/{MODEL}"
    if store.local:
        if not (Path(store.path(inside)) / "config.json").is_file():
            raise StoreError(f"{store.link(inside)} is missing although its policy.json is there")
        return Path(store.path(inside))
    target = _cache() / policy.model_digest
    if target.is_dir():
        return target
    unfinished = target.parent / f".{target.name}-{uuid.uuid4().hex[:8]}"
    unfinished.mkdir(parents=True)
    try:
        for name, sha256 in policy.files.items():
            if not name.startswith(f"{MODEL}/"):
                continue
            copy = unfinished / name.removeprefix(f"{MODEL}/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            _fetch(store, f"{policy.folder}/{name}", copy)
            if _sha256(copy) != sha256:
                raise StoreError(f"{store.link(policy.folder)}/{name} was altered: its sha256 is not the policy's")
        try:
            unfinished.rename(target)
        except OSError:  # another process was first
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return target


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(base).expanduser() / "wethink" / "policies"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _fetch(store: Store, relative: str, target: Path) -> None:
    with store.open_read(relative) as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
