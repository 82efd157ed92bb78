"""Calls of a model: how each is named and kept."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii
from typing import Any

import polars as pl

from wethink_assets.identity import canonical_json
from wethink_assets.models.chat import Completion, Message, Sampling

KEY_VERSION = 1
SCHEMA_VERSION = 1

_COLUMNS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "key": pl.String,
    "role": pl.String,
    "prompt": pl.String,
    "item": pl.String,
    "sample": pl.Int16,
    "text": pl.String,
    "finish_reason": pl.String,
    "model": pl.String,
    "prompt_tokens": pl.Int64,
    "completion_tokens": pl.Int64,
    "seconds": pl.Float64,
    "finished": pl.Datetime("us", "UTC"),
    "schema_version": pl.Int16,
    "request": pl.String,  # key of the call whatever its max_tokens: see `request_key`
    "max_tokens": pl.Int64,
    "cached_tokens": pl.Int64,
    "counted": pl.Boolean,
    "certainty": pl.Float64,
}
CALLS = pl.Schema(_COLUMNS)
LATER: Mapping[str, Any] = {
    "request": "",
    "max_tokens": 0,
    "cached_tokens": 0,
    "counted": False,
    "certainty": None,
}
"""Columns that parts of before lack, with what stands in their place."""


def call_key(
    model: str,
    revision: str,
    messages: Sequence[Message],
    schema: Mapping[str, Any] | None,
    sampling: Sampling,
    sample: int,
    options: Mapping[str, Any] | None = None,
) -> str:
    """Journal key of a call: everything that its reply depends on, and nothing else; `options` are how it is asked beside its sampling."""
    return call_keys(model, revision, messages, schema, sampling, sample, options)[0]


def request_key(
    model: str,
    revision: str,
    messages: Sequence[Message],
    schema: Mapping[str, Any] | None,
    sampling: Sampling,
    sample: int,
    options: Mapping[str, Any] | None = None,
) -> str:
    """Key of what a call asks whatever its `max_tokens`: a reply that was not cut off is the reply at every bound that leaves it room."""
    return call_keys(model, revision, messages, schema, sampling, sample, options)[1]


def call_keys(
    model: str,
    revision: str,
    messages: Sequence[Message],
    schema: Mapping[str, Any] | None,
    sampling: Sampling,
    sample: int,
    options: Mapping[str, Any] | None = None,
) -> tuple[str, str]:
    """`call_key` and `request_key` of a call: digests of the canonical JSON of all this, which is written once for both."""
    # All of it in the order of its names, `max_tokens` (null in the request's key) between these two. An encoder for the whole takes thrice the time.
    start = b'{"messages":[%b],"model":%b,%b"revision":%b,"sample":%b,"sampling":[%b,%b' % (
        b",".join(map(_message_json, messages)),
        _text(model),
        b'"options":%b,' % canonical_json(options) if options else b"",
        _text(revision),
        _number(sample),
        _number(sampling.temperature),
        _number(sampling.top_p),
    )
    end = b'%b],"schema":%b,"version":%d}' % (_number(sampling.seed), _schema_json(schema), KEY_VERSION)
    call = hashlib.sha256(start)
    request = call.copy()
    call.update(b",%d," % sampling.max_tokens + end)
    request.update(b",null," + end)
    return call.hexdigest(), request.hexdigest()


def _number(value: float) -> bytes:
    """As `canonical_json` writes it: an encoder for each of three numbers took a third of the time of a key."""
    return repr(value).encode("ascii") if type(value) in (int, float) else canonical_json(value)


_SCHEMAS: dict[int, tuple[object, bytes]] = {}
MOST_SCHEMAS = 64


def _schema_json(schema: Mapping[str, Any] | None) -> bytes:
    """Canonical JSON of a schema; schemas are few, and written once."""
    kept = _SCHEMAS.get(id(schema))
    if kept is None or kept[0] is not schema:
        kept = (schema, canonical_json(schema))
        if len(_SCHEMAS) >= MOST_SCHEMAS:
            _SCHEMAS.clear()
        _SCHEMAS[id(schema)] = kept
    return kept[1]


def _message_json(message: Message) -> bytes:
    images = b",".join([_text(image.sha256) for image in message.images])
    places = b"," + canonical_json(message.places) if message.places else b""
    return b"[%b,%b,[%b]%b]" % (_text(message.role), _text(message.text), images, places)


def _text(text: str) -> bytes:
    return encode_basestring_ascii(text).encode("ascii")


@dataclass(frozen=True, slots=True)
class Call:
    """One finished call: what was asked for whom, and the reply."""

    key: str
    role: str
    prompt: str
    item: str
    sample: int
    completion: Completion
    seconds: float
    finished: datetime
    request: str = ""
    max_tokens: int = 0

    def row(self) -> dict[str, Any]:
        """The call as a row of `CALLS`."""
        reply = self.completion
        return {
            "key": self.key,
            "role": self.role,
            "prompt": self.prompt,
            "item": self.item,
            "sample": self.sample,
            "text": reply.text,
            "finish_reason": reply.finish_reason,
            "model": reply.model,
            "prompt_tokens": reply.prompt_tokens,
            "completion_tokens": reply.completion_tokens,
            "seconds": self.seconds,
            "finished": self.finished,
            "schema_version": SCHEMA_VERSION,
            "request": self.request,
            "max_tokens": self.max_tokens,
            "cached_tokens": reply.cached_tokens,
            "counted": reply.counted,
            "certainty": reply.certainty,
        }


def now() -> datetime:
    """When a call finished, in the resolution that the journal keeps."""
    return datetime.now(UTC)
