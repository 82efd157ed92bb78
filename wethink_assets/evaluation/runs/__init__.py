"""Scoring runs: jobs, model calls, grades, aggregation and records."""
