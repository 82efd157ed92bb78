"""A configuration whose roles ask one service, as somebody writes it who knows the service's address, model and key and nothing else."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from wethink_assets.models.chat import ROLES
from wethink_assets_tests.support.services import ServiceDouble

KNOWN = ("provider", "url", "model", "api_key_env")


def plain_role(service: ServiceDouble, **changes: Any) -> dict[str, Any]:
    """Settings of a role that name address, model and key of a service, and what is changed beside that."""
    return {name: value for name, value in service.role().items() if name in KNOWN} | changes


def write_settings(path: Path, role: Mapping[str, Any], roles: Iterable[str] = ROLES, further: str = "") -> Path:
    """Write `wethink.toml` with one and the same table for each role; the pack is that for large models."""
    lines = ["[pipeline]", 'prompt_pack = "standard"', further]
    for name in roles:
        lines += [f"[roles.{name}]", *(f"{key} = {toml(value)}" for key, value in role.items())]
    path.write_text("\n".join(lines) + "\n")
    return path


def toml(value: Any) -> str:
    """A value as TOML has it."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {toml(inner)}" for name, inner in value.items()) + " }"
    return json.dumps(value)


def add_line(path: Path, line: str, roles: Iterable[str]) -> None:
    """Put a line into the table of each role, as a message told somebody to."""
    text = path.read_text()
    for role in roles:
        text = text.replace(f"[roles.{role}]\n", f"[roles.{role}]\n{line}\n")
    path.write_text(text)
