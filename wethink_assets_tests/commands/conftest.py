"""Projects whose models are scripted behind a real endpoint."""

from wethink_assets_tests.defs.conftest import endpoint, grown, project

__all__ = ["endpoint", "grown", "project"]
