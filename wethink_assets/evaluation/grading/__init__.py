"""Grading of replies: rules, judge, resampling clusters, breakdowns and intervals."""
