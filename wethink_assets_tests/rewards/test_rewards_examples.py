"""The examples in the docstrings of the public reward functions run as they stand."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import wethink_assets.rewards

MODULES = sorted(
    info.name for info in pkgutil.walk_packages(wethink_assets.rewards.__path__, "wethink_assets.rewards.")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.failed == 0


def test_every_public_function_has_an_example() -> None:
    public = {name: getattr(wethink_assets.rewards, name) for name in wethink_assets.rewards.__all__}
    functions = {name: one for name, one in public.items() if inspect.isfunction(one)}
    without = [
        name
        for name, function in functions.items()
        if not inspect.iscoroutinefunction(function)  # those say what the others say, for an event loop
        if not any(test.examples for test in doctest.DocTestFinder().find(function, name))
    ]
    assert without == [] and len(functions) >= 8
