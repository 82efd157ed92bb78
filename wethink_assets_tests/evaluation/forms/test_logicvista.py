"""LogicVista: a sample counts for each of its skills."""

from wethink_assets_tests.support.graded_rows import breakdown


def test_a_sample_counts_for_each_of_its_skills() -> None:
    rows = [{"index": "1", "skill": "inductive, spatial", "hit": 1}, {"index": "2", "skill": "spatial", "hit": 0}]
    assert breakdown(rows, "logicvista") == {"inductive": 100, "spatial": 50}
