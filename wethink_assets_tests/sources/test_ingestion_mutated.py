"""Mutated files of every format: a sample of `benchmarks/mutations.py`, which does a million."""

from pathlib import Path

import pytest

from wethink_assets.sources.listing import Listing
from wethink_assets_tests.support.file_mutations import Mutation, mutation
from wethink_assets_tests.support.mutated_sources import ingest_mutations
from wethink_assets_tests.support.sound_files import FORMATS, sound_file

SAMPLE = 600
SEED = 2026


@pytest.mark.filterwarnings("ignore")  # as the process does that ingests; pytest resets filters
@pytest.mark.parametrize("first", range(0, SAMPLE, 200))
def test_no_mutation_ends_a_batch_or_escapes_the_count(
    first: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    result = ingest_mutations([mutation(SEED, number) for number in range(first, first + 200)], tmp_path)
    assert not result.faults
    assert sum(result.outcomes.values()) >= 190
    assert capfd.readouterr() == ("", ""), "decoders print nothing"


def test_the_files_that_are_mutated_are_sound(tmp_path: Path) -> None:
    sound = {name: sound_file(name) for name in FORMATS}
    same = [
        Mutation(number, name, "", {f"x.{file.ending}": file.data}) for number, (name, file) in enumerate(sound.items())
    ]
    result = ingest_mutations(same, tmp_path)
    assert not result.faults
    rejected = {outcome for outcome in result.outcomes if outcome.endswith(("corrupt", "truncated", "not_an_image"))}
    assert rejected <= {"parquet: not_an_image", "arrow: not_an_image", "arrow, stream: not_an_image"}


@pytest.mark.parametrize(("seed", "number"), [(1, 6487), (1, 52156), (1, 85824), (2, 201312)])
def test_mutations_that_were_at_fault_once(seed: int, number: int, tmp_path: Path) -> None:
    assert not ingest_mutations([mutation(seed, number)], tmp_path).faults


def test_a_mutation_is_known_by_seed_and_number() -> None:
    assert mutation(1, 5) == mutation(1, 5) != mutation(2, 5)


def test_an_exception_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wethink_assets.sources.images.decoding.MIN_SIDE", "28")
    assert not ingest_mutations([mutation(1, 5)], tmp_path / "a").faults, "what a file does is its rejection"
    monkeypatch.setattr(Listing, "digest", property(lambda self: 1 / 0))
    (fault,) = ingest_mutations([mutation(1, 5)], tmp_path / "b").faults
    assert fault.startswith("ZeroDivisionError")
