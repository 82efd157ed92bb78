"""Lineage: where versions, rows and images come from, what was made of them, and how versions differ."""
