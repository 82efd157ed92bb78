"""Tests of the Dagster layer: automation."""
