"""A project whose Dagster instance is in PostgreSQL, as its guide says: one line of dagster.yaml, and the URL in the environment."""

import re
from pathlib import Path

import pytest

from wethink_assets_tests.support.project import Project

LINE = "storage: {custom: {module: wethink_assets.defs.postgres, class: PostgresStorage}}"
VARIABLE = "WETHINK_POSTGRES_URL"


class PostgresProject(Project):
    """A project with the URL of its database."""

    url: str

    @property
    def database(self) -> str:
        """The name of its database."""
        return self.url.rpartition("/")[2]

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, VARIABLE: self.url}


def in_postgres(project: Project, url: str, monkeypatch: pytest.MonkeyPatch | None = None) -> PostgresProject:
    """The project, moved to PostgreSQL; with `monkeypatch` as that of this process."""
    moved = PostgresProject(project.home)
    moved.url = url
    file = project.home / "dagster.yaml"
    file.write_text(use_postgres(file.read_text()))
    if monkeypatch:
        monkeypatch.setenv(VARIABLE, url)
        monkeypatch.setenv("DAGSTER_HOME", str(project.home))
        monkeypatch.setenv("WETHINK_CONFIG", str(project.home / "wethink.toml"))
    return moved


def use_postgres(text: str) -> str:
    """A dagster.yaml with the one line in place of the table of SQLite."""
    changed, count = re.subn(r"^storage:\n(?:  .*\n)+", LINE + "\n", text, flags=re.MULTILINE)
    assert count == 1
    return changed


def databases_of(project: Project) -> list[Path]:
    """Files of SQLite that a project has."""
    return sorted(project.home.rglob("*.db"))
