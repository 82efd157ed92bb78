"""Tests of `wethink_assets.dataset.imports`."""
