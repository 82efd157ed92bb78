"""Signatures of rows and the removal of duplicates."""
