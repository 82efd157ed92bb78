"""Scoring of policies on benchmarks: forms, grading, runs, reports."""
