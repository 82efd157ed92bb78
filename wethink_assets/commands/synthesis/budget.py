"""`wethink budget`: the budgets, what was spent of each, and by which runs."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from wethink_assets.config import Settings
    from wethink_assets.storage.store import Store


def budget(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Budget to show run by run; all budgets are listed if none is given.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
) -> None:
    """Show each budget: its limits, what the runs that share it have spent, and what is left.

    With a name, shows that budget run by run.
    """
    from wethink_assets.config import load_settings
    from wethink_assets.storage.store import Store
    from wethink_assets.synthesis.budgets.ledger import budget_names

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    names = [name] if name else sorted({*budget_names(store), *settings.budgets})
    states = [state_of(store, settings, each) for each in names]
    if as_json:
        typer.echo(json.dumps(states[0] if name else states, indent=1))
        return
    if not states:
        typer.echo("no budget: a table [budgets.<name>] in the configuration makes one")
    for state in states:
        show(state, settings.pipeline.currency, by_run=bool(name))


def state_of(store: "Store", settings: "Settings", name: str) -> dict[str, Any]:
    """Limits of a budget, what was spent and is left, and its runs, newest first. Raises `ConfigError` for one that is unknown."""
    from wethink_assets.config import budget_limits
    from wethink_assets.errors import ConfigError
    from wethink_assets.synthesis.budgets.ledger import Accounts, spent_of

    accounts = Accounts(store, name).read()
    try:
        limits = budget_limits(settings.budgets, name).limits()
    except ConfigError:
        if not accounts:
            raise
        limits = {}  # its table is gone from the configuration; what was spent stays
    spent = spent_of(accounts)
    runs = [
        {
            "run_id": account.run_id,
            "batch": account.batch,
            "opened": datetime.fromtimestamp(account.opened, UTC).isoformat(timespec="seconds"),
            "state": "over" if account.closed else "gone" if account.gone else "at work",
            "spent": account.spent,
        }
        for account in sorted(accounts.values(), key=lambda account: -account.opened)
    ]
    left = {limit: max(amount - spent[limit], 0.0) for limit, amount in limits.items()}
    return {"name": name, "limits": limits, "spent": spent, "left": left, "runs": runs}


def show(state: dict[str, Any], currency: str, by_run: bool) -> None:
    """Print a budget."""
    typer.echo(f"{state['name']}: {len(state['runs'])} runs")
    for name, spent in state["spent"].items():
        unit = f"money ({currency})" if name == "money" else name
        limit = state["limits"].get(name)
        of = f"of {limit:,.6g} {unit}, {state['left'][name]:,.6g} left" if limit is not None else f"{unit}, no limit"
        typer.echo(f"  {spent:,.6g} {of}")
    if not by_run:
        return
    for run in state["runs"]:
        amounts = ", ".join(f"{amount:,.6g} {name}" for name, amount in run["spent"].items())
        typer.echo(f"  {run['opened']} run {run['run_id'] or '-'} {run['batch']} ({run['state']}): {amounts}")
