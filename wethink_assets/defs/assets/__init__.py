"""Dagster assets with their checks, one module for each domain."""
