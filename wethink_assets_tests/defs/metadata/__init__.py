"""Tests of the Dagster layer: metadata."""
