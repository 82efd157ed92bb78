"""Grading of replies: rules, judge, headline figures, breakdowns and intervals."""
