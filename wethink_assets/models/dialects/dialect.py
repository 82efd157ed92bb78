"""Dialect of a service that speaks the OpenAI form: what it takes, refuses and calls otherwise, as declared data. Entries: `services`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wethink_assets.models.dialects.schema_subsets import closed

__all__ = ["PARAMETERS", "Dialect", "Thinking"]

PARAMETERS = ("temperature", "top_p", "max_tokens", "seed", "response_format")
"""Parameters of a call, by OpenAI's names: those that a dialect or a role may omit or rename."""

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Thinking:
    """How one way to think is asked for.

    Args:
        body: fields of the request.
        omit: parameters that are not sent with it.
        tokens: room that the thought takes of `max_tokens`, which is raised by it.
    """

    body: Mapping[str, Any]
    omit: tuple[str, ...] = ()
    tokens: int = 0


def openai_schema(schema: Schema) -> dict[str, Any]:
    """`response_format` as OpenAI has it."""
    return {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, "strict": True}}


@dataclass(frozen=True)
class Dialect:
    """The form of requests that one service takes.

    Args:
        title: the service, for people.
        hosts: ends of host names where it is spoken: roles that name no dialect get it there.
        models: regular expression of the models of those hosts that speak it; empty: all that no other dialect of the host names.
        omit: parameters that are not sent.
        rename: parameters that are sent under another name.
        left_out: values at which a parameter is not sent, such as a default that the service refuses.
        only_one: pairs of parameters of which the second is left out beside the first.
        temperatures: least and highest that it takes; others are moved to the nearest.
        schema_mode: how a JSON schema is asked for: `strict`, `unbounded` (without bounds of lengths, counts and values), `json_object` and
            `none` (both with the schema told in the prompt).
        schema_format: `response_format` of a schema, in the first two modes.
        object_format: `response_format` of mode `json_object`.
        subset: schema as the service takes it, in mode `unbounded`.
        instructions: whose turn instructions stand in: `system`, `developer` or `user`.
        image_types: media types of images that it reads; others are sent as PNG.
        reasons: whether its models think where nothing is said of it: then a reply needs more room.
        thinking: how each way to think is asked for, by the role's setting `thinking`.
        thinking_by_model: likewise, by regular expression of the names of models that differ from it; None: they have no such way.
        path: between base URL and `chat/completions`, with `{model}` for the model's name; left out where the URL has it.
        query: added to the URL, where it has no such key.
        key_header: header of the key; `key_prefix` stands before the key.
        batch_endpoint: what batch jobs name as the path of their requests.
    """

    title: str
    hosts: tuple[str, ...] = ()
    models: str = ""
    omit: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, float] = field(default_factory=dict)
    only_one: tuple[tuple[str, str], ...] = ()
    temperatures: tuple[float, float] = (0.0, 2.0)
    schema_mode: str = "strict"
    schema_format: Callable[[Schema], dict[str, Any]] = openai_schema
    object_format: Mapping[str, Any] = field(default_factory=lambda: {"type": "json_object"})
    subset: Callable[[Schema], Schema] = closed
    instructions: str = "system"
    image_types: tuple[str, ...] = ("image/jpeg", "image/png", "image/webp")
    reasons: bool = False
    thinking: Mapping[str, Thinking] = field(default_factory=dict)
    thinking_by_model: Mapping[str, Mapping[str, Thinking | None]] = field(default_factory=dict)
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    key_header: str = "Authorization"
    key_prefix: str = "Bearer "
    batch_endpoint: str = "/v1/chat/completions"

    def ways_to_think(self, model: str) -> dict[str, Thinking]:
        """How each way to think is asked of a model, by the role's setting `thinking`."""
        ways: dict[str, Thinking | None] = {**self.thinking}
        for pattern, others in self.thinking_by_model.items():
            if re.search(pattern, model):
                ways.update(others)
        return {name: way for name, way in ways.items() if way is not None}
