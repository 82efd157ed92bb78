"""Grades of a run are kept as they come, and are there after a kill."""

from pathlib import Path

from wethink_assets.rewards import Reward
from wethink_assets.training.trainers.grade_journal import GradeJournal, grades_in

GRADED = Reward(0.65, 0.5, 1.0, "judge", "judge")


def test_a_journal_has_the_grades_of_a_judge_after_a_kill(tmp_path: Path) -> None:
    journal = GradeJournal(tmp_path / "grades" / "0.jsonl")
    journal.add("a", "left\n\ud800", GRADED)
    journal.add("a", "rule", Reward(1.0, 1.0, 1.0, "rule", "rule"))
    journal.add("a", "failed", Reward(0.3, 0.0, 1.0, "judge", "failed", failed=True))
    with (tmp_path / "grades" / "0.jsonl").open("a") as file:
        file.write('{"key": "half')  # killed while it wrote
    again = GradeJournal(tmp_path / "grades" / "0.jsonl")
    assert again.reward("a", "left\n\ud800") == GRADED and len(again) == 1
    assert again.reward("a", "failed") is again.reward("a", "rule") is again.reward("b", "left\n\ud800") is None
    again.add("b", "right", GRADED)
    assert len(GradeJournal(tmp_path / "grades" / "0.jsonl")) == 2 == grades_in(tmp_path / "grades")


def test_lines_that_are_no_grades_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "0.jsonl"
    path.write_bytes(b'\xff\xfe\n{"key": 1}\nnull\n{"key": "a", "reward": {"other": 1}}\n')
    assert len(GradeJournal(path)) == 0 and path.read_bytes() == b""
