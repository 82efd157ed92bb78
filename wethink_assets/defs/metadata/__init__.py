"""What the Dagster UI shows: previews, plots, tables and figures of materializations."""
