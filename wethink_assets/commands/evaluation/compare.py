"""`wethink compare`: an HTML page of the benchmark samples whose verdict differs between two models."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wethink_assets.config import Settings
    from wethink_assets.evaluation.runs.models import EvaluatedModel
    from wethink_assets.storage.store import Store


def compare(
    first: Annotated[
        str, typer.Argument(help="Model: a training run such as v0001.grpo, a version such as v0001, or `base`.")
    ],
    second: Annotated[str, typer.Argument(help="Model to compare it with, named in the same way.")],
    benchmark: Annotated[str, typer.Option(help="Benchmark such as HallusionBench or sample_MMVet.")],
    out: Annotated[
        Path | None, typer.Option(help="HTML file to write; named after models and benchmark by default.")
    ] = None,
    limit: Annotated[
        int, typer.Option(min=0, help="Most samples on the page, those that became wrong first; 0 for all.")
    ] = 200,
) -> None:
    """Write an HTML page of the samples whose verdict differs between two models, with image, both replies and reference.

    A version stands for its only training run; if it has several, name the run.
    """
    from wethink_assets.config import load_settings
    from wethink_assets.errors import VersionError
    from wethink_assets.evaluation.benchmarks.files import path_of
    from wethink_assets.evaluation.reports.comparison import against_base, flipped_samples, matching
    from wethink_assets.evaluation.reports.newest import newest
    from wethink_assets.evaluation.reports.regressions import regressions_report, rows_to_show
    from wethink_assets.evaluation.runs.records import scores_of
    from wethink_assets.storage.local_files import replace_file
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    one, other = (named_model(settings, store, name, (first, second)) for name in (first, second))
    groups = [newest(scores_of(store, model.digest)).get(benchmark, []) for model in (one, other)]
    for model, group in zip((one, other), groups, strict=True):
        if not group:
            raise VersionError(f"{model.name} has no score on {benchmark}: `wethink score` makes it")
    pairs = matching(groups[0], groups[1])
    if not pairs:
        raise VersionError(
            f"{one.name} and {other.name} were scored on {benchmark} with other files, prompts, judge or decodings: score both again"
        )
    before, after = pairs[0]
    rows = flipped_samples(store, before, after)
    page = regressions_report(
        before,
        after,
        (one.name, other.name),
        rows_to_show(rows, limit),
        path_of(settings, benchmark),
        against_base(store, settings, [before], [after]),
    )
    target = out or Path(f"flipped-{first}-{second}-{benchmark}.html")
    replace_file(target, page.encode("utf-8"))
    better = rows.filter(rows["after_hit"] > rows["before_hit"]).height
    typer.echo(
        f"{rows.height} of {before.samples} samples flipped: {better} became better, {rows.height - better} worse; {target}"
    )


def named_model(settings: "Settings", store: "Store", name: str, both: tuple[str, str]) -> "EvaluatedModel":
    """The model that a training run, a version or `base` names. Raises `VersionError`."""
    from wethink_assets.errors import VersionError
    from wethink_assets.evaluation.runs.models import base_model_of, trained_model
    from wethink_assets.training.policies.catalog import list_policies

    policies = list_policies(store)
    if name == "base":
        other = next((given for given in both if given != "base"), "")
        named = [policy for policy in policies if not other or other in (policy.key, policy.version)]
        bases = {base.digest: base for base in (base_model_of(settings, policy) for policy in named)}
        if len(bases) == 1:
            return next(iter(bases.values()))
        raise VersionError(f"`base` names {len(bases)} base models: compare with a training run of one")
    chosen = [policy for policy in policies if name in (policy.key, policy.version)]
    if len(chosen) == 1:
        return trained_model(settings, store, chosen[0])
    known = ", ".join(policy.key for policy in (chosen or policies)) or "none"
    raise VersionError(f"{name} names {len(chosen)} training runs; there are: {known}")
