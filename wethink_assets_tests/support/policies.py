"""Policies of a few bytes: their records, and the files to publish with them."""

from datetime import UTC, datetime
from pathlib import Path

from wethink_assets.training.policies.catalog import (
    Policy,
    policy_digest,
    split_key,
)


def policy_files(folder: Path, weights: bytes = b"weights") -> Path:
    """Write what a policy's folder holds into a new folder."""
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "config.json").write_text("{}")
    (folder / "model" / "model.safetensors").write_bytes(weights)
    (folder / "curves.json").write_text("[]")
    return folder


def policy_record(key: str = "v0001.grpo-s1", seed: int = 1) -> Policy:
    """A policy before it is published; its digest follows from the seed."""
    version, recipe = split_key(key)
    settings, base = {"seed": seed}, {"model": "embedded/policy", "revision": "abc"}
    digest = policy_digest("m" * 64, settings, base)
    return Policy(
        digest=digest,
        key=key,
        version=version,
        manifest="m" * 64,
        recipe=recipe,
        settings=settings,
        base_model=base,
        model_digest=f"model of {digest}",
        files={},
        created=datetime.now(UTC),
    )
