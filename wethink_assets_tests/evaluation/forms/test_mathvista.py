"""MathVista: figures by task and by each of a sample's skills."""

from wethink_assets_tests.support.graded_rows import breakdown


def test_a_sample_counts_for_its_task_and_each_of_its_skills() -> None:
    row = {"index": "1", "task": "geometry", "skills": "['algebra', 'logic']", "hit": 1}
    assert breakdown([row], "mathvista") == {"geometry": 100, "algebra": 100, "logic": 100}
