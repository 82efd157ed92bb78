"""Tests of the Dagster layer: stages."""
