"""Tables about budgets: how much the runs that name one may spend together."""

from collections.abc import Mapping

from pydantic import Field

from wethink_assets.config.base import NAME, Table
from wethink_assets.errors import ConfigError


class BudgetSettings(Table):
    """Limits of a budget, over all runs that carry its name; one that is left out does not bind."""

    calls: int | None = Field(None, ge=0, description="model calls")
    tokens: int | None = Field(None, ge=0, description="tokens of prompts and replies")
    money: float | None = Field(None, ge=0, description="money, by the prices of the roles")
    seconds: float | None = Field(None, ge=0, description="wall time of the stages that spend it, added up over runs")

    def limits(self) -> dict[str, float]:
        """The limits that bind, by what they limit."""
        return {name: float(limit) for name, limit in self.model_dump().items() if limit is not None}


def budget_name(name: str) -> str:
    """Refuse a name that cannot be a folder of the store."""
    if not NAME.fullmatch(name):
        raise ValueError("a budget name is letters, digits and _ . + -, and starts with a letter or digit")
    return name


def budget_limits(tables: Mapping[str, BudgetSettings], name: str) -> BudgetSettings:
    """Limits of the budget `name`: those of the table of that name, else of the longest one that it starts with and a dash.

    So `[budgets.nightly]` is the table of `nightly-2026-11-22`, whose spending is its own. Raises `ConfigError` where there is none.

    >>> budget_limits({"nightly": BudgetSettings(calls=5)}, "nightly-2026-11-22").calls
    5
    """
    return tables[budget_table(tables, name)]


def budget_table(tables: Mapping[str, BudgetSettings], name: str) -> str:
    """The table whose limits the budget `name` has. Raises `ConfigError` where there is none.

    >>> budget_table({"nightly": BudgetSettings(calls=5)}, "nightly-2026-11-22")
    'nightly'
    """
    fitting = [table for table in tables if name == table or name.startswith(f"{table}-")]
    if not fitting or not NAME.fullmatch(name):
        known = ", ".join(sorted(tables)) or "none"
        raise ConfigError(
            f"no budget {name!r}: tables [budgets.<name>] are {known}; a table also stands for names that start with its own and a dash"
        )
    return max(fitting, key=len)
