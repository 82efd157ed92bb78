"""Catalog of the studies: what each asks, the variants that it compares, and how much of them a profile trains."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wethink_assets.extensions.registry import Registry
from wethink_assets.kinds import MULTIPLE_CHOICE

if TYPE_CHECKING:  # the command line lists the studies without reading settings
    from wethink_assets.config import RecipeSettings, Settings


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


PROFILES = Registry[Profile]("profile", {"quick": Profile((1, 2), 0.4), "full": Profile((1, 2, 3), 1.0)})
DEFAULT_PROFILE = "quick"


@dataclass(frozen=True, slots=True)
class Study:
    """A study: its name, what it asks, and its variants for a configuration and a recipe."""

    name: str
    question: str
    variants: Callable[["Settings", "RecipeSettings"], tuple[Variant, ...]]


def _reward_weights(settings: "Settings", recipe: "RecipeSettings") -> tuple[Variant, ...]:
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


def _reward_methods(settings: "Settings", recipe: "RecipeSettings") -> tuple[Variant, ...]:
    return (
        Variant("hybrid", "hybrid: rule or judge", {"accuracy": "hybrid"}, reference=True),
        Variant("rules", "rules only", {"accuracy": "rules"}),
        Variant("judge", "judge only", {"accuracy": "judge"}),
    )


def _kinds(settings: "Settings", recipe: "RecipeSettings") -> tuple[Variant, ...]:
    return (
        Variant("all-kinds", "all kinds", {"kinds": ()}, reference=True),
        Variant("mc", f"{MULTIPLE_CHOICE.code} only", {"kinds": (MULTIPLE_CHOICE.code,)}),
    )


def _sft(settings: "Settings", recipe: "RecipeSettings") -> tuple[Variant, ...]:
    return (
        Variant("direct-rl", "direct RL", {"method": "grpo"}, reference=True),
        Variant("sft", "SFT", {"method": "sft"}),
        Variant("sft-rl", "SFT, then RL", {"method": "sft+grpo"}),
    )


def _data_size(settings: "Settings", recipe: "RecipeSettings") -> tuple[Variant, ...]:
    shares = sorted({*settings.studies.data_shares, 1.0})
    return tuple(
        Variant(f"data-{share:g}", f"{share:.0%} of the rows", {"data_share": share}, share == 1.0) for share in shares
    )


STUDIES = Registry[Study]("study")
for _study in (
    Study("reward-weights", "How much does it matter what accuracy and format weigh in the reward?", _reward_weights),
    Study("reward-methods", "Does the hybrid reward teach more than rules alone, or a judge alone?", _reward_methods),
    Study("kinds", "Do all question kinds teach more than multiple choice alone?", _kinds),
    Study("sft", "Does supervised training, alone or before RL, teach more than direct RL?", _sft),
    Study("data-size", "How much do more rows teach, at the same number of steps?", _data_size),
):
    STUDIES.register(_study.name, _study)


def shortened(recipe: "RecipeSettings", length: float) -> "RecipeSettings":
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
