"""What a study trains: its variants, whose shared policies are one, and nothing that is unknown."""

from pathlib import Path
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ConfigError, VersionError
from wethink_assets.storage.store import Store
from wethink_assets.training.studies.catalog import STUDIES
from wethink_assets.training.studies.design import Design, design_study
from wethink_assets_tests.training.conftest import TINY


def settings_of(home: Path, **recipe: Any) -> Settings:
    return Settings.model_validate(
        {
            "folder": str(home),
            "pipeline": {"prompt_pack": "embedded"},
            "recipes": {"base": {**TINY, "accuracy": "hybrid", "sft_steps": 6, **recipe}},
            "studies": {"recipe": "base"},
        }
    )


@pytest.fixture
def designs(home: Path, drawn: Store) -> dict[str, Design]:
    settings = settings_of(home)
    return {name: design_study(settings, drawn, name) for name in STUDIES}


def test_every_study_compares_its_variants_with_one_reference(designs: dict[str, Design]) -> None:
    labels = {name: [variant.name for variant in design.variants] for name, design in designs.items()}
    assert labels == {
        "reward-weights": ["accuracy-1", "accuracy-0.9", "accuracy-0.7", "accuracy-0.5"],
        "reward-methods": ["hybrid", "rules", "judge"],
        "kinds": ["all-kinds", "mc"],
        "sft": ["direct-rl", "sft", "sft-rl"],
        "data-size": ["data-0.1", "data-0.3", "data-1"],
    }
    for design in designs.values():
        assert [variant.reference for variant in design.variants].count(True) == 1
        assert len(design.plans) == len(design.runs) == len(design.variants) * 2  # seeds of the quick profile
        assert {run.plan.recipe.steps for run in design.runs} == {2} and {run.seed for run in design.runs} == {1, 2}


def test_the_reference_of_every_study_is_one_policy_a_seed(designs: dict[str, Design]) -> None:
    shared = [
        {run.plan.digest for run in design.runs if run.variant.reference and run.seed == 1}
        for design in designs.values()
    ]
    assert len(set.union(*shared)) == 1
    everything = {digest for design in designs.values() for digest in design.plans}
    assert len(everything) == 2 * (1 + 3 + 2 + 1 + 2 + 2)


def test_variants_change_what_they_say_and_nothing_else(designs: dict[str, Design]) -> None:
    for design in designs.values():
        shared = {name: value for name, value in design.recipe.model_dump().items() if name != "seed"}
        for run in design.runs:
            settings = run.plan.recipe.model_dump()
            assert {name: settings[name] for name in shared if name not in run.variant.changes} == {
                name: value for name, value in shared.items() if name not in run.variant.changes
            }
            assert {name: settings[name] for name in run.variant.changes} == run.variant.changes


def test_a_policy_is_scored_on_all_kinds_whatever_it_learnt_from(home: Path, drawn: Store) -> None:
    design = design_study(settings_of(home, kinds=["MC"], accuracy="rules"), drawn, "reward-weights", seeds=[5])
    assert design.scoring.kinds == () and design.scoring.accuracy == "hybrid"
    assert [run.seed for run in design.runs] == [5] * 4
    own = design_study(settings_of(home, accuracy_weight=0.8, format_weight=0.2), drawn, "reward-weights")
    assert [(variant.name, variant.reference) for variant in own.variants][2] == ("accuracy-0.8", True)


def test_what_is_unknown_is_refused_by_name(home: Path, drawn: Store, tmp_path: Path) -> None:
    settings = settings_of(home)
    with pytest.raises(ConfigError, match="unknown study 'weights'; known: reward-weights, "):
        design_study(settings, drawn, "weights")
    with pytest.raises(ConfigError, match="unknown profile 'fast'; known: quick, full"):
        design_study(settings, drawn, "kinds", profile="fast")
    with pytest.raises(ConfigError, match="no recipe 'grpo'"):
        design_study(settings, drawn, "kinds", recipe="grpo")
    with pytest.raises(ConfigError, match="a seed is named twice: 1, 1"):
        design_study(settings, drawn, "kinds", seeds=[1, 1])
    with pytest.raises(VersionError, match="has no version to train on yet"):
        design_study(settings, Store.open(str(tmp_path / "empty")), "kinds")
