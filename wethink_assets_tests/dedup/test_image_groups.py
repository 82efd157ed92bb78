"""Splits of groups of alike images over random histories, against groups found by brute force."""

import random
from collections import defaultdict

import polars as pl
import pytest

from wethink_assets.dedup.image_groups import LINKED, Forest, ImageGroups
from wethink_assets.identity import sha256_hex, split_of

Pair = tuple[str, str]


def step_of(
    number: int, images: list[str], pairs: list[Pair], ages: dict[str, int], before: dict[str, str]
) -> pl.DataFrame:
    """A step with these new images, and pairs each with a new image first."""
    ages |= {image: 0 if image in before else number for image in images}
    alike: dict[str, list[dict[str, object]]] = defaultdict(list)
    for one, other in pairs:
        alike[one].append({"image_id": other, "step": ages[other], "verdict": "copy", "distance": 0.0})
    rows = [
        {
            "image_id": image,
            "batch": "coco.000001",
            "blob": "",
            "before": before.get(image),
            "unread": False,
            "alike": alike[image],
        }
        for image in images
    ]
    return pl.DataFrame(rows, schema=LINKED)


def components(images: list[str], pairs: list[Pair]) -> list[frozenset[str]]:
    """Groups by following pairs from each image in turn."""
    beside: dict[str, set[str]] = {image: set() for image in images}
    for one, other in pairs:
        beside[one].add(other)
        beside[other].add(one)
    groups, seen = [], set()
    for image in images:
        if image in seen:
            continue
        group, waiting = {image}, [image]
        while waiting:
            waiting += (fresh := beside[waiting.pop()] - group)
            group |= fresh
        seen |= group
        groups.append(frozenset(group))
    return groups


@pytest.mark.parametrize("first", range(0, 1000, 250))
def test_no_history_parts_a_group_and_nothing_that_was_trained_on_is_held_out(first: int) -> None:
    merges = 0
    for seed in range(first, first + 250):
        rng = random.Random(seed)
        images = [sha256_hex(f"{seed}/{number}".encode()) for number in range(rng.randint(4, 24))]
        pairs = [tuple(rng.sample(images, 2)) for _ in range(rng.randint(0, len(images)))]
        steps = rng.randint(1, 5)
        when = {image: rng.randint(1, steps) for image in images}
        before = {image: split_of(image) for image in images if when[image] == 1 and rng.random() < 0.2}
        splits: dict[str, str] = {}
        groups, shuffled = ImageGroups(), ImageGroups()
        ages: dict[str, int] = {}
        for step in range(1, steps + 1):
            there = [image for image in images if when[image] <= step]
            fresh = [image for image in there if when[image] == step]
            met = [pair for pair in pairs if max(when[one] for one in pair) == step]
            directed = [pair if when[pair[0]] == step else pair[::-1] for pair in met]
            groups.add(step, step_of(step, fresh, directed, ages, before))
            rng.shuffle(fresh)
            rng.shuffle(directed)
            shuffled.add(step, step_of(step, fresh, directed, ages, before))
            frame = groups.frame()
            assert frame.equals(shuffled.frame()), "no order within a step counts"
            now = {image: split_of(image) for image in there} | dict(frame.select("image_id", "split").iter_rows())
            known = [pair for pair in pairs if max(when[one] for one in pair) <= step]
            whole = components(there, known)
            for group in whole:
                assert len({now[image] for image in group}) == 1, seed
                was = {splits.get(image, before.get(image)) for image in group} - {None}
                if was:
                    assert now[next(iter(group))] == ("train" if len(was) > 1 else was.pop()), seed
            assert set(frame["image_id"]) == {image for group in whole if len(group) > 1 for image in group}
            assert frame["group"].n_unique() == sum(len(group) > 1 for group in whole)
            moved = {image for image, split in (splits | before).items() if image in now and split != now[image]}
            assert moved <= set(frame.filter("moved")["image_id"])
            assert all(now[image] == "train" for image in moved)
            splits = now
        merges += frame["joined"].drop_nulls().n_unique()
    assert merges > 20, "the histories must merge groups"


def test_an_image_joins_the_group_of_before_and_a_merge_names_both() -> None:
    ages: dict[str, int] = {}
    held_out = [image for image in (sha256_hex(f"{n}".encode()) for n in range(200)) if split_of(image) == "validation"]
    old, trained = (
        held_out[0],
        next(i for i in (sha256_hex(f"t{n}".encode()) for n in range(9)) if split_of(i) == "train"),
    )
    fresh, bridge = sha256_hex(b"fresh"), sha256_hex(b"bridge")
    groups = ImageGroups()
    groups.add(1, step_of(1, [old, trained], [], ages, {}))
    groups.add(2, step_of(2, [fresh], [(fresh, old)], ages, {}))
    assert groups.frame().select("group", "split", "joined", "moved").unique().rows() == [
        (old, "validation", None, False)
    ]
    groups.add(3, step_of(3, [bridge], [(bridge, fresh), (bridge, trained)], ages, {}))
    told = {row["image_id"]: row for row in groups.frame().iter_rows(named=True)}
    first = min(old, trained)
    assert {row["split"] for row in told.values()} == {"train"} and {row["group"] for row in told.values()} == {first}
    assert {image for image, row in told.items() if row["moved"]} == {old, fresh}
    other = ({old, trained} - {first}).pop()
    assert told[other]["joined"] == other and told[first]["joined"] is None


def test_a_chain_of_many_images_takes_no_longer_for_each() -> None:
    forest = Forest()
    for number in range(20_000):
        forest.join(f"{number}", f"{number + 1}")
    assert len({forest.root(f"{number}") for number in range(20_001)}) == 1
