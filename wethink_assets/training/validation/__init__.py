"""Validation of a policy on held-out rows and scenes."""
