"""The one configuration file, `wethink.toml`: typed, checked once, read by the command line and the code location alike.

`WETHINK_CONFIG` names another file; a variable such as `WETHINK_PIPELINE__BATCH_SIZE=100` overrides one setting.
Relative paths in the file are relative to the file's folder.
"""

from wethink_assets.config.base import Kind, Reader, Share
from wethink_assets.config.budgets import BudgetSettings, budget_limits
from wethink_assets.config.data import (
    CutSettings,
    DedupSettings,
    PipelineSettings,
    SampleSettings,
    SourceSettings,
    StoreSettings,
)
from wethink_assets.config.growth import GrowthSettings
from wethink_assets.config.loading import config_path, load_settings
from wethink_assets.config.models import RoleSettings
from wethink_assets.config.settings import Settings
from wethink_assets.config.training import RecipeSettings, TrainingSettings

__all__ = [
    "BudgetSettings",
    "CutSettings",
    "DedupSettings",
    "GrowthSettings",
    "Kind",
    "PipelineSettings",
    "Reader",
    "RecipeSettings",
    "RoleSettings",
    "SampleSettings",
    "Settings",
    "Share",
    "SourceSettings",
    "StoreSettings",
    "TrainingSettings",
    "budget_limits",
    "config_path",
    "load_settings",
]
