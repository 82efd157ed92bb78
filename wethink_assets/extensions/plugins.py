"""Plugins: modules of one's own that register question kinds, stages, readers, ... beside those that ship."""

import sys
from collections.abc import Iterable
from importlib import import_module

from wethink_assets.errors import ConfigError


def import_plugins(names: Iterable[str], folder: str = "") -> None:
    """Import the modules that `plugins` of `wethink.toml` names, in order; `folder` is that of the file and is searched last.

    Raises `ConfigError` that names the module which cannot be imported.
    """
    names = list(names)
    if names and folder and folder not in sys.path:
        sys.path.append(folder)
    for name in names:
        try:
            import_module(name)
        except ImportError as error:
            raise ConfigError(
                f"plugins: {name!r} cannot be imported ({error}); it must be installed, or be in the folder of wethink.toml"
            ) from error
