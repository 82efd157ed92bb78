"""Readers of tables with images in them: parquet and Arrow, by one set of rules."""
