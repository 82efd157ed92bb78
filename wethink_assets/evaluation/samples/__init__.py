"""Drawn stand-ins for the benchmarks: the form of each of the 14, on scenes that no training draws."""

from wethink_assets.evaluation.samples.files import ensure_samples

__all__ = ["ensure_samples"]
