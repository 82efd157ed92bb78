"""Dagster is used by its public names alone: nothing imports, names or configures a private module, and no private attribute of it is read."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOSTS = ("dagster", "dagster_graphql", "dagster_pipes", "dagster_shared", "dagster_webserver")
PRIVATE = "dagster" + "._"


def files_with(expression: str, *patterns: str) -> list[str]:
    """Files of the repository in which a regular expression matches."""
    command = ["git", "grep", "-l", "--untracked", "-E", "-e", expression, "--", *patterns]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.splitlines()


@cache
def modules() -> dict[str, ast.Module]:
    """Trees of all Python files that import a package of Dagster."""
    return {name: ast.parse((ROOT / name).read_text("utf-8")) for name in files_with("(import|from) dagster", "*.py")}


def private_imports(tree: ast.Module) -> Iterator[str]:
    """Names that a module imports from private modules of Dagster, or that are private themselves."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            paths = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            paths = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for path in paths:
            first, *rest = path.split(".")
            if first in HOSTS and any(is_private(part) for part in rest):
                yield path


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def own_names(tree: ast.Module) -> Iterator[str]:
    """Private names that a module defines: functions, classes, variables, and attributes that it sets."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def private_attributes(tree: ast.Module) -> Iterator[str]:
    """Private attributes that a module reads and that are neither its own nor of another package that it imports."""
    own = {name for name in own_names(tree) if is_private(name)}
    imported = {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name.partition(".")[0] not in HOSTS
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or not is_private(node.attr) or node.attr in own:
            continue
        if not (isinstance(node.value, ast.Name) and node.value.id in imported):
            yield f"{ast.unparse(node)}, line {node.lineno}"


def test_no_file_names_a_private_module_of_dagster() -> None:
    assert files_with(re.escape(PRIVATE)) == []


def test_no_module_imports_or_reads_a_private_name_of_dagster() -> None:
    assert len(modules()) > 50
    found = {name: [*private_imports(tree), *private_attributes(tree)] for name, tree in modules().items()}
    assert {name: names for name, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("source", "imports", "attributes"),
    [
        ("from dagster" + "._core.launcher.base import WorkerStatus", 1, 0),
        ("from dagster import _check", 1, 0),
        ("import dagster_graphql._private", 1, 0),
        ("from dagster import __version__\nimport os\nos._exit(1)", 0, 0),
        ("class L(dg.DefaultRunLauncher):\n    def of(self): return self._instance", 0, 1),
        ("class L:\n    def __init__(self): self._own = 1\n    def of(self): return self._own", 0, 0),
        ("instance._event_storage", 0, 1),
    ],
)
def test_what_counts_as_private(source: str, imports: int, attributes: int) -> None:
    tree = ast.parse(source)
    assert (len(list(private_imports(tree))), len(list(private_attributes(tree)))) == (imports, attributes)
