"""Schemas of JSON replies."""

import math
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from wethink_assets.synthesis.calls.replies import clean_text


def _as_text(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("the number is beyond all bounds")
    if isinstance(value, (int, float)):
        return str(value)
    return clean_text(value) if isinstance(value, str) else value


def _as_word(value: Any) -> Any:
    return clean_text(value).lower() if isinstance(value, str) else value


def _as_score(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value not in (0, 0.25, 0.5, 0.75, 1):
        raise ValueError("score must be 0, 0.25, 0.5, 0.75 or 1")
    return value


Request = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=400)]
Option = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=300)]
Ability = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=60)]
Reason = Annotated[str, BeforeValidator(_as_text), Field(max_length=2000)]


class JsonReply(BaseModel):
    """A reply in JSON. `listed` names the list of several of them in a grouped reply."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)
    listed: ClassVar[str] = ""

    def kept_texts(self) -> Sequence[str]:
        """Texts of it that are asked with or kept, so that none may be a refusal or stand for nothing."""
        return ()


class Refinement(JsonReply):
    """What a description still lacks."""

    complete: bool
    requests: list[Request] = Field(default_factory=list, max_length=4)

    def kept_texts(self) -> Sequence[str]:
        """The requests."""
        return self.requests

    @model_validator(mode="after")
    def _requests_unless_complete(self) -> "Refinement":
        if not self.complete and not self.requests:
            raise ValueError("not complete, yet nothing is requested")
        return self


class Detail(JsonReply):
    """What the image shows of one request."""

    listed: ClassVar[str] = "details"
    detail: Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=12_000)]


class Question(JsonReply):
    """A candidate question. `answer` is its writer's opinion, and no vote."""

    listed: ClassVar[str] = "questions"

    question: Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=1000)]
    options: list[Option] = Field(default_factory=list, max_length=10)
    answer: Annotated[str, BeforeValidator(_as_text), Field(max_length=4000)] = ""
    category: Annotated[str, BeforeValidator(_as_text), Field(max_length=100)]
    abilities: list[Ability] = Field(max_length=10)

    def kept_texts(self) -> Sequence[str]:
        """The question; its options and answer may be what a refusal or a non-answer looks like."""
        return (self.question,)


class Screening(JsonReply):
    """Whether a question can be answered from its description, and an answer verified."""

    listed: ClassVar[str] = "screenings"

    answerable: bool
    verifiable: bool
    reason: Reason = ""


class Grade(JsonReply):
    """How well a candidate answer means what the reference means, in five tiers."""

    score: Annotated[float, BeforeValidator(_as_score), Field(json_schema_extra={"enum": [0, 0.25, 0.5, 0.75, 1]})]
    reason: Reason = ""


class Adjudication(JsonReply):
    """Which of two answers is right."""

    verdict: Annotated[Literal["first", "second", "neither"], BeforeValidator(_as_word)]
    reason: Reason = ""


class Premise(JsonReply):
    """Whether what a question takes for granted is so in the image."""

    holds: bool
    reason: Reason = ""


@cache
def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """JSON schema that an endpoint is held to: all fields required, no others allowed."""
    schema = model.model_json_schema()
    properties = {
        name: {key: value for key, value in field.items() if key not in ("title", "default")}
        for name, field in schema["properties"].items()
    }
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
