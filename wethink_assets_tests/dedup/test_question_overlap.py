"""Questions of benchmarks are told by runs of words: however they are written, and never by a template, an instruction or a few words alone."""

import polars as pl
import pytest

from wethink_assets.dedup.question_overlap import BenchmarkQuestions, signed_questions, words_of

LONG = (
    "Paul wants to write a positive whole number onto every tile in the wall that is shown, so that every number equals the sum of the two "
    "numbers on the tiles directly below. What is the maximum number of odd numbers that he can write?"
)
OPTIONS = ["13", "14", "15", "16"]
SHORT = "What is the title of the chart?"
HINT = "Hint: answer the question and give the letter of the option that is correct at the end, such as A, B, C, D or E, and nothing else. "
BARS = "What is the value of the smallest individual bar in the whole chart?"


def questions(*asked: tuple[str, list[str]], benchmark: str = "MMStar") -> BenchmarkQuestions:
    signed = signed_questions((str(index), *one) for index, one in enumerate(asked))
    return BenchmarkQuestions(signed.with_columns(benchmark=pl.lit(benchmark)))


@pytest.mark.parametrize(
    "asked",
    [
        (LONG, OPTIONS),
        (LONG.upper(), []),
        (LONG.replace(" ", "\n ").replace(",", " ,"), OPTIONS[::-1]),
        (f"<image>\n{LONG} (A) 13 (B) 14 (C) 15 (D) 16", []),
        (f"Look at the picture closely, then think step by step. {LONG} Put the answer into a box.", []),
        (LONG.replace("Paul", "Sarah"), []),
        (LONG.replace("whole", "ｗｈｏｌｅ"), ["(A) 13", "(B) 14", "(C) 15", "(D) 16"]),
    ],
)
def test_a_long_question_is_told_however_it_is_written(asked: tuple[str, list[str]]) -> None:
    (found,) = questions((SHORT, []), (LONG, OPTIONS)).asked([(SHORT, []), asked])
    assert (found.row, found.asked_in) == (1, "MMStar 1") and found.share >= 0.8
    assert "wants to write a positive whole number" in found.text


@pytest.mark.parametrize(
    "asked",
    [
        (SHORT, []),
        (BARS, []),
        ("Which number comes next?", [str(number) for number in range(1, 30)]),
        ("Which is it?", ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N"]),
        ("下列图形中既是轴对称图形又是中心对称图形的是哪一个", []),
        ("", []),
    ],
)
def test_templates_numbers_and_few_words_are_never_told_by_the_text_alone(asked: tuple[str, list[str]]) -> None:
    assert not questions((LONG, OPTIONS), asked).asked([asked])


def test_an_instruction_that_many_questions_begin_with_is_not_the_question() -> None:
    asked = [
        (f"{HINT}How many {thing} are there?", [])
        for thing in ["cats", "dogs", "cars", "boats", "trees", "lamps", "cups", "hats", "kites", "bells", "drums"]
    ]
    held = questions(*asked, (HINT + LONG, []))
    assert not held.asked([(f"{HINT}What is the name of the street?", []), asked[3]])
    (found,) = held.asked([(LONG, [])])
    assert found.asked_in == "MMStar 11" and found.share == 1, "what it says beside the instruction counts"


def test_a_shared_preamble_is_not_the_question() -> None:
    preamble = "As shown in the figure, in the triangle ABC the angle C is a right angle and the side AC is as long as the side BC, "
    first = "the circle around D touches AB in E and meets BC in F and G; how long is the chord FG if AD is three times as long as DC is?"
    second = "a square with the corners M, N, P and Q lies within it and covers two fifths of its area; how far is the corner M from the point A?"
    assert not questions((preamble + first, [])).asked([(preamble + second, [])])


def test_beside_a_picture_that_the_benchmark_shows_less_is_enough() -> None:
    held = questions((SHORT, []), ("How many red cars stand before the house?", ["1", "2"]))
    other = questions((SHORT, []), benchmark="MMVet")
    rows = [
        ("what is the title of the chart", ["Sales", "Costs"]),
        ("How many red cars stand before the house on the left?", []),
        ("Who won?", []),
    ]
    assert [(one.row, one.asked_in) for one in held.alike(rows, "MMStar")] == [(0, "MMStar 0"), (1, "MMStar 1")]
    assert [one.row for one in other.alike(rows, "MMVet")] == [0] and not held.alike(rows, "MMVet")
    assert not held.alike([("Who?", [])], "MMStar") and questions(("Who?", [])).alike([("who", [])], "MMStar")


def test_what_is_found_depends_on_no_order_of_rows() -> None:
    asked = [
        (f"{LONG} Tile {number} of {number + 7} is red and holds the number {number * 3}.", []) for number in range(30)
    ]
    held = questions(*asked)
    forward = {asked[one.row]: (one.asked_in, one.share) for one in held.asked(asked)}
    backward = {asked[::-1][one.row]: (one.asked_in, one.share) for one in held.asked(asked[::-1])}
    single = {one: (found.asked_in, found.share) for one in asked for found in held.asked([one])}
    assert forward == backward == single


def test_no_benchmark_and_no_row_are_no_fault() -> None:
    assert (
        not questions().asked([(LONG, [])])
        and not questions((LONG, [])).asked([])
        and not questions().alike([(LONG, [])], "MMStar")
    )
    assert words_of("") == [] and not questions(("", [])).asked([("", [])])
