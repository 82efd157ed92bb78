"""The table `[growth]`: what sensors and schedules do day after day."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from wethink_assets.config.base import NAME, Table


def cron(text: str) -> str:
    """Refuse a text that is not a cron line of five fields."""
    fields = text.split()
    if len(fields) != 5 or not all(set(field) <= set("0123456789*,-/") for field in fields):
        raise ValueError("a cron line has five fields of digits and * , - /, such as 0 7 * * *")
    return text


def budget_prefix(name: str) -> str:
    """Refuse a name that no budget may have."""
    if not NAME.fullmatch(name):
        raise ValueError("name a table [budgets.<name>]: letters, digits and _ . + -")
    return name


Cron = Annotated[str, AfterValidator(cron)]


class GrowthSettings(Table):
    """When new images are looked for, synthesized within a budget, and cut into versions."""

    RENAMED: ClassVar[Mapping[str, str]] = {
        "observe_seconds": "observe_interval_seconds",
        "nightly": "nightly_cron",
        "batches_a_night": "max_batches_per_night",
        "batches_at_once": "max_concurrent_batches",
        "cut": "cut_cron",
    }

    automatic: bool = Field(
        True,
        description="whether everything that calls no model is on from the start: observing, ingesting, signing, cutting",
    )
    observe_interval_seconds: int = Field(
        1800, ge=30, description="time between two observations of all configured sources"
    )
    compare_gigabytes: float = Field(
        20.0,
        ge=0,
        description="most that one observation of a source reads to know files again that were copied anew or renamed; 0: nothing",
    )
    compare_seconds: float = Field(300.0, ge=0, description="most time that it takes for this")
    nightly_cron: Cron = Field(
        "*/20 0-5 * * *", description="ticks of the night; each requests a few of the oldest unfinished batches"
    )
    timezone: str = Field("UTC", description="time zone of the cron lines")
    budget: Annotated[str, AfterValidator(budget_prefix)] = Field(
        "nightly",
        description="table [budgets.<name>] of the night; each night spends its own, such as nightly-2026-11-22",
    )
    max_batches_per_night: int = Field(500, ge=1, description="most batches that one night works on")
    max_concurrent_batches: int = Field(
        20, ge=1, description="most runs of the night that are queued or running at once"
    )
    cut_cron: Cron = Field("0 7 * * *", description="when to check whether a new version is worth cutting")
    min_new_rows: int = Field(1000, ge=1, description="fewest new verified rows that are worth a new version")
    train: tuple[str, ...] = Field(
        (), description="recipes [recipes.<name>] that each version cut from now on is trained with"
    )
    score: bool = Field(False, description="whether the policies trained this way are also scored")
