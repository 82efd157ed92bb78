"""Planned slots: the mix of kinds holds over many images, and an image keeps its slots."""

import hashlib
from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.config import Settings
from wethink_assets.synthesis.stages.question_slots import ABILITIES, SLOTS, planned_slots, slots_of


def settings_of(count: int, kinds: dict[str, float]) -> Settings:
    return Settings.model_validate({"pipeline": {"questions_per_image": count, "kinds": kinds}})


def images(count: int) -> pl.DataFrame:
    return pl.DataFrame({"image_id": [hashlib.sha256(str(number).encode()).hexdigest() for number in range(count)]})


@pytest.mark.parametrize(
    "kinds", [{"MC": 0.4, "FIB": 0.4, "DES": 0.2}, {"MC": 0.9, "DES": 0.1}, {"FIB": 1.0}, {"MC": 0.0, "FIB": 1.0}]
)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_shares_hold_over_many_images(kinds: dict[str, float], count: int) -> None:
    slots = planned_slots(images(2000), settings_of(count, kinds))
    assert slots.schema == SLOTS and slots.height == 2000 * count and slots["slot"].n_unique() == slots.height
    found = Counter(slots["kind"])
    for kind, share in kinds.items():
        assert abs(found[kind] / slots.height - share) < 0.04


@given(st.text("0123456789abcdef", min_size=64, max_size=64), st.integers(1, 19))
def test_an_image_keeps_its_slots(image_id: str, count: int) -> None:
    kinds = {"MC": 0.4, "FIB": 0.4, "DES": 0.2}
    fewer, more = slots_of(image_id, settings_of(count, kinds)), slots_of(image_id, settings_of(count + 1, kinds))
    assert more[:count] == fewer
    for slot in more:
        abilities = slot["abilities"]
        assert (
            isinstance(abilities, list)
            and abilities[0] == "Reasoning"
            and 2 <= len(set(abilities)) == len(abilities) <= 3
        )
        assert set(abilities) <= set(ABILITIES)
        assert slot["kind"] == "DES" or "Language Generation" not in abilities


def test_all_abilities_are_asked_for() -> None:
    slots = planned_slots(images(500), settings_of(2, {"MC": 0.4, "FIB": 0.4, "DES": 0.2}))
    found = Counter(slots["abilities"].explode())
    assert set(found) == set(ABILITIES) and min(found.values()) > 20


def test_two_questions_of_an_image_mostly_differ_in_kind() -> None:
    slots = planned_slots(images(500), settings_of(2, {"MC": 0.4, "FIB": 0.4, "DES": 0.2}))
    assert (slots.group_by("image_id").agg(pl.col("kind").n_unique() == 2)["kind"]).mean() > 0.9
