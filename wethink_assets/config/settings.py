"""All of `wethink.toml` as one value."""

import os
from typing import Annotated

from pydantic import AfterValidator, Field

from wethink_assets.config.base import Table
from wethink_assets.config.budgets import BudgetSettings, budget_name
from wethink_assets.config.data import (
    CutSettings,
    DedupSettings,
    PipelineSettings,
    SampleSettings,
    SourceSettings,
    StoreSettings,
    source_name,
)
from wethink_assets.config.evaluation import BenchmarkSettings, ScoringSettings, benchmark_name
from wethink_assets.config.models import RoleSettings, known_roles
from wethink_assets.config.training import RecipeSettings, TrainingSettings, recipe_name
from wethink_assets.errors import ConfigError
from wethink_assets.models.chat import Role


class Settings(Table):
    """All of `wethink.toml`."""

    store: StoreSettings = StoreSettings()
    pipeline: PipelineSettings = PipelineSettings()
    sample: SampleSettings = SampleSettings()
    sources: dict[Annotated[str, AfterValidator(source_name)], SourceSettings] = Field(default_factory=dict)
    roles: Annotated[dict[str, RoleSettings], AfterValidator(known_roles)] = Field(default_factory=dict)
    budgets: dict[Annotated[str, AfterValidator(budget_name)], BudgetSettings] = Field(default_factory=dict)
    dedup: DedupSettings = DedupSettings()
    cut: CutSettings = CutSettings()
    benchmarks: dict[Annotated[str, AfterValidator(benchmark_name)], BenchmarkSettings] = Field(default_factory=dict)
    scoring: ScoringSettings = ScoringSettings()
    training: TrainingSettings = TrainingSettings()
    recipes: dict[Annotated[str, AfterValidator(recipe_name)], RecipeSettings] = Field(default_factory=dict)
    folder: str = Field("", exclude=True, description="folder of the file, set on loading")

    def role(self, role: Role) -> RoleSettings:
        """Settings of a role; one that the file leaves out runs on the embedded model."""
        return self.roles.get(role, RoleSettings())

    def recipe(self, name: str) -> RecipeSettings:
        """Settings of a training recipe. Raises `ConfigError` when the file has none of this name."""
        if name not in self.recipes:
            raise ConfigError(f"no recipe {name!r}: [recipes.<name>] names {', '.join(sorted(self.recipes)) or 'none'}")
        return self.recipes[name]

    def prompt_pack(self, role: Role) -> str:
        """Prompt pack of a role."""
        return self.role(role).prompt_pack or self.pipeline.prompt_pack

    def resolve(self, location: str) -> str:
        """A location of the file as an absolute path; URLs are left as they are."""
        if "://" in location or "::" in location or not location:
            return location
        return os.path.normpath(os.path.join(self.folder, os.path.expanduser(location)))

    @property
    def store_url(self) -> str:
        """The store's location."""
        return self.resolve(self.store.url)
