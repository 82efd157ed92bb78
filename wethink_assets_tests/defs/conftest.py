"""Projects whose models are scripted behind a real endpoint, so that runs of other processes reach them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from wethink_assets_tests.support.opened_project import Opened, opened
from wethink_assets_tests.support.project import Project, make_project
from wethink_assets_tests.support.scripted_endpoint import ScriptedEndpoint, scripted_endpoint


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    """A scripted endpoint."""
    with scripted_endpoint() as served:
        yield served


@pytest.fixture
def project(tmp_path: Path, endpoint: ScriptedEndpoint) -> Project:
    """A project with three pictures of each of two sources."""
    return make_project(tmp_path / "project", endpoint.url)


@pytest.fixture
def grown(project: Project) -> Iterator[Opened]:
    """The project opened: its definitions, store and instance."""
    with opened(project) as it:
        yield it
