"""How the file is found, read, overridden by the environment, and checked."""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from wethink_assets.config.settings import Settings
from wethink_assets.errors import ConfigError

DEFAULT_FILE = "wethink.toml"
PREFIX = "WETHINK_"
RESERVED = {"WETHINK_CONFIG"}


def config_path() -> Path:
    """The file in force: `WETHINK_CONFIG`, else `wethink.toml` here, in DAGSTER_HOME or in the checkout."""
    named = os.environ.get("WETHINK_CONFIG")
    if named:
        return Path(named).expanduser().resolve()
    candidates = [Path.cwd(), Path(os.environ.get("DAGSTER_HOME") or "."), Path(__file__).resolve().parents[2]]
    for folder in candidates:
        if (folder / DEFAULT_FILE).is_file():
            return (folder / DEFAULT_FILE).resolve()
    return (Path.cwd() / DEFAULT_FILE).resolve()


def load_settings(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read, override and check the configuration.

    Raises `ConfigError` that names file, line, setting and what is allowed.
    """
    path = path or config_path()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}; set WETHINK_CONFIG or create it") from error
    try:
        raw: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    origins = _override(raw, os.environ if environ is None else environ)
    try:
        return Settings.model_validate({**raw, "folder": str(path.parent)})
    except ValidationError as error:
        raise ConfigError("\n".join(_explained(path, text, origins, fault) for fault in error.errors())) from error


def _override(raw: dict[str, Any], environ: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Put `WETHINK_A__B=value` at raw["a"]["b"]; returns which variable set which place."""
    origins = {}
    sections = {name for name in Settings.model_fields if name != "folder"}
    for variable in sorted(environ):
        place = tuple(variable.removeprefix(PREFIX).lower().split("__"))
        if not variable.startswith(PREFIX) or variable in RESERVED or place[0] not in sections:
            continue
        table = raw
        for key in place[:-1]:
            table = table.setdefault(key, {})
        table[place[-1]] = _literal(environ[variable])
        origins[place] = variable
    return origins


def _literal(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _explained(path: Path, text: str, origins: Mapping[tuple[str, ...], str], fault: Any) -> str:
    place = tuple(str(key) for key in fault["loc"] if key != "[key]")
    where = f"{path}:{_line_of(text, place)}"
    for origin, variable in origins.items():
        if place[: len(origin)] == origin:
            where = f"environment variable {variable}"
    setting = ".".join(place) or "the file"
    if fault["type"] == "extra_forbidden":
        return f"{where}: unknown setting {setting}; allowed here: {', '.join(_allowed(place))}"
    message = str(fault["msg"]).removeprefix("Value error, ")
    given = "" if isinstance(fault["input"], (dict, BaseModel)) else f" (given: {fault['input']!r})"
    return f"{where}: {setting}: {message}{given}"


def _allowed(place: tuple[str, ...]) -> list[str]:
    """Settings of the innermost table around a place."""
    model: type[BaseModel] = Settings
    for key in place[:-1]:
        field = model.model_fields.get(key)
        inner = _table_in(field.annotation) if field else None
        model = inner or model
    return sorted(name for name in model.model_fields if name != "folder")


def _table_in(annotation: Any) -> type[BaseModel] | None:
    """The table that an annotation names, by itself or as the values of a dict."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((table for part in reversed(get_args(annotation)) if (table := _table_in(part))), None)


def _line_of(text: str, place: tuple[str, ...]) -> int:
    """Line of the setting, else of the innermost table that should hold it, else 1."""
    table: tuple[str, ...] = ()
    best, depth = 1, 0
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        entry = re.match(r"\s*([A-Za-z0-9_.\"'+-]+)\s*=", line)
        if header:
            table = _keys(header[1])
            path = table
        elif entry:
            path = table + _keys(entry[1])
        else:
            continue
        if path == place[: len(path)] and len(path) > depth:
            best, depth = number, len(path)
    return best


def _keys(dotted: str) -> tuple[str, ...]:
    return tuple(a or b or c for a, b, c in re.findall(r"\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_+-]+)", dotted))
