"""`wethink growth`: growth of the dataset, version by version."""

import json
from typing import Annotated

import typer

COLUMNS = {
    "version": "version",
    "rows": "rows",
    "images": "images",
    "yield": "yield",
    "kinds, bits": "kind_entropy",
    "abilities, bits": "ability_entropy",
    "3-grams": "distinct_ngrams",
    "coverage": "covered",
    "calls per row": "calls_per_row",
    "cost per row": "money_per_row",
}


def growth(as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False) -> None:
    """Show rows, diversity, yield, cost per row and scores of every version.

    Plots are on the page of the asset `growth`.
    """
    from wethink_assets.commands.terminal import table
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.versions.growth_curve import growth_curve
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    points = growth_curve(store)
    if as_json:
        typer.echo(json.dumps(points, indent=1))
        return
    if not points:
        typer.echo(f"no version in {store.url} yet: `wethink cut` makes one once a batch is complete")
        return
    table(f"growth of {store.url}", list(COLUMNS), [[point.get(name) for name in COLUMNS.values()] for point in points])
    scores = [
        [point["version"], key, benchmark, score]
        for point in points
        for key, by_benchmark in point["scores"].items()
        for benchmark, score in by_benchmark.items()
    ]
    table("scores", ["version", "training run", "benchmark", "score"], scores)
