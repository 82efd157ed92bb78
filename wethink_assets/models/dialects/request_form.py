"""Form of a role's requests: its dialect, and what the role's settings change of it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from wethink_assets.extensions.builtin import DIALECTS
from wethink_assets.models.chat import Sampling
from wethink_assets.models.dialects.dialect import PARAMETERS, Dialect, Thinking
from wethink_assets.models.dialects.services import PLAIN

if TYPE_CHECKING:
    from wethink_assets.config import RoleSettings

__all__ = ["PLAIN_FORM", "RequestForm", "dialect_of", "reasons", "request_options"]

TOLD_MODES = ("json_object", "none")
COMPLETIONS = "/chat/completions"
VERSION_IN_PATH = re.compile(r"/v\d+$")
OWN_FIELDS = ("model", "messages", "stream", "n")


@dataclass(frozen=True, eq=False)
class RequestForm:
    """How the requests of one role are written. `PLAIN_FORM` writes what every OpenAI-compatible server of one's own takes.

    Args:
        dialect: what the service takes.
        omit: parameters that are not sent.
        rename: parameters that are sent under another name.
        schema_mode: one of the role's setting of this name.
        instructions: whose turn instructions stand in.
        fields: further fields of a request: those of the way to think, then the role's own.
        more_tokens: room that thinking takes beside the reply.
        thinks: False where thinking was switched off.
    """

    dialect: Dialect = PLAIN
    omit: frozenset[str] = frozenset()
    rename: Mapping[str, str] = field(default_factory=dict)
    schema_mode: str = "strict"
    instructions: str = "system"
    fields: Mapping[str, Any] = field(default_factory=dict)
    more_tokens: int = 0
    thinks: bool = True

    @classmethod
    def of(cls, role: "RoleSettings") -> "RequestForm":
        """The form of a role. Raises `ValueError` where its settings name what its dialect has not."""
        return cls._of(dialect_of(role), role)

    @classmethod
    def _of(cls, dialect: Dialect, role: "RoleSettings") -> "RequestForm":
        _check(role)
        thinking = _thinking(dialect, role.thinking, role.model) if role.thinking else Thinking({})
        mode = role.schema_mode or dialect.schema_mode
        if "response_format" in role.omit and mode != "none":
            mode = "none"
        return cls(
            dialect=dialect,
            omit=frozenset((*dialect.omit, *thinking.omit, *role.omit)),
            rename={**dialect.rename, **role.rename},
            schema_mode=mode,
            instructions=role.instructions or dialect.instructions,
            fields=_joined(thinking.body, role.extra_body),
            more_tokens=thinking.tokens,
            thinks=role.thinking != "off",
        )

    def parameters(self, sampling: Sampling) -> dict[str, Any]:
        """Sampling as parameters of a request, in OpenAI's order."""
        lowest, highest = self.dialect.temperatures
        values = {
            "temperature": min(max(sampling.temperature, lowest), highest),
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens + self.more_tokens,
            "seed": sampling.seed,
        }
        for name in self.omit:
            values.pop(name, None)
        for name, value in self.dialect.left_out.items():
            if values.get(name) == value:
                del values[name]
        for first, second in self.dialect.only_one:
            if first in values:
                values.pop(second, None)
        return {self.rename.get(name, name): value for name, value in values.items()} if self.rename else values

    def response_format(self, schema: Mapping[str, Any]) -> dict[str, Any] | None:
        """What holds the service to a schema; None where nothing does."""
        if self.schema_mode == "none":
            return None
        if self.schema_mode == "json_object":
            return dict(self.dialect.object_format)
        return self.dialect.schema_format(schema if self.schema_mode == "strict" else self.dialect.subset(schema))

    def told(self, schema: Mapping[str, Any]) -> str:
        """What the prompt says of a schema that nothing holds the service to; empty where something does."""
        if self.schema_mode not in TOLD_MODES:
            return ""
        return (
            "Reply with one JSON object and nothing else, without a fence such as ```json. It must be valid under this JSON schema:\n"
            + json.dumps(schema, ensure_ascii=False)
        )

    def base_url(self, url: str, model: str) -> str:
        """Base URL of a role as its requests have it: with the dialect's path and query, where it lacks them.

        >>> RequestForm(DIALECTS["azure"]).base_url("https://mine.openai.azure.com", "my-gpt-4o")
        'https://mine.openai.azure.com/openai/deployments/my-gpt-4o?api-version=2024-10-21'
        """
        parts = urlsplit(url)
        path = parts.path.rstrip("/").removesuffix(COMPLETIONS)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        own_path = self.dialect.path
        if not own_path:
            return urlunsplit(parts._replace(path=path)) if path != parts.path else url
        if VERSION_IN_PATH.search(path):
            return urlunsplit(parts._replace(path=path))
        head = own_path.partition("{")[0].rstrip("/")
        if f"/{head}/" not in path:
            stem = path.removesuffix("/openai") if head.startswith("openai/") else path
            path = f"{stem}/{own_path.replace('{model}', quote(model, safe=''))}"
        return urlunsplit(parts._replace(path=path, query=urlencode({**self.dialect.query, **query})))

    def differences(self, other: "RequestForm", with_schema: bool) -> dict[str, Any]:
        """What makes replies to these requests other ones than to those of another form."""
        mine, theirs = self._traits(with_schema), other._traits(with_schema)
        return {name: value for name, value in mine.items() if value != theirs[name]}

    def _traits(self, with_schema: bool) -> dict[str, Any]:
        # What a parameter is called, where a request goes and what is sent of a value that a service has by itself changes no reply.
        schema = [self.schema_mode, self.dialect.subset.__name__ if self.schema_mode == "unbounded" else ""]
        return {
            "omit": sorted(self.omit - {"response_format"}),
            "temperatures": list(self.dialect.temperatures),
            "instructions": self.instructions,
            "fields": dict(self.fields),
            "more_tokens": self.more_tokens,
            "schema": schema if with_schema else [],
        }


PLAIN_FORM = RequestForm()


def dialect_of(role: "RoleSettings") -> Dialect:
    """The dialect that a role names, else that of the host of its URL and of its model, else the plain form."""
    return DIALECTS[role.dialect or _dialect_of_host(role)]


def _dialect_of_host(role: "RoleSettings") -> str:
    host = urlsplit(role.replicas[0]).hostname or "" if role.replicas else ""
    of_host = [name for name, each in DIALECTS.items() if any(f".{host}".endswith(f".{end}") for end in each.hosts)]
    of_model = [name for name in of_host if DIALECTS[name].models and re.match(DIALECTS[name].models, role.model)]
    of_all = [name for name in of_host if not DIALECTS[name].models]
    return next(iter((*of_model, *of_all)), "plain")


def reasons(role: "RoleSettings") -> bool:
    """Whether the model of a role is taken to think before it replies, so that a reply needs more room: by its settings, else by its dialect."""
    return role.thinking != "off" if role.thinking else dialect_of(role).reasons


def request_options(role: "RoleSettings", with_schema: bool) -> dict[str, Any]:
    """What a role's settings change of its replies beside model and sampling: part of a call's key where it is not empty.

    A dialect that is known by the URL changes nothing here: settings from before there were dialects keep the keys of their calls.
    """
    form = RequestForm.of(role)
    bare = role.model_copy(
        update={"omit": (), "rename": {}, "extra_body": {}, "schema_mode": "", "instructions": "", "thinking": ""}
    )
    return form.differences(PLAIN_FORM if role.dialect else RequestForm.of(bare), with_schema)


def _thinking(dialect: Dialect, way: str, model: str) -> Thinking:
    ways = dialect.ways_to_think(model)
    if way in ways:
        return ways[way]
    known = f"; it knows {', '.join(ways)}" if ways else ""
    if way in dialect.thinking:
        raise ValueError(f"thinking = {way!r} is nothing that the model {model} of {dialect.title} has{known}")
    names = [name for name, each in DIALECTS.items() if way in each.thinking]
    raise ValueError(
        f"thinking = {way!r} is nothing that the dialect of {dialect.title} has{known}; dialects that have it: {', '.join(names)}"
    )


def _joined(fields: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a request, the role's own over others; tables are joined."""
    joined = {**fields, **own}
    for name in fields.keys() & own.keys():
        if isinstance(fields[name], Mapping) and isinstance(own[name], Mapping):
            joined[name] = {**fields[name], **own[name]}
    return joined


def _check(role: "RoleSettings") -> None:
    for setting, names in (("omit", role.omit), ("rename", role.rename)):
        unknown = [name for name in names if name not in PARAMETERS]
        if unknown:
            raise ValueError(f"{setting}: unknown parameter {unknown[0]!r}; known: {', '.join(PARAMETERS)}")
    own = [name for name in OWN_FIELDS if name in role.extra_body]
    if own:
        raise ValueError(f"extra_body: {own[0]} is set by WeThink and by nothing else")
    try:
        json.dumps(role.extra_body, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"extra_body cannot be sent as JSON: {error}") from None
