"""Cost report of a version: the calls, tokens and money behind it, by stage, by model and by kept row."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from wethink_assets.storage.tables import Commit

AMOUNTS = ("calls", "prompt_tokens", "completion_tokens")


def cost_report(commits: Iterable[Commit], rows: int) -> dict[str, Any]:
    """Calls, tokens and money behind the tables of a version.

    Calls that a commit found in the journal count as those that it made: an earlier run paid for them, and they are behind the table. Their
    money is what they cost at the prices of the run that made the table. Money is by currency; what was made without prices costs nothing.

    Args:
        commits: of the tables that the version is made from.
        rows: that the version keeps.
    """
    stages: dict[str, Counter[str]] = {}
    models: dict[str, Counter[str]] = {}
    for commit in commits:
        if not commit.models:
            continue
        _add(stages.setdefault(commit.asset, Counter()), commit, "")
        for role, model in commit.models.items():
            _add(models.setdefault(str(model.get("model") or "unnamed"), Counter()), commit, f"{role}.")
    total: Counter[str] = Counter()
    for amounts in stages.values():
        total.update(amounts)
    each = {name: round(amount / rows, 6) for name, amount in sorted(total.items())} if rows else {}
    return {
        **_told(total),
        "per_kept_row": each,
        "stages": [{"stage": stage, **_told(amounts)} for stage, amounts in stages.items()],
        "models": [{"model": model, **_told(amounts)} for model, amounts in sorted(models.items())],
    }


def _add(amounts: Counter[str], commit: Commit, scope: str) -> None:
    for how in ("", "cached_"):
        for name in AMOUNTS:
            amounts[name] += int(commit.calls.get(f"{scope}{how}{name}", 0))
        money = commit.calls.get(f"{scope}{how}money", 0.0)
        if money:
            amounts[money_key(commit.currency)] += money  # type: ignore[assignment]


def money_key(currency: str) -> str:
    """Name of an amount of money."""
    return f"money ({currency})" if currency else "money"


def _told(amounts: Counter[str]) -> dict[str, float]:
    money = {name: round(amount, 6) for name, amount in sorted(amounts.items()) if name not in AMOUNTS}
    return {**{name: amounts[name] for name in AMOUNTS}, **money}
