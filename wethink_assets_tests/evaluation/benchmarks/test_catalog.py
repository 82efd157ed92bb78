"""The catalog: the fourteen of OpenCompass, their stand-ins and published scores."""

from wethink_assets.evaluation.benchmarks.catalog import BENCHMARKS, OPENCOMPASS, REFERENCES


def test_the_fourteen_and_their_published_scores() -> None:
    assert len(OPENCOMPASS) == 14 and len({one.md5 for one in OPENCOMPASS}) == 14 and len(BENCHMARKS) == 28
    for reference in REFERENCES:
        assert set(reference.scores) < {one.key for one in OPENCOMPASS} and reference.source


def test_addresses_are_vlmevalkits() -> None:
    """Of MathVerse the file has another name than the benchmark."""
    addresses = {one.key: one.address for one in OPENCOMPASS}
    assert addresses["MathVerse_MINI_Vision_Only"].endswith("/utils/benchmarks/MathVerse/MathVerse_MINIVOnly.tsv")
    names = {one.key: one.address.rpartition("/")[2] for one in OPENCOMPASS}
    assert names.pop("MathVerse_MINI_Vision_Only") == "MathVerse_MINIVOnly.tsv"
    assert names == {key: f"{key}.tsv" for key in names}
