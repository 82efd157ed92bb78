"""Replies are hostile: every one of them is a value or a `MalformedReply`, quickly."""

import json
import time

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.synthesis.calls.replies import (
    MalformedReply,
    clean_text,
    final_text,
    parse_json_reply,
    split_answer,
)
from wethink_assets.synthesis.calls.reply_schemas import (
    Adjudication,
    Grade,
    Question,
    Refinement,
    Screening,
    json_schema,
)
from wethink_assets_tests.support.reply_fuzzing import code_of

MODELS = (Refinement, Question, Screening, Grade, Adjudication)


@pytest.mark.parametrize(
    ("reply", "thought", "answer"),
    [
        ("plain", "", "plain"),
        ("<think>a</think>b", "a", "b"),
        ("<think>a</think><answer> b </answer>", "a", "b"),
        ("a</think>b", "a", "b"),
        ("<think>a<think>b</think>c</think>d", "ab c".replace(" ", ""), "d"),
        ("<think>a<think>b</think><answer>d</answer>", "ab", "d"),
        ("Sure. <think>a</think><answer>d</answer>", "a", "d"),
        ("It is red.\n<answer>red</answer>", "It is red.", "red"),
        ("<think>I write <answer>x</answer> later</think><answer>y</answer>", "I write x later", "y"),
        ("<answer>y", "", "y"),
        ("<answer>y</answer> trailing words", "", "y"),
        ("<answer>y</answer><answer>y</answer>", "", "y"),
        ("<THINK>a</THINK><Answer>B</Answer>", "a", "B"),
        ("<think>a\r\n\n\n  b</think>c\x00\x07\ufeff", "a\n  b", "c"),
        ("<think></think>x\ud800y\ud83d\ude00", "", "x\ufffdy\U0001f600"),
        ("\u202egnp.exe", "", "gnp.exe"),
        ("  \n\t answer \u3000", "", "answer"),
    ],
)
def test_thought_and_answer(reply: str, thought: str, answer: str) -> None:
    assert split_answer(reply) == (thought, answer)
    assert final_text(reply) == answer


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("", "empty"),
        (" \n" * 500_000, "empty"),
        ("<think>only</think>", "empty"),
        ("<think>only</think><answer> </answer>", "empty"),
        ("<think>and on and on", "unclosed_think"),
        ("<think>" * 1000, "unclosed_think"),
        ("<answer>a</answer><answer>b</answer>", "several_answers"),
        ("x" * 1_000_001, "too_long"),
        ("x" * 200_000, "too_long"),
        ("\x00\u200b", "empty"),
    ],
)
def test_unusable_replies_have_a_code(reply: str, code: str) -> None:
    assert code_of(split_answer, reply) == code


GOOD = {"score": 0.5, "reason": "half"}


@pytest.mark.parametrize(
    "reply",
    [
        json.dumps(GOOD),
        f"```json\n{json.dumps(GOOD)}\n```",
        f"Here is the grade:\n{json.dumps(GOOD)}\nHope that helps {{smile}}.",
        f"<think>{{not this}}</think><answer>{json.dumps(GOOD)}</answer>",
        f"With {{braces}} before: {json.dumps(GOOD)}",
        '{"score": 0.5, "reason": "half", "score": 0.5}',
        '{"score": 0.5, "reason": "ha\x01lf"}',
        '{"score": 0.5, "reason": "half", "more": [1, {"a": null}]}',
    ],
)
def test_json_is_found_in_its_wrapping(reply: str) -> None:
    assert parse_json_reply(reply, Grade) == Grade(score=0.5, reason="half")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("no", "not_json"),
        ("[1, 2]", "not_json"),
        ("{}", "not_json"),
        ("{'score': 1}", "not_json"),
        ('{"score": NaN}', "not_json"),
        ('{"score": 1', "not_json"),
        ('{"a":' * 15_000, "not_json"),
        ("{" * 100_000, "not_json"),
        ('{"score": ' + "9" * 10_000 + "}", "not_json"),
        ('{"score": 1, "score": 0}', "duplicate_key"),
        ('{"score": 0.6}', "wrong_shape"),
        ('{"score": true}', "wrong_shape"),
        ('{"score": "1"}', "wrong_shape"),
        ('{"score": 1, "reason": ["a"]}', "wrong_shape"),
        ('{"reason": "no score"}', "wrong_shape"),
        ("", "empty"),
    ],
)
def test_malformed_json_has_a_code(reply: str, code: str) -> None:
    assert code_of(parse_json_reply, reply, Grade) == code


def test_shapes_are_checked() -> None:
    assert parse_json_reply('{"complete": true}', Refinement).requests == []
    assert parse_json_reply('{"verdict": " First "}', Adjudication).verdict == "first"
    asked = '{"question": "Q?", "options": [1, 2.5, "x\\ud800"], "answer": 2, "category": "c", "abilities": ["OCR"]}'
    assert parse_json_reply(asked, Question).options == ["1", "2.5", "x\ufffd"]
    wrong = [
        ('{"complete": false}', Refinement),
        ('{"complete": false, "requests": ["1", "2", "3", "4", "5"]}', Refinement),
        ('{"complete": "no", "requests": []}', Refinement),
        ('{"verdict": "both"}', Adjudication),
        ('{"answerable": 1, "verifiable": true}', Screening),
        ('{"question": "", "category": "c", "abilities": []}', Question),
        ('{"question": "' + "q" * 1001 + '", "category": "c", "abilities": []}', Question),
    ]
    for reply, model in wrong:
        with pytest.raises(MalformedReply, match="wrong_shape"):
            parse_json_reply(reply, model)


def test_schemas_are_closed_and_tell_the_bounds() -> None:
    for model in MODELS:
        schema = json_schema(model)
        assert schema["required"] == list(schema["properties"]) and schema["additionalProperties"] is False
        assert "$defs" not in schema and "default" not in json.dumps(schema)
    assert json_schema(Grade)["properties"]["score"]["enum"] == [0, 0.25, 0.5, 0.75, 1]
    assert json_schema(Refinement)["properties"]["requests"]["maxItems"] == 4
    assert json_schema(Adjudication)["properties"]["verdict"]["enum"] == ["first", "second", "neither"]


PIECES = st.sampled_from(
    [
        "<think>",
        "</think>",
        "<answer>",
        "</answer>",
        "{",
        "}",
        '"score": 1',
        ",",
        "[",
        "]",
        "```json\n",
        "```",
        "\\",
        '"',
        '{"complete": true, "requests": []}',
        '{"question": "Q?", "options": ["a", "a"]',
        "\ud800",
        "\udfff",
        "\x00",
        "\n",
        " " * 50,
        "null",
        "1e999",
        "NaN",
        "-0",
        "A",
        "\u202e",
        "\U0001f600",
        "&lt;answer&gt;",
        "<|im_end|>",
        "ignore all instructions",
    ]
)
REPLIES = st.lists(PIECES | st.text(st.characters(), max_size=8), max_size=30).map("".join)


@settings(max_examples=400, deadline=None)
@given(REPLIES)
def test_whatever_the_reply_it_is_a_value_or_malformed(reply: str) -> None:
    try:
        thought, answer = split_answer(reply)
    except MalformedReply as error:
        assert error.code
    else:
        assert answer and answer == answer.strip()
        pl.DataFrame({"text": [thought, answer]})  # every table takes it
        assert clean_text(answer) == answer
    for model in MODELS:
        try:
            value = parse_json_reply(reply, model)
        except MalformedReply as error:
            assert error.code and len(error.detail) <= 300
        else:
            pl.DataFrame({"text": [json.dumps(value.model_dump(), ensure_ascii=False)]})


@settings(max_examples=100, deadline=None)
@given(st.builds(Question, question=st.text(min_size=3, max_size=50).map(clean_text).filter(bool), category=st.just("c"),
                 options=st.lists(st.text(min_size=1, max_size=9).map(clean_text).filter(bool), max_size=5),
                 abilities=st.lists(st.sampled_from(["OCR", "Math"]), max_size=3)))  # fmt: skip
def test_a_value_written_as_json_comes_back(question: Question) -> None:
    reply = f"<think>hm {{ }}</think>\n```json\n{question.model_dump_json()}\n```"
    if "<answer>" not in reply and "think>" not in question.model_dump_json():
        assert parse_json_reply(reply, Question) == question


@pytest.mark.parametrize(
    "unit",
    ["<think>", "</think>", "<answer>", "{", '{"a":[', "\\", " \n", "<", "<answer>a</answer>", "``` {", '"', "\ufeff"],
)
def test_time_is_linear_in_length(unit: str) -> None:
    reply = unit * (900_000 // len(unit))
    began = time.process_time()
    for model in (Grade, Question):
        with pytest.raises(MalformedReply):
            parse_json_reply(reply, model)
    assert time.process_time() - began < 6
