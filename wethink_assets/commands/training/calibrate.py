"""`wethink calibrate`: error rates of the rules and agreement of the judge, held against their bounds."""

from typing import Annotated

import typer

from wethink_assets.commands.terminal import json_text


def calibrate(as_json: Annotated[bool, typer.Option("--json", help="Print the calibration as JSON.")] = False) -> None:
    """Evaluate the rules on the labelled suite, and the judge against the truth, the rules, itself, a second judge and hostile answers.

    The record is kept in the store and shown in the cards of versions. Exits with 1 if a figure is outside the bounds of [rewards].
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from wethink_assets.config import load_settings
    from wethink_assets.dataset.calibration import calibrate as run
    from wethink_assets.models.registry import Models
    from wethink_assets.rewards.calibration.catalog import BY_TYPE
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    with Models.open(settings) as models, Console(stderr=True).status("calibrating"):
        calibration = run(settings, store, models)
    if as_json:
        typer.echo(json_text(calibration.model_dump(mode="json")))
    else:
        table = Table(title=Text(f"judge {calibration.judge['model']}, {calibration.seconds} s"))
        for name in ("check", "group"):
            table.add_column(name)
        for name in ("cases", "rate", "95% interval", "demanded", ""):
            table.add_column(name, justify="right")
        for line in calibration.other_findings:
            table.add_row(
                line.check,
                line.group,
                str(line.cases),
                f"{line.rate:.1%}",
                f"{line.low:.1%} to {line.high:.1%}",
                line.bound,
                "" if line.within else "out",
            )
        Console().print(table)
        types = Table(title="rules on the labelled suite, by type of answer")
        types.add_column("type")
        for check in BY_TYPE:
            types.add_column(check.removeprefix("rules, "), justify="right")
        types.add_column("", justify="right")
        for name, rates, within in calibration.errors_by_type:
            types.add_row(name, *rates, "" if within else "out")
        Console().print(types)
        typer.echo(f"kept as {store.link(f'calibrations/{calibration.digest}.json')}")
    if calibration.out_of_bounds:
        raise typer.Exit(1)
