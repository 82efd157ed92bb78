"""Pairs of pictures told apart: the same picture, the same with a local change, or another one."""

METHOD = "copies-1"
"""Name and version of the method: signatures and verdicts of another one need not agree."""
