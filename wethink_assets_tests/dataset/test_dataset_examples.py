"""The examples in the docstrings of versions and of the comparison of rows run as they stand."""

import doctest
import importlib
import pkgutil

import pytest

import wethink_assets.dataset
import wethink_assets.dedup

MODULES = sorted(
    module.name
    for package in (wethink_assets.dataset, wethink_assets.dedup)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.failed == 0
