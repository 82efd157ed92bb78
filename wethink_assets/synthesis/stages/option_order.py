"""Order of a question's options: drawn from the row's id, so that no model decides where the right one stands; and further orders to ask in.

Every order is a permutation that follows from the row's id alone. Options stay as they were written where one of them speaks of their order
("none of the above", "both A and B") or is itself a letter that names an option (points A, B and C of a figure): in another order they would
mean something else, or their letters two things.
"""

import re
from collections.abc import Callable, Sequence

from wethink_assets.config import Settings
from wethink_assets.identity import digest_of
from wethink_assets.kinds import LETTERS, option_letters
from wethink_assets.rewards.equivalence.answers import option_letter

_SPEAKS_OF_ORDER = re.compile(
    r"\b(?:the|of) (?:above|below|preceding|previous|following|first|last|other)(?:\W*$|\s+(?:options?|answers?|choices?)\b|\s+(?:one|two|three)\W*$)"
    r"|\b(?:options?|answers?|choices?|statements?)\s+(?:above\b|below\b|\(?[A-Z1-9]\b)"
    r"|^\W*(?:(?:both|either|neither|only)\s+)?\(?[A-Z]\)?(?:\s*,\s*\(?[A-Z]\)?)*,?\s*(?:and|or|nor|&|\+)\s*\(?[A-Z]\)?(?:\s+only)?\W*$",
    re.IGNORECASE,
)


def movable(options: Sequence[str]) -> bool:
    """Whether options mean the same in every order.

    >>> movable(["red", "blue"]), movable(["red", "blue", "none of the above"]), movable(["B", "C", "A"]), movable(["A and B", "C"])
    (True, False, False, False)
    """
    letters = set(option_letters(len(options)))
    return len(options) > 1 and not any(
        _SPEAKS_OF_ORDER.search(option) or option.strip("()[]. ").upper() in letters for option in options
    )


def drawn_order(row_id: str, options: Sequence[str]) -> list[int]:
    """Indices of options as written in the order in which they stand in the row: every permutation is as likely over many ids.

    >>> drawn_order("7724462f", ["red", "blue", "green"]) == drawn_order("7724462f", ["one", "two", "three"])
    True
    """
    order = list(range(len(options)))
    return sorted(order, key=lambda index: digest_of(["option", row_id, index])) if movable(options) else order


def stored_options(row_id: str, options: Sequence[str], settings: Settings) -> list[str]:
    """The options of a question in the order in which its row keeps them: as written, or with `shuffle_options` in that of the row's id."""
    if not settings.pipeline.shuffle_options:
        return list(options)
    return [options[index] for index in drawn_order(row_id, options)]


def proposed_letter(answer: str, written: Sequence[str], stored: Sequence[str]) -> str:
    """Letter in the row of the option that the question's writer names, by its text or by the letter that it had; empty for none.

    >>> proposed_letter("A", ["red", "blue"], ["blue", "red"]), proposed_letter("blue", ["red", "blue"], ["blue", "red"])
    ('B', 'A')
    """
    letter = option_letter(answer, written)
    return LETTERS[stored.index(written[LETTERS.index(letter)])] if letter else ""


def turned_order(row_id: str, options: Sequence[str], turn: int) -> list[int] | None:
    """Indices of the options in another order, where each stands elsewhere than in the row; None where they must stay.

    Turns 1 to n - 1 of n options are different ones, so that an option stands once in each place over all of them and the row itself.

    >>> sorted(map(tuple, (turned_order("7724462f", ["a tree", "a car", "a dog"], turn) for turn in (1, 2))))
    [(1, 2, 0), (2, 0, 1)]
    """
    if not movable(options):
        return None
    count = len(options)
    first = int(digest_of(["turn", row_id])[:8], 16) % (count - 1)
    step = 1 + (first + turn - 1) % (count - 1)
    return [(index + step) % count for index in range(count)]


def as_in_row(accept: Callable[[str], str], order: Sequence[int]) -> Callable[[str], str]:
    """What reads an answer to a question whose options were asked in `order` as the letter that the option has in its row.

    >>> as_in_row(str, [2, 0, 1])("A")
    'C'
    """

    def accept_turned(answer: str) -> str:
        return LETTERS[order[LETTERS.index(accept(answer))]]

    return accept_turned


def order_suffix(settings: Settings) -> str:
    """What the logic version of `questions` ends in where options are shuffled."""
    return "+shuffled" if settings.pipeline.shuffle_options else ""
