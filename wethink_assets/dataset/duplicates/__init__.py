"""Duplicates report of a version: groups, distances, near misses, what other thresholds would give, and what benchmarks show."""
