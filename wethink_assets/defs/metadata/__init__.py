"""Metadata for the Dagster UI: previews, plots, tables and figures of materializations."""
