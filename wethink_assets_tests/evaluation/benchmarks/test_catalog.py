"""The catalog: the fourteen of OpenCompass, their stand-ins and published scores."""

from wethink_assets.evaluation.benchmarks.catalog import BENCHMARKS, OPENCOMPASS, REFERENCES


def test_the_fourteen_and_their_published_scores() -> None:
    assert len(OPENCOMPASS) == 14 and len({one.md5 for one in OPENCOMPASS}) == 14 and len(BENCHMARKS) == 28
    for reference in REFERENCES:
        assert set(reference.scores) < {one.key for one in OPENCOMPASS} and reference.source
