"""The one configuration file, `wethink.toml`: typed, checked once, read by the command line and the code location alike.

`WETHINK_CONFIG` names another file; a variable such as `WETHINK_PIPELINE__BATCH_SIZE=100` overrides one setting.
Relative paths in the file are relative to the file's folder.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from wethink_assets.errors import ConfigError
from wethink_assets.models.chat import ROLES, Role

DEFAULT_FILE = "wethink.toml"
PREFIX = "WETHINK_"
RESERVED = {"WETHINK_CONFIG"}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")

Reader = Literal["auto", "folder", "zip", "tar", "parquet"]
Kind = Literal["MC", "FIB", "DES"]
Share = Annotated[float, Field(ge=0, le=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoreSettings(_Table):
    """Where all results lie."""

    url: str = Field("data", description="local folder or fsspec URL such as s3://bucket/prefix")
    options: dict[str, Any] = Field(default_factory=dict, description="fsspec options, for example endpoint_url")


class PipelineSettings(_Table):
    """How images become questions."""

    batch_size: int = Field(64, ge=1, le=10_000, description="images in a new image batch, at most")
    questions_per_image: int = Field(2, ge=1, le=20)
    kinds: dict[Kind, Share] = Field(
        default={"MC": 0.4, "FIB": 0.4, "DES": 0.2}, description="share of each question kind; they sum to 1"
    )
    refinement_turns: int = Field(3, ge=0, le=10, description="turns of the information refinement, at most")
    prompt_pack: str = Field("standard", description="folder of prompts: standard, embedded, or a path")
    seed: int = Field(0, ge=0, description="part of every sampling seed")
    concurrency: int = Field(64, ge=1, le=4096, description="model calls in flight for one stage")
    agreement_score: Share = Field(0.75, description="judged score from which two descriptive answers agree")

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> "PipelineSettings":
        if not self.kinds or abs(sum(self.kinds.values()) - 1) > 1e-6:
            raise ValueError(f"the shares of kinds sum to {sum(self.kinds.values()):g}, not 1")
        return self


def _source_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError("a source name is letters, digits and _ . + -, and starts with a letter or digit")
    return name


class SourceSettings(_Table):
    """One source dataset. Those of the catalog need only a location; any other name is a new source."""

    location: str = Field("", description="folder, archive or fsspec URL; empty: not configured")
    reader: Reader = Field("auto", description="auto recognises folder, zip (also split), tar(.gz) and parquet")
    licence: str = Field("", description="overrides the catalog's; a new source must name one")
    title: str = ""
    include: str = Field("**", description="glob on the path inside the source")
    options: dict[str, Any] = Field(default_factory=dict, description="fsspec options of the location")


class RoleSettings(_Table):
    """The model behind one role."""

    provider: Literal["embedded", "endpoint"] = "embedded"
    model: str = Field("", description="checkpoint of the package, or the endpoint's model name")
    revision: str = Field("", description="revision that the endpoint serves, for provenance")
    url: str = Field("", description="base URL of an OpenAI-compatible endpoint, such as http://127.0.0.1:8000/v1")
    api_key_env: str = Field("", description="environment variable that holds the key")
    prompt_pack: str = Field("", description="overrides the pipeline's")
    temperature: float = Field(0.0, ge=0, le=2)
    top_p: float = Field(1.0, gt=0, le=1)
    max_tokens: int = Field(512, ge=1)
    timeout: float = Field(600, gt=0, description="seconds one call may take")

    @model_validator(mode="after")
    def _endpoint_is_whole(self) -> "RoleSettings":
        if self.provider == "endpoint" and not (self.url and self.model):
            raise ValueError("provider endpoint needs url and model")
        return self


class DedupSettings(_Table):
    """When two rows count as the same."""

    phash_distance: int = Field(8, ge=0, le=20, description="bits two perceptual hashes may differ in, of 64")
    pixel_difference: float = Field(6.0, ge=0, le=255, description="mean absolute difference of reduced pixels")
    text_similarity: Share = Field(0.9, description="Jaccard similarity of questions, by MinHash")


class CutSettings(_Table):
    """What a dataset version includes, where the cut itself does not say."""

    sources: tuple[str, ...] = Field((), description="empty: all")
    licences: tuple[str, ...] = Field((), description="empty: all")
    kinds: tuple[Kind, ...] = Field((), description="empty: all")
    max_rows: int = Field(0, ge=0, description="0: no cap")
    max_rows_per_source: int = Field(0, ge=0, description="0: no cap")
    seed: int = Field(0, ge=0, description="decides which rows a cap keeps")


class SampleSettings(_Table):
    """The drawn images that `wethink run` starts from on a machine with no data."""

    location: str = Field("", description="folder to draw into; empty: draw nothing")
    images: int = Field(216, ge=1)
    seed: int = Field(0, ge=0)
    hard: Share = 0.25


def _known_roles(roles: dict[str, RoleSettings]) -> dict[str, RoleSettings]:
    unknown = sorted(set(roles) - set(ROLES))
    if unknown:
        raise ValueError(f"unknown role {unknown[0]!r}; roles are {', '.join(ROLES)}")
    return roles


class Settings(_Table):
    """All of `wethink.toml`."""

    store: StoreSettings = StoreSettings()
    pipeline: PipelineSettings = PipelineSettings()
    sample: SampleSettings = SampleSettings()
    sources: dict[Annotated[str, AfterValidator(_source_name)], SourceSettings] = Field(default_factory=dict)
    roles: Annotated[dict[str, RoleSettings], AfterValidator(_known_roles)] = Field(default_factory=dict)
    dedup: DedupSettings = DedupSettings()
    cut: CutSettings = CutSettings()
    folder: str = Field("", exclude=True, description="folder of the file, set on loading")

    def role(self, role: Role) -> RoleSettings:
        """Settings of a role; one that the file leaves out runs on the embedded model."""
        return self.roles.get(role, RoleSettings())

    def prompt_pack(self, role: Role) -> str:
        """Prompt pack of a role."""
        return self.role(role).prompt_pack or self.pipeline.prompt_pack

    def resolve(self, location: str) -> str:
        """A location of the file as an absolute path; URLs are left as they are."""
        if "://" in location or "::" in location or not location:
            return location
        return os.path.normpath(os.path.join(self.folder, os.path.expanduser(location)))

    @property
    def store_url(self) -> str:
        """The store's location."""
        return self.resolve(self.store.url)


def config_path() -> Path:
    """The file in force: `WETHINK_CONFIG`, else `wethink.toml` here, in DAGSTER_HOME or in the checkout."""
    named = os.environ.get("WETHINK_CONFIG")
    if named:
        return Path(named).expanduser().resolve()
    candidates = [Path.cwd(), Path(os.environ.get("DAGSTER_HOME") or "."), Path(__file__).resolve().parent.parent]
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
    tables = {"sources": SourceSettings, "roles": RoleSettings}
    model: Any = Settings
    if len(place) > 1:
        model = tables.get(place[0]) or Settings.model_fields[place[0]].annotation
    return sorted(name for name in model.model_fields if name != "folder")


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
