"""Which rows are the same: image and question both, never one alone."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from wethink_assets.config.data import DedupSettings
from wethink_assets.dedup.duplicates import find_duplicates
from wethink_assets.dedup.methods import Comparison
from wethink_assets.dedup.row_index import RowIndex
from wethink_assets.sources.sample.layout import draw_image, plan
from wethink_assets_tests.dedup.conftest import Row, Verdicts
from wethink_assets_tests.support.images import PHOTOGRAPHS, altered_copies, drawing, encoded, photograph

Judge = Callable[..., Verdicts]
KEPT = ("", None)
LONG = "Looking at the whole scene with the cat in front of the window and the chair behind it, what colour is the {}?"


def test_the_same_row_twice_is_kept_once(judged: Judge) -> None:
    picture = drawing(1)
    assert judged([Row(picture, "What is it?"), Row(picture, "what is  it")]) == [KEPT, ("duplicate_exact", 0)]


def test_one_of_image_and_question_is_not_enough(judged: Judge) -> None:
    photo, other = (encoded(photograph(name)) for name in ("chelsea.png", "rocket.jpg"))
    rows = [
        Row(photo, "What is it?"),
        Row(other, "What is it?"),
        Row(photo, "Where is it?"),
        Row(photo, "What is it?", kind="DES"),
    ]
    assert judged(rows) == [KEPT] * 4


def test_altered_copies_of_photographs_are_found_and_nothing_else(judged: Judge) -> None:
    originals = [encoded(photograph(name), quality=95) for name in PHOTOGRAPHS]
    rows = [Row(picture, "What is shown in this picture?") for picture in originals]
    truth: list[int] = []
    for number, name in enumerate(PHOTOGRAPHS):
        for copy in altered_copies(photograph(name)).values():
            rows.append(Row(copy, "what is shown in this picture"))
            truth.append(number)
    verdicts = judged(rows)
    assert verdicts[: len(originals)] == [KEPT] * len(originals)  # precision
    found = [
        verdict == ("duplicate_near", number) for verdict, number in zip(verdicts[len(originals) :], truth, strict=True)
    ]
    assert sum(found) / len(found) == 1.0  # recall


def test_drawings_that_collide_by_hash_are_all_kept(judged: Judge) -> None:
    pictures = [draw_image(3, source, number) for source, number in plan(360)]
    same_question = [Row(sample.data, "How many shapes are there?", "3") for sample in pictures]
    verdicts = judged(same_question)
    assert verdicts == [KEPT] * len(pictures)
    blind = judged(same_question, DedupSettings(pixel_difference=255.0))
    assert sum(verdict != KEPT for verdict in blind) > 30  # what the hash alone would have dropped


def test_a_word_that_changes_the_answer_makes_another_row(judged: Judge) -> None:
    picture = drawing(2)
    rows = [Row(picture, LONG.format("circle"), "red"), Row(picture, LONG.format("circles"), "blue")]
    assert judged(rows) == [KEPT, KEPT]
    rows = [Row(picture, LONG.format("circle"), "red"), Row(picture, LONG.format("square"), "red")]
    assert judged(rows) == [KEPT, KEPT]  # by chance the same answer
    rows = [Row(picture, LONG.format("circle"), "red"), Row(picture, LONG.format("circle please"), "Red.")]
    assert judged(rows) == [KEPT, ("duplicate_near", 0)]
    short = [Row(picture, f"What color is the {shape}?", "red") for shape in ("circle", "square", "star")]
    assert judged(short) == [KEPT] * 3


def test_contradictory_answers_are_all_left_out(judged: Judge) -> None:
    picture = drawing(3)
    rows = [
        Row(picture, "How many?", "3"),
        Row(picture, "How many?", "4"),
        Row(picture, "How many?", "3"),
        Row(picture, "Which?", "4"),
    ]
    assert judged(rows) == [("conflicting_answers", None)] * 3 + [KEPT]


def test_descriptive_answers_never_contradict(judged: Judge) -> None:
    picture = drawing(4)
    rows = [Row(picture, "Describe it.", "A red cat.", "DES"), Row(picture, "Describe it.", "One cat, red.", "DES")]
    assert judged(rows) == [KEPT, ("duplicate_exact", 0)]


def test_nearly_equal_images_with_other_answers_stay(judged: Judge) -> None:
    photo = photograph("coffee.png")
    rows = [
        Row(encoded(photo, quality=95), "What is it?", "tea"),
        Row(encoded(photo, quality=40), "What is it?", "coffee"),
    ]
    assert judged(rows) == [KEPT, KEPT]


def test_options_in_another_order_are_the_same_question(judged: Judge) -> None:
    picture = drawing(5)
    rows = [
        Row(picture, "Which?", "A", "MC", ("red", "blue")),
        Row(picture, "Which?", "B", "MC", ("blue", "red")),
        Row(picture, "Which?", "A", "MC", ("red", "green")),
    ]
    assert judged(rows) == [KEPT, ("duplicate_exact", 0), KEPT]


def test_nothing_to_compare(tmp_path: Path) -> None:
    with RowIndex(tmp_path) as index:
        index.add(pl.DataFrame(schema=Comparison.of().row_columns))
        index.seal()
        assert len(find_duplicates(index).reason) == 0


# Properties, over rows from small pools, so that equal and nearly equal parts are common.
