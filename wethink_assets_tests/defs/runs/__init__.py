"""Tests of the Dagster layer: runs."""
