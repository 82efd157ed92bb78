"""Pairs of pictures told apart: the same picture, the same with a local change, or another one."""
