"""The order of the stages: where an added one stands, what is read in whose place, and what fits nowhere."""

from contextlib import ExitStack
from dataclasses import replace

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.definitions import definitions_of
from wethink_assets.errors import ConfigError, UnknownName
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.stages.order import model_stages, provider_of, stage_names, upstream_of
from wethink_assets.stages.spec import Stage
from wethink_assets_tests.stages.test_spec import WHOLE
from wethink_assets_tests.support.registered import registered

SHIPPED = ("images", "descriptions", "questions", "answers", "reasoning_paths", "signatures")


def test_the_stages_that_ship_know_their_order_inputs_and_roles() -> None:
    assert stage_names() == SHIPPED and model_stages() == SHIPPED[1:5]
    assert [upstream_of(name) for name in SHIPPED[:4]] == [
        (),
        ("images",),
        ("descriptions",),
        ("questions", "descriptions", "images"),
    ]
    assert STAGES["descriptions"].roles == ("describer", "reasoner")
    assert STAGES["answers"].roles == ("describer", "reasoner", "judge", "adjudicator")
    with pytest.raises(UnknownName, match="unknown stage 'dreams'; known: images, descriptions"):
        upstream_of("dreams")


def test_an_added_stage_stands_last_or_before_the_one_that_it_names() -> None:
    with registered(STAGES, "second_look", WHOLE):
        assert stage_names() == (*SHIPPED, "second_look")
        assert upstream_of("reasoning_paths")[0] == "answers" and provider_of("answers") == "answers"
    with registered(STAGES, "second_look", replace(WHOLE, before="reasoning_paths")):
        assert stage_names() == (*SHIPPED[:4], "second_look", *SHIPPED[4:])
        assert upstream_of("reasoning_paths")[0] == "answers", "it stands for no other table"
    assert stage_names() == SHIPPED


def test_of_two_that_stand_for_one_table_the_second_reads_the_first() -> None:
    first = replace(WHOLE, provides="answers", before="reasoning_paths")
    second = replace(first, name="third_look")
    with ExitStack() as stack:
        for stage in (first, second):
            stack.enter_context(registered(STAGES, stage.name, stage))
        assert stage_names()[4:6] == ("second_look", "third_look")
        assert upstream_of("third_look") == ("second_look",) and upstream_of("reasoning_paths")[0] == "third_look"
        assert (
            provider_of("answers") == "third_look"
            and provider_of("answers", ["answers", "second_look"]) == "second_look"
        )
        assert provider_of("answers", ["answers"]) == "answers"


@pytest.mark.parametrize(
    ("stage", "fault"),
    [
        (replace(WHOLE, before="dreams"), "it comes before 'dreams', which is no stage; stages are images,"),
        (replace(WHOLE, before="second_look"), "it comes before 'second_look', which is no stage"),
        (
            replace(WHOLE, before="questions"),
            "it reads answers, which no stage before it makes; stages before it: images, descriptions",
        ),
        (replace(WHOLE, reads=("dreams",)), "it reads dreams, which no stage before it makes"),
        (
            replace(
                WHOLE, provides="answers", schema=pl.Schema({n: k for n, k in WHOLE.schema.items() if n != "verdict"})
            ),
            "it provides 'answers' but its schema lacks columns that this table has, or has them of another type: verdict",
        ),
    ],
)
def test_a_stage_that_does_not_fit_the_others_is_refused_by_name_when_the_code_location_loads(
    stage: Stage, fault: str
) -> None:
    with registered(STAGES, stage.name, stage), pytest.raises(ConfigError) as refused:
        definitions_of(Settings())
    assert f"stage 'second_look': {fault}" in str(refused.value)
