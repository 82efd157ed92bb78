"""Loading of the settings: the file is looked up, read, overridden by the environment, and checked."""

import json
import logging
import os
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from wethink_assets.config.base import OLD_NAMES_END, Table
from wethink_assets.config.redaction import MASK, masked_value
from wethink_assets.config.settings import Settings
from wethink_assets.errors import ConfigError

log = logging.getLogger(__name__)
DEFAULT_FILE = "wethink.toml"
PREFIX = "WETHINK_"
RESERVED = {"WETHINK_CONFIG", "WETHINK_HOST", "WETHINK_POSTGRES_URL", "WETHINK_SYNC"}
_UNREADABLE = {
    FileNotFoundError: "set WETHINK_CONFIG or create it",
    PermissionError: "give this user the right to read it, or set WETHINK_CONFIG to the path of another",
    IsADirectoryError: "set WETHINK_CONFIG to the path of the file in it",
}
_SETTING = re.compile(r"([a-z_]+(?:\.[a-z_]+)+): ")
KeyPath = tuple[str, ...]
"""Keys from the top of the file to a setting."""


def config_path() -> Path:
    """The file in force: `WETHINK_CONFIG`, else `wethink.toml` here or in DAGSTER_HOME.

    Raises `ConfigError` outside of a project: no command works on a store that nobody named.
    """
    named = os.environ.get("WETHINK_CONFIG")
    if named is not None and not named.strip():
        raise ConfigError(f"WETHINK_CONFIG is empty: set it to the path of a {DEFAULT_FILE}, or unset it")
    if named:
        return Path(named).expanduser().resolve()
    here = _current_folder()
    for folder in (here, Path(os.environ.get("DAGSTER_HOME") or here).expanduser()):
        if (folder / DEFAULT_FILE).exists():
            return (folder / DEFAULT_FILE).resolve()
    above = next((folder for folder in here.parents if (folder / DEFAULT_FILE).exists()), None)
    hint = f"run it in {above}, which has one, or " if above else "run it in a project's folder, or "
    raise ConfigError(f"{here} is no project: it has no {DEFAULT_FILE}; {hint}set WETHINK_CONFIG to the path of one")


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise ConfigError("the current folder does not exist any more: change to the project's folder") from error


def load_settings(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read, override and check the configuration.

    Raises `ConfigError` that names file, line, setting and what is allowed.
    """
    path = path or config_path()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        remedy = _UNREADABLE.get(type(error), "check it, or set WETHINK_CONFIG to the path of another")
        raise ConfigError(f"{path} cannot be read: {error.strerror}; {remedy}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(
            f"{path}:{line}: byte {error.object[error.start]:#04x} is not UTF-8; save the file as UTF-8"
        ) from error
    try:
        raw: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    renamed = {keys: now for keys in _key_paths(raw) if (now := current_path(keys)) != keys}
    raw = _by_current_names(raw)
    in_file = set(_key_paths(raw))
    origins, variables = _override(raw, os.environ if environ is None else environ)
    _warn(str(path), (*((".".join(old), new[-1]) for old, new in renamed.items()), *variables))
    try:
        return Settings.model_validate({**raw, "folder": str(path.parent)})
    except ValidationError as error:
        written = {now: keys for keys, now in renamed.items()}
        faults = [_explained(path, text, in_file, origins, written, fault) for fault in error.errors()]
        raise ConfigError("\n".join(faults)) from error


def current_path(keys: KeyPath) -> KeyPath:
    """The keys of a setting by their current names, where some of them are former names.

    >>> current_path(("recipes", "group", "group"))
    ('recipes', 'group', 'num_generations')
    """
    tables = _tables_along(keys)
    return tuple(table.RENAMED.get(key, key) if table else key for table, key in zip(tables, keys, strict=True))


def _tables_along(keys: KeyPath) -> list[type[Table] | None]:
    """The table that each key is a setting of; None where the key is a name, such as a recipe's."""
    tables: list[type[Table] | None] = []
    annotation: Any = Settings
    for key in keys:
        table = annotation if isinstance(annotation, type) and issubclass(annotation, Table) else None
        tables.append(table)
        if table is None:
            annotation = table_in(annotation)
        else:
            field = table.model_fields.get(table.RENAMED.get(key, key))
            annotation = field.annotation if field else None
    return tables


def _key_paths(raw: Mapping[str, Any], above: KeyPath = ()) -> Iterator[KeyPath]:
    for key, value in raw.items():
        yield (*above, key)
        if isinstance(value, Mapping):
            yield from _key_paths(value, (*above, key))


def _by_current_names(raw: Mapping[str, Any], above: KeyPath = ()) -> dict[str, Any]:
    """The file's tables with former names replaced; if both names of a setting are given, both stay and the table refuses them."""
    tables = {}
    for key, value in raw.items():
        keys = (*above, key)
        name = current_path(keys)[-1]
        tables[key if name in raw else name] = _by_current_names(value, keys) if isinstance(value, Mapping) else value
    return tables


@cache
def _warn(path: str, renamed: tuple[tuple[str, str], ...]) -> None:
    """Log the settings of a file that are given under their former names; once in a process."""
    if renamed:
        names = ", ".join(f"{old} -> {new}" for old, new in renamed)
        log.warning("%s: renamed settings, whose former names work until release %s: %s", path, OLD_NAMES_END, names)


def _override(raw: dict[str, Any], environ: Mapping[str, str]) -> tuple[dict[KeyPath, str], list[tuple[str, str]]]:
    """Put `WETHINK_A__B=value` at raw["a"]["b"]; returns the variable of each setting, and the variables with a former name.

    Raises `ConfigError` where two variables set the same setting.
    """
    origins: dict[KeyPath, str] = {}
    renamed = []
    for variable in sorted(environ):
        given = tuple(variable.removeprefix(PREFIX).lower().split("__"))
        if not variable.startswith(PREFIX) or variable in RESERVED or not _is_setting(variable, given):
            continue
        keys = current_path(given)
        if keys in origins:
            raise ConfigError(f"environment variables {origins[keys]} and {variable} set the same: {'.'.join(keys)}")
        if keys != given:
            renamed.append((variable, PREFIX + "__".join(keys).upper()))
        table = raw
        for key in keys[:-1]:
            table = table.setdefault(key, {})
            if not isinstance(table, dict):
                raise ConfigError(f"environment variable {variable}: {key} is no table, so nothing in it can be set")
        table[keys[-1]] = _literal(environ[variable])
        origins[keys] = variable
    return origins, renamed


def _is_setting(variable: str, keys: KeyPath) -> bool:
    """Whether a variable is meant to set something. Raises `ConfigError` where it is, and there is no such table.

    A name without `__` may be anything, such as a key's, unless it is nearly that of a table.
    """
    tables = sorted(name for name in Settings.model_fields if name != "folder")
    if keys[0] in tables:
        return True
    if len(keys) > 1 or get_close_matches(keys[0], tables, cutoff=0.8):
        raise ConfigError(
            f"environment variable {variable}: there is no table {keys[0]!r}; tables are {', '.join(tables)}"
        )
    return False


def _literal(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _explained(
    path: Path,
    text: str,
    in_file: Collection[KeyPath],
    origins: Mapping[KeyPath, str],
    written: Mapping[KeyPath, KeyPath],
    fault: Any,
) -> str:
    """One fault, with file and line or the variable, the setting, and what is allowed.

    in_file: keys that the file has; written: keys by the names in the file.
    """
    keys = tuple(str(key) for key in fault["loc"] if key != "[key]")
    message = str(fault["msg"]).removeprefix("Value error, ")
    if not keys and (named := _SETTING.match(message)):  # found where all tables are known
        keys, message = tuple(named[1].split(".")), message[named.end() :]
    variable = _cause(keys, in_file, origins)
    where = f"environment variable {variable}" if variable else f"{path}:{line_of(text, _as_written(keys, written))}"
    setting = ".".join(keys) or "the file"
    if fault["type"] == "extra_forbidden":
        return f"{where}: unknown setting {setting}; allowed here: {', '.join(_allowed(keys))}"
    given = "" if isinstance(fault["input"], (dict, BaseModel)) else f" (given: {_shown(keys, fault['input'])!r})"
    return f"{where}: {setting}: {message}{given}"


def _cause(keys: KeyPath, in_file: Collection[KeyPath], origins: Mapping[KeyPath, str]) -> str:
    """The variable that a fault comes from: it sets what is wrong, or alone has made the table in which something is missing."""
    for origin, variable in origins.items():
        if keys[: len(origin)] == origin:
            return variable
    for table in (keys, keys[:-1]):
        if table and table not in in_file:
            for origin, variable in origins.items():
                if origin[: len(table)] == table:
                    return variable
    return ""


def _as_written(keys: KeyPath, written: Mapping[KeyPath, KeyPath]) -> KeyPath:
    return next((old + keys[len(now) :] for now, old in written.items() if keys[: len(now)] == now), keys)


def _allowed(keys: KeyPath) -> list[str]:
    """Settings of the innermost table around a setting."""
    table = next(table for table in reversed(_tables_along(keys)) if table is not None)
    return sorted(name for name in table.model_fields if name != "folder")


def table_in(annotation: Any) -> type[BaseModel] | None:
    """The table that an annotation names, by itself or as the values of a dict."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((table for part in reversed(get_args(annotation)) if (table := table_in(part))), None)


def line_of(text: str, keys: KeyPath) -> int:
    """Line of the setting, else of the innermost table that should hold it, else 1."""
    table: KeyPath = ()
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
        if path == keys[: len(path)] and len(path) > depth:
            best, depth = number, len(path)
    return best


def _keys(dotted: str) -> KeyPath:
    return tuple(a or b or c for a, b, c in re.findall(r"\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_+-]+)", dotted))


def _shown(keys: KeyPath, given: Any) -> Any:
    """A value that was refused, as it may be shown: none that was to be a key, a header or an option of a file system."""
    free = {"headers", "options", "extra_body", "env", "args"} & set(keys)
    return MASK if free and isinstance(given, str) else masked_value(" ".join(keys), given)
