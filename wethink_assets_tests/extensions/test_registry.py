"""Registries: entries by key, imported when they are looked up, and unknown keys told with the known ones."""

import doctest
import subprocess
import sys

import pytest

from wethink_assets.errors import ConfigError, UnknownName, WeThinkError
from wethink_assets.extensions import builtin, registry
from wethink_assets.extensions.registry import Registry

ALL = {name: one for name, one in vars(builtin).items() if isinstance(one, Registry)}


def test_the_example_runs() -> None:
    outcome = doctest.testmod(registry)
    assert outcome.attempted and not outcome.failed


def test_listing_keys_imports_no_entry() -> None:
    code = (
        "import sys; from wethink_assets.extensions import builtin\n"
        "keys = [list(one) for one in vars(builtin).values() if isinstance(one, builtin.Registry)]\n"
        "print(sorted(name for name in sys.modules if name.startswith('wethink_assets.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "wethink_assets.extensions.registry" in done.stdout and "sources" not in done.stdout


@pytest.mark.parametrize("name", ALL)
def test_every_entry_that_ships_is_there(name: str) -> None:
    assert len(ALL[name]) >= 1 and all(ALL[name][key] is not None for key in ALL[name])


def test_an_unknown_key_is_told_with_those_that_are_known() -> None:
    shapes = Registry[int]("shape", {"triangle": 3, "square": 4})
    with pytest.raises(UnknownName, match="unknown shape 'circle'; known: triangle, square") as raised:
        shapes["circle"]
    assert isinstance(raised.value, WeThinkError) and isinstance(raised.value, LookupError)
    assert "circle" not in shapes and list(shapes.items()) == [("triangle", 3), ("square", 4)]


def test_a_key_is_taken_once() -> None:
    shapes = Registry[int]("shape", {"square": 4})
    assert shapes.register("square", 4) == 4
    with pytest.raises(ConfigError, match="shape 'square' is registered already"):
        shapes.register("square", 5)
    shapes.unregister("square")
    assert shapes.register("square", 5) == 5


def test_an_incomplete_entry_is_refused_when_it_is_registered_and_when_it_is_imported() -> None:
    def even(key: str, corners: int) -> None:
        if corners % 2:
            raise ConfigError(f"shape {key!r} has an odd number of corners")

    shapes = Registry[int]("shape", {"prime": "wethink_assets_tests.extensions.test_registry:SEVEN"}, even)
    for refused in (lambda: shapes.register("triangle", 3), lambda: shapes["prime"]):
        with pytest.raises(ConfigError, match="odd number of corners"):
            refused()
    assert "triangle" not in shapes


SEVEN = 7


def test_declared_entries_are_those_of_the_moment_and_not_imported() -> None:
    shapes = Registry[object]("shape", {"square": "no.such.module:SQUARE"})
    declared = shapes.declared
    assert dict(declared) == {"square": "no.such.module:SQUARE"}
    shapes.register("circle", 1)
    shapes.unregister("square")
    assert dict(declared) == {"circle": 1}
    with pytest.raises(TypeError):
        declared["circle"] = 2  # type: ignore[index]
