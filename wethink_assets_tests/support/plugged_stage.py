"""A project that names a plugin of its own: the module lies beside its `wethink.toml`."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wethink_assets.extensions.builtin import STAGES
from wethink_assets.stages.prompts import PROMPTS
from wethink_assets_tests.support.project import Project

SUPPORT = Path(__file__).parent


def name_plugin(project: Project, module: str, source: str = "") -> None:
    """Put a module beside the project's file, which names it from now on: one of this folder with its prompts, or `source`."""
    target = project.home / f"{module}.py"
    if source:
        target.write_text(source)
    else:
        shutil.copy(SUPPORT / target.name, target)
        for prompt in SUPPORT.glob("*.md"):
            shutil.copy(prompt, project.home)
    path = project.home / "wethink.toml"
    path.write_text(f'plugins = ["{module}"]\n{path.read_text()}')


@contextmanager
def plugin_of_this_process(module: str) -> Iterator[None]:
    """What a plugin that is imported meanwhile registers of stages and prompts is taken out again in the end."""
    known = [(registry, set(registry)) for registry in (STAGES, PROMPTS)]
    paths = list(sys.path)
    try:
        yield
    finally:
        for registry, before in known:
            for key in set(registry) - before:
                registry.unregister(key)
        sys.modules.pop(module, None)
        sys.path[:] = paths
