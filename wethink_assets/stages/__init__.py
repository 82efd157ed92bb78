"""Stages: what each returns, and the schemas of their tables."""
