"""Subsets of JSON schema: closed, without bounds, and no looser than what a service can hold to."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from wethink_assets.models.dialects.schema_subsets import closed, closed_with_named_choices
from wethink_assets.synthesis.calls.reply_schemas import Grade, Question, json_schema
from wethink_assets_tests.support.services.openai_services import STRICT
from wethink_assets_tests.support.services.rules import schema_keys


class Box(BaseModel):
    """A part of a reply."""

    label: str = Field("", pattern="^[a-z]+$", max_length=40)
    corner: tuple[float, float] | None = None
    unit: Literal["px", "%"] = "px"
    minimum: int = Field(0, ge=0, le=10)


class Boxes(BaseModel):
    """A reply with references, alternatives, defaults, and a property that is called as a keyword is."""

    boxes: list[Box] = Field(min_length=1, max_length=4)
    best: Box | None = None


def objects(schema: Any) -> list[dict[str, Any]]:
    """All schemas of objects in a schema."""
    if isinstance(schema, list):
        return [found for each in schema for found in objects(each)]
    if not isinstance(schema, dict):
        return []
    return [schema] * (schema.get("type") == "object") + [found for each in schema.values() for found in objects(each)]


@pytest.mark.parametrize("model", [Boxes, Box, Question, Grade])
def test_what_is_left_is_taken_by_strict_mode(model: type[BaseModel]) -> None:
    for schema in (closed(model.model_json_schema()), closed(json_schema(model))):
        assert {keyword for _, keyword, _ in schema_keys(schema)} <= STRICT
        for each in objects(schema):
            assert each["required"] == list(each["properties"]) and each["additionalProperties"] is False


def test_properties_that_are_called_as_keywords_are_stay() -> None:
    assert "minimum" in closed(Box.model_json_schema())["properties"]


def test_choices_stay_where_the_service_has_them() -> None:
    score, unit = json_schema(Grade)["properties"]["score"], Box.model_json_schema()["properties"]["unit"]
    assert closed(score)["enum"] == [0, 0.25, 0.5, 0.75, 1] and "enum" not in closed_with_named_choices(score)
    assert closed_with_named_choices(unit) == {"type": "string", "title": "Unit", "enum": ["px", "%"]}


def test_a_schema_is_not_changed_in_place() -> None:
    schema = Boxes.model_json_schema()
    before = repr(schema)
    closed(schema)
    assert repr(schema) == before
