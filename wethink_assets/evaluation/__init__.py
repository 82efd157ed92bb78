"""Scoring a policy on benchmarks: questions, scorers, intervals, leaderboard."""
