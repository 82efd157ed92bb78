"""Stages: how one is declared, their order and prompts, what each returns, and the schemas of their tables."""
