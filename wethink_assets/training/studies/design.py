"""Design of a study on a version: its runs, their settings, and the policies that they share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wethink_assets.config import RecipeSettings, Settings
from wethink_assets.dataset.versions.manifest import list_built
from wethink_assets.errors import ConfigError, VersionError
from wethink_assets.identity import digest_of
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.catalog import STUDY_RUN, training_key
from wethink_assets.training.runs.plan import TrainingPlan, plan_run
from wethink_assets.training.studies.catalog import DEFAULT_PROFILE, PROFILES, STUDIES, Study, Variant, shortened


@dataclass(frozen=True, slots=True)
class StudyRun:
    """One training of a study: a variant with a seed."""

    variant: Variant
    seed: int
    plan: TrainingPlan


@dataclass(frozen=True, slots=True)
class Design:
    """A study on a version, ready to be trained.

    recipe: the settings that all variants share; runs: every variant with every seed; scoring: by it every policy is scored, whatever it was
    trained on.
    """

    study: Study
    profile: str
    seeds: tuple[int, ...]
    version: str
    recipe_name: str
    recipe: RecipeSettings
    settings: Settings
    variants: tuple[Variant, ...]
    runs: tuple[StudyRun, ...]

    @property
    def scoring(self) -> RecipeSettings:
        """The recipe by which held-out rows are asked and graded: of all kinds, by rule or judge."""
        return self.recipe.model_copy(update={"kinds": (), "accuracy": "hybrid"})

    @property
    def base(self) -> dict[str, Any]:
        """The model that every run starts from, as a plan has it."""
        return self.runs[0].plan.base

    @property
    def manifest(self) -> str:
        """Digest of the version's manifest."""
        return self.runs[0].plan.manifest

    @property
    def plans(self) -> dict[str, TrainingPlan]:
        """What is trained, by digest: runs that come to the same policy are one."""
        plans: dict[str, TrainingPlan] = {}
        for run in self.runs:
            plans.setdefault(run.plan.digest, run.plan)
        return plans

    def digest(self, failed: Sequence[str], scored: Sequence[str]) -> str:
        """What a result of this study is known by.

        failed: digests of policies that could not be trained; scored: digests of all that the answers depend on.
        """
        runs = [[run.variant.name, run.seed, run.plan.digest, run.plan.digest in failed] for run in self.runs]
        return digest_of(["study", self.study.name, self.version, self.manifest, runs, list(scored)])


def design_study(
    settings: Settings,
    store: Store,
    name: str,
    *,
    version: str = "",
    profile: str = DEFAULT_PROFILE,
    seeds: Sequence[int] = (),
    recipe: str = "",
) -> Design:
    """Lay out a study.

    Args:
        version: dataset version; empty: the newest.
        seeds: those to train with; empty: the profile's.
        recipe: of the configuration; empty: `[studies] recipe`.

    Raises `ConfigError` when study, profile or recipe is unknown, `VersionError` when there is no version, and what `plan_run` raises.
    """
    study, amount = STUDIES[name], PROFILES[profile]
    recipe_name = recipe or settings.studies.recipe
    wanted = tuple(seeds) or amount.seeds
    if len(set(wanted)) < len(wanted):
        raise ConfigError(f"a seed is named twice: {', '.join(map(str, wanted))}")
    own = shortened(settings.recipe(recipe_name), amount.length)
    variants = study.variants(settings, own)
    version = version or _newest(store)
    recipes = _recipes(recipe_name, profile, own, variants, wanted)
    planned = settings.model_copy(
        update={"recipes": {**settings.recipes, **{k: r for k, (_, _, r) in recipes.items()}}}
    )
    runs = tuple(
        StudyRun(variant, seed, plan_run(planned, store, training_key(version, key), bound=True))
        for key, (variant, seed, _) in recipes.items()
    )
    return Design(study, profile, wanted, version, recipe_name, own, settings, variants, runs)


def _newest(store: Store) -> str:
    built = list_built(store)
    if not built:
        raise VersionError(f"{store.url} has no version to train on yet: `wethink run` or `wethink cut` makes one")
    return built[-1]


def _recipes(
    name: str,
    profile: str,
    own: RecipeSettings,
    variants: Sequence[Variant],
    seeds: Sequence[int],
) -> dict[str, tuple[Variant, int, RecipeSettings]]:
    """Variant, seed and settings of each run, by the run's recipe name."""
    return {
        f"{STUDY_RUN}{name}-{profile}-{variant.name}-s{seed}": (
            variant,
            seed,
            RecipeSettings.model_validate({**own.model_dump(), **variant.changes, "seed": seed, "in_main_run": False}),
        )
        for variant in variants
        for seed in seeds
    }
