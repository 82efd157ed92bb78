"""The command `wethink` on the stores of the commands about versions."""

from wethink_assets_tests.commands.dataset.conftest import grower, local, trained, wethink

__all__ = ["grower", "local", "trained", "wethink"]
