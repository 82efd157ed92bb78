"""Batch jobs: rounds of a stage's calls that a service answers within a day, from their submission to the journal."""
