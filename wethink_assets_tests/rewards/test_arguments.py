"""Arguments of the reward functions: what users have is taken, and anything else is a TypeError that names the argument."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wethink_assets.errors import ArgumentError, ConfigError, UnknownName
from wethink_assets.kinds import KINDS
from wethink_assets.rewards import (
    Allowed,
    Judge,
    Weights,
    answer_part,
    format_reward,
    hybrid_reward,
    judge_reward,
    rule_reward,
)
from wethink_assets.rewards.arguments import kind_of, text_of
from wethink_assets.rewards.equivalence.answers import accepts, answer_type, equal_values, same_answer, strict_key
from wethink_assets.rewards.trl import AccuracyFunction, FormatFunction, reward_functions, texts_of
from wethink_assets_tests.support.registered import registered
from wethink_assets_tests.support.scripted_judge import Scripted, said

OPTIONS = ["red", "blue", "green"]


@pytest.mark.parametrize(
    "options",
    [
        tuple(OPTIONS),
        np.array(OPTIONS),
        np.array(OPTIONS, dtype=object),
        pd.Series(OPTIONS, index=[7, 8, 9]),
        pd.Index(OPTIONS),
        pl.Series(OPTIONS),
        iter(OPTIONS),
        dict.fromkeys(OPTIONS).keys() and list(OPTIONS),
    ],
    ids=lambda options: type(options).__name__,
)
def test_options_of_any_sequence(options: Any) -> None:
    shown = list(options)
    assert rule_reward(said("b"), "blue", "MC", shown if not hasattr(options, "dtype") else options) == 1.0
    assert rule_reward(said("c"), "blue", "MC", tuple(shown)) == 0.0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (True, "yes"),
        (False, "no"),
        (2.0, "2"),
        (0.25, "0.25"),
        (1e-07, "0.0000001"),
        (np.int64(7), "7"),
        (np.float32(0.1), "0.1"),
        (np.float64(3.0), "3"),
        (np.bool_(True), "yes"),
        (np.str_("cat"), "cat"),
        (np.array("cat"), "cat"),
        (Fraction(1, 3), "1/3"),
        (Decimal("2.50"), "2.50"),
        (date(2021, 4, 5), "2021-04-05"),
        (pd.Timestamp("2021-04-05"), "2021-04-05"),
        (np.datetime64("2021-04-05"), "2021-04-05"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_as_their_text(value: Any, text: str) -> None:
    assert text_of("answer", value) == text
    assert rule_reward(said(text), value, "FIB") == 1.0


def test_a_truth_value_names_an_option_by_either_word() -> None:
    assert rule_reward(said("A"), True, "MC", ["True", "False"]) == 1.0
    assert rule_reward(said("B"), False, "MC", ["Yes", "No"]) == 1.0
    assert rule_reward(said("A"), np.bool_(True), "MC", [True, False]) == 1.0


def test_numbers_as_options() -> None:
    assert rule_reward(said("B"), 4, "MC", [3, 4, 5]) == 1.0
    assert rule_reward(said("4"), "B", "MC", np.array([3, 4, 5])) == 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"options": "red, blue"}, r"options: a sequence of texts is wanted; got one text: 'red, blue' \(str\)"),
        ({"options": {"A": "red"}}, "options: .* got values by name"),
        ({"options": {"red", "blue"}}, "options: .* got values without an order"),
        ({"options": ["red", None]}, r"options\[1\]: "),
        ({"options": [["red"]]}, r"options\[0\]: "),
        ({"options": 3}, r"options: .* got 3 \(int\)"),
        ({"options": ["x"] * 27}, "options: 27 options: there are letters for 26"),
        ({"answer": None}, r"answer: .* got None \(NoneType\)"),
        ({"answer": float("nan")}, r"answer: .* got nan \(float\)"),
        ({"answer": b"red"}, "answer: .* got b'red'"),
        ({"answer": ["red", "blue"]}, "answer: .*list"),
        ({"answer": np.array(["red", "blue"])}, "answer: .*ndarray"),
        ({"answer": 1}, r"answer: the letter or the text of one of the options is wanted; got 1 \(int\)"),
        ({"answer": 10**5000}, "answer: .*int"),
        ({"kind": "mc"}, "kind: unknown question kind 'mc'; known: MC, FIB, DES; did you mean 'MC'"),
        ({"kind": None}, "kind: unknown question kind None"),
        ({"kind": ["MC"]}, "kind: unknown question kind"),
        ({"response": b"x"}, "response: "),
        ({"response": ["x"]}, "response: "),
        ({"question": 5}, "question: a text is wanted, or None; got 5"),
        ({"allowed": "red"}, "allowed: an Allowed is wanted"),
        ({"allowed": Allowed(answers="red")}, "allowed.answers: .*one text"),  # type: ignore[arg-type]
        ({"allowed": Allowed(tolerance=-1)}, "allowed.tolerance: a number from 0 on is wanted; got -1"),
        ({"allowed": Allowed(edit_distance=1.5)}, "allowed.edit_distance: a number from 0 to 1"),
        ({"prefilled": "yes"}, "prefilled: True or False"),
    ],
)
def test_what_is_no_value_is_named(arguments: dict[str, Any], message: str) -> None:
    given_arguments = {"response": said("B"), "answer": "blue", "kind": "MC", "options": OPTIONS, **arguments}
    with pytest.raises(ArgumentError, match=message) as raised:
        rule_reward(**given_arguments)
    assert isinstance(raised.value, TypeError) and isinstance(raised.value, ConfigError)


def test_an_unknown_kind_is_an_unknown_name_too() -> None:
    for call in (
        lambda: rule_reward(said("x"), "x", "mc"),
        lambda: same_answer("mc", "x", "x", []),
        lambda: hybrid_reward([said("x")], ["x"], ["mc"]),
    ):
        with pytest.raises(UnknownName, match="did you mean 'MC'"):
            call()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"answers": ["a"]}, "answers: 1 values for 2 responses"),
        ({"answers": None}, "answers: .* got None"),
        ({"answers": ["a", None]}, r"answers\[1\]: "),
        ({"kinds": "FIB"}, "kinds: .* one text"),
        ({"kinds": ["FIB", "fib"]}, r"kinds\[1\]: unknown question kind 'fib'.* did you mean 'FIB'"),
        ({"options": ["red", None]}, r"options\[0\]: .* one text"),
        ({"questions": [1, None]}, r"questions\[0\]: "),
        ({"methods": ["vote", None]}, r"methods\[0\]: unknown reward method 'vote'"),
        ({"allowed": [None, 0.05]}, r"allowed\[1\]: "),
        ({"responses": [said("a"), 3]}, r"responses\[1\]: "),
        ({"judge": "gpt"}, "judge: a Judge is wanted"),
        ({"weights": (0.7, 0.3)}, "weights: Weights are wanted"),
        ({"weights": Weights(float("nan"), 1)}, "weights.accuracy: "),
        ({"fallback": "0"}, "fallback: a number from 0 to 1"),
        ({"end_tokens": "</s>"}, "end_tokens: .* one text"),
        ({"end_tokens": [""]}, r"end_tokens\[0\]: "),
    ],
)
def test_a_batch_names_the_row(columns: dict[str, Any], message: str) -> None:
    batch = {"responses": [said("a"), said("b")], "answers": ["a", "b"], "kinds": ["FIB", "FIB"], **columns}
    with pytest.raises(ArgumentError, match=message):
        hybrid_reward(**batch)


def test_batches_of_arrays_and_series() -> None:
    table = pd.DataFrame(
        {
            "response": [said("b"), said("7"), None],
            "answer": ["blue", 7, "x"],
            "kind": ["MC", "FIB", "FIB"],
            "options": [OPTIONS, None, float("nan")],
            "question": ["Which?", None, float("nan")],
        },
        index=[5, 6, 7],
    )
    rewards = hybrid_reward(
        table["response"],
        table["answer"],
        table["kind"].to_numpy(),
        options=table["options"],
        questions=table["question"],
        allowed=[None, Allowed(), None],
    )
    assert [reward.accuracy for reward in rewards] == [1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "gpt"}, r"model: a ChatModel, which has a method chat, is wanted; got 'gpt' \(str\)"),
        ({"model": Scripted}, "model: a ChatModel"),
        ({"prompt": "Grade this."}, "prompt: a function of question, reference and candidate"),
        ({"sampling": {"temperature": 0}}, r"sampling: a Sampling is wanted, or None; got {'temperature': 0} \(dict\)"),
        ({"attempts": 0}, r"attempts: a whole number from 1 on is wanted; got 0 \(int\)"),
        ({"attempts": 2.0}, "attempts: "),
        ({"attempts": True}, "attempts: "),
        ({"longest": "2000"}, "longest: "),
        ({"concurrency": -1}, "concurrency: "),
        ({"timeout": None}, "timeout: a number from 0 on"),
        ({"timeout": 0}, "timeout: seconds, more than 0"),
        ({"timeout": float("inf")}, "timeout: "),
        ({"loop": asyncio}, "loop: an event loop"),
        ({"screens": "no"}, "screens: True or False"),
    ],
)
def test_what_a_judge_cannot_be_made_of_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Judge(**{"model": Scripted('{"score": 1}'), **arguments})


def test_a_judge_of_what_users_have() -> None:
    judge = Judge(Scripted('{"score": 1}'), attempts=np.int64(1), timeout=np.float32(5), screens=np.bool_(True))  # type: ignore[arg-type]
    assert judge_reward([said("A cat.")], ["A dog."], ["What?"], judge) == [1.0]


def test_a_kind_is_known_as_long_as_it_is_registered() -> None:
    own = replace(KINDS["FIB"], code="OWN")
    with registered(KINDS, "OWN", own):
        assert kind_of("OWN") is own and rule_reward(said("2"), "two", "OWN") == 1.0
    with pytest.raises(UnknownName, match="'OWN'; known: MC, FIB, DES"):
        kind_of("OWN")


JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.binary(max_size=4)
    | st.text(max_size=8)
    | st.text(st.characters(categories=["Cs"]), max_size=3)
    | st.builds(pow, st.just(10), st.just(5000))
    | st.just("9^9^9^9+x" * 300)
    | st.decimals()
    | st.fractions()
    | st.dates()
    | st.sampled_from(
        [
            "MC",
            "FIB",
            "DES",
            "judge",
            said("B"),
            np.array([1.5, np.nan]),
            np.array([["a"], ["b"]]),
            np.array("x"),
            np.float32("nan"),
            np.datetime64("NaT"),
            np.timedelta64(3, "D"),
            pd.NA,
            pd.NaT,
            pd.Series(["a", None]),
            pd.DataFrame({"a": [1]}),
            pl.Series([1, None]),
            Decimal("sNaN"),
            Allowed(answers=(None, 3)),  # type: ignore[arg-type]
            Allowed(tolerance="x"),  # type: ignore[arg-type]
            Allowed(answers=("B", "blue"), tolerance=0.05, edit_distance=0.5),
            Weights("a", None),  # type: ignore[arg-type]
            Weights(),
            object(),
            range(3),
            {"role": "assistant", "content": 5},
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=2)
        | st.sets(st.integers(), max_size=2)
    ),
    max_leaves=4,
)
SOME = JUNK | st.sampled_from([said("B"), "B", "FIB", "MC"])


def run_accuracy(completions: Any, answer: Any, kind: Any, columns: dict[str, Any], prefilled: Any) -> Any:
    return asyncio.run(AccuracyFunction(prefilled=prefilled)(completions, answer, kind, **columns))


def run_batch(one: Any, two: Any, three: Any, rest: list[Any]) -> Any:
    names = ("options", "questions", "methods", "allowed", "weights", "fallback", "prefilled", "end_tokens", "judge")
    return hybrid_reward(one, two, three, **dict(zip(names, rest, strict=True)))


JUDGED_BY = ("sampling", "attempts", "longest", "concurrency", "timeout", "loop", "screens")


def judge_made_of(model: Any, prompt: Any, more: dict[str, Any]) -> Judge:
    return Judge(model, prompt=prompt, **more)


CALLS: list[tuple[Callable[..., Any], list[st.SearchStrategy[Any]]]] = [
    (
        lambda r, a, k, o, q, w, p: rule_reward(r, a, k, o, question=q, allowed=w, prefilled=p),
        [SOME, SOME, SOME | st.just("FIB"), JUNK, JUNK, JUNK, JUNK | st.just(False)],
    ),
    (lambda r, p, e: format_reward(r, prefilled=p, end_tokens=e), [SOME, JUNK | st.just(False), JUNK | st.just(())]),
    (lambda r, p: answer_part(r, prefilled=p), [SOME, JUNK | st.just(True)]),
    (run_batch, [*[JUNK | st.lists(SOME, max_size=2)] * 3, st.lists(JUNK, min_size=9, max_size=9)]),
    (lambda r, a, q, j, p: judge_reward(r, a, q, j, prefilled=p), [JUNK] * 5),
    (
        lambda r, a, q: judge_reward(r, a, q, Judge(Scripted('{"score": 1}'))),
        [st.lists(SOME, max_size=2), st.lists(SOME, max_size=2), st.lists(SOME, max_size=2)],
    ),
    (lambda a, b, q: equal_values(a, b, question=q), [SOME, SOME, JUNK | st.none()]),
    (lambda k, a, b, o, q: same_answer(k, a, b, o, question=q), [SOME, SOME, SOME, JUNK | st.just(["B", "x"]), JUNK]),
    (lambda k, a, o, q: strict_key(k, a, o, question=q), [SOME, SOME, JUNK | st.just(()), JUNK | st.none()]),
    (lambda k, a, o, q: answer_type(k, a, o, question=q), [SOME, SOME, JUNK | st.just(()), JUNK | st.none()]),
    (
        lambda k, a, b, o, q, w: accepts(k, a, b, o, question=q, allowed=w),
        [SOME, SOME, SOME, JUNK | st.just(()), JUNK | st.none(), JUNK | st.none()],
    ),
    (lambda j, w, g, p, e: reward_functions(j, w, prefilled=p, end_tokens=e), [JUNK] * 5),
    (judge_made_of, [JUNK | st.just(Scripted("")), JUNK, st.dictionaries(st.sampled_from(JUDGED_BY), JUNK, max_size=3)]),
    (texts_of, [JUNK]),
    (lambda c, p: FormatFunction()(c, prompts=p), [JUNK, JUNK]),
    (
        run_accuracy,
        [
            JUNK | st.lists(SOME, max_size=2),
            JUNK | st.lists(SOME, max_size=2),
            JUNK | st.lists(SOME, max_size=2),
            st.dictionaries(
                st.sampled_from(["options", "question", "problem", "reward", "accepted_answers", "tolerance", "edit_distance", "prompts"]),
                JUNK,
                max_size=4,
            ),
            JUNK | st.none(),
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_nothing_but_a_type_error_is_raised(number: int) -> None:
    call, strategies = CALLS[number]

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.tuples(*strategies))
    def fuzz(values: tuple[Any, ...]) -> None:
        try:
            call(*values)
        except TypeError as error:
            assert isinstance(error, ArgumentError), error

    fuzz()
