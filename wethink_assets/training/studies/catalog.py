"""Catalog of the studies: the variants of each, and how much of them a profile trains."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wethink_assets.config import RecipeSettings, Settings
from wethink_assets.config.training import QUESTIONS
from wethink_assets.errors import ConfigError
from wethink_assets.kinds import MULTIPLE_CHOICE


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to train in a study.

    name: part of its training runs' names; label: for tables; changes: settings of the recipe that differ; reference: the one that the others
    are compared with.
    """

    name: str
    label: str
    changes: dict[str, Any] = field(default_factory=dict)
    reference: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """How much of a study is trained: with which seeds, and which share of the recipe's steps."""

    seeds: tuple[int, ...]
    length: float


PROFILES = {"quick": Profile((1, 2), 0.4), "full": Profile((1, 2, 3), 1.0)}


@dataclass(frozen=True, slots=True)
class Study:
    """A study: its name, what it asks, and its variants for a configuration and a recipe."""

    name: str
    question: str
    variants: Callable[[Settings, RecipeSettings], tuple[Variant, ...]]


def _reward_weights(settings: Settings, recipe: RecipeSettings) -> tuple[Variant, ...]:
    """The recipe's own weights are the reference, whether the configuration lists them or not."""
    total = recipe.accuracy_weight + recipe.format_weight
    own = round(recipe.accuracy_weight / total, 6)
    variants = []
    for weight in sorted({*settings.studies.accuracy_weights, own}, reverse=True):
        rest = round(1 - weight, 6)
        changes = {} if weight == own else {"accuracy_weight": weight, "format_weight": rest}
        variants.append(
            Variant(f"accuracy-{weight:g}", f"{weight:g} accuracy + {rest:g} format", changes, weight == own)
        )
    return tuple(variants)


def _reward_methods(settings: Settings, recipe: RecipeSettings) -> tuple[Variant, ...]:
    return (
        Variant("hybrid", "hybrid: rule or judge", {"accuracy": "hybrid"}, reference=True),
        Variant("rules", "rules only", {"accuracy": "rules"}),
        Variant("judge", "judge only", {"accuracy": "judge"}),
    )


def _kinds(settings: Settings, recipe: RecipeSettings) -> tuple[Variant, ...]:
    return (
        Variant("all-kinds", "all kinds", {"kinds": ()}, reference=True),
        Variant("mc", f"{MULTIPLE_CHOICE.code} only", {"kinds": (MULTIPLE_CHOICE.code,)}),
    )


def _sft(settings: Settings, recipe: RecipeSettings) -> tuple[Variant, ...]:
    return (
        Variant("direct-rl", "direct RL", {"method": "grpo"}, reference=True),
        Variant("sft", "SFT", {"method": "sft"}),
        Variant("sft-rl", "SFT, then RL", {"method": "sft+grpo"}),
    )


def _data_size(settings: Settings, recipe: RecipeSettings) -> tuple[Variant, ...]:
    shares = sorted({*settings.studies.data_shares, 1.0})
    return tuple(
        Variant(f"data-{share:g}", f"{share:.0%} of the rows", {"data_share": share}, share == 1.0) for share in shares
    )


_VARIANTS: dict[str, Callable[[Settings, RecipeSettings], tuple[Variant, ...]]] = {
    "reward-weights": _reward_weights,
    "reward-methods": _reward_methods,
    "kinds": _kinds,
    "sft": _sft,
    "data-size": _data_size,
}
STUDIES = {name: Study(name, question, _VARIANTS[name]) for name, question in QUESTIONS.items()}


def study_of(name: str) -> Study:
    """A study by name. Raises `ConfigError`."""
    if name not in STUDIES:
        raise ConfigError(f"no study {name!r}: there are {', '.join(STUDIES)}")
    return STUDIES[name]


def profile_of(name: str) -> Profile:
    """A profile by name. Raises `ConfigError`."""
    if name not in PROFILES:
        raise ConfigError(f"no profile {name!r}: there are {', '.join(PROFILES)}")
    return PROFILES[name]


def shortened(recipe: RecipeSettings, length: float) -> RecipeSettings:
    """A recipe with a share of its steps, of both its phases; at least one step each."""

    def steps(count: int) -> int:
        return max(1, round(length * count)) if count else 0

    return recipe.model_copy(
        update={
            "steps": steps(recipe.steps),
            "epochs": recipe.epochs * length,
            "sft_steps": steps(recipe.sft_steps),
            "sft_epochs": recipe.sft_epochs * length,
        }
    )
