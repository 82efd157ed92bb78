"""Words of a reader and of rows: what finds what, and that no word is an operator."""

import sqlite3

import pytest

from wethink_assets.dataset.browse.index import WORDS_TABLE, match_expression, searchable

TEXTS = (
    "A red triangle, left of the circle.",
    "Ein rotes Dreieck: größer",
    "画像に赤い三角形があります",
    "NEAR OR AND NOT body:x 12.5%",
    'He said "no" (maybe) * ^',
)


def matches(search: str) -> list[int]:
    with sqlite3.connect(":memory:") as database:
        database.execute(WORDS_TABLE)
        database.executemany("INSERT INTO words(rowid, body) VALUES (?, ?)", enumerate(map(searchable, TEXTS)))
        expression = match_expression(search)
        return (
            [
                row
                for (row,) in database.execute(
                    "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid", (expression,)
                )
            ]
            if expression
            else []
        )


@pytest.mark.parametrize(
    ("search", "rows"),
    [
        ("RED", [0]),
        ("tri circ", [0]),
        ('"red triangle"', [0]),
        ('"triangle red"', []),
        ("angle", []),
        ("grosser", []),
        ("groß", [1]),
        ("三角", [2]),
        ("角三", []),
        ("赤い", [2]),
        ("near", [3]),
        ("OR", [3]),
        ("body:x", [3]),
        ("12.5", [3]),
        ('no" OR "red', []),
        ("* ^ ( )", []),
        ('"', []),
        ("no*", [3, 4]),
        ("\0red\0", [0]),
        ("", []),
    ],
)
def test_words_find_rows(search: str, rows: list[int]) -> None:
    assert matches(search) == rows
