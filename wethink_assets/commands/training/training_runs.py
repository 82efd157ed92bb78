"""Training runs as the commands start and show them: one Dagster run each, its curves, accuracies and cost."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import dagster as dg

    from wethink_assets.commands.progress import Display
    from wethink_assets.config import Settings
    from wethink_assets.defs.runs.driver import RunDriver
    from wethink_assets.storage.store import Store
    from wethink_assets.training.policies.catalog import Policy

SHOWN = ("reward", "accuracy", "accuracy/MC", "accuracy/FIB", "accuracy/DES", "length", "loss")


@dataclass(frozen=True)
class Trained:
    """How a training run ended: its policy, whether it is new, its curves, or why it failed."""

    key: str
    policy: "Policy | None" = None
    new: bool = False
    curves: list[dict[str, Any]] = field(default_factory=list)
    run_id: str = ""
    failure: str = ""


def train_key(
    driver: "RunDriver",
    settings: "Settings",
    store: "Store",
    instance: "dg.DagsterInstance",
    key: str,
    display: "Display",
) -> Trained:
    """Train one run unless its policy is there. Raises a `WeThinkError` when version, recipe or base model is missing, or the version leaks."""
    from wethink_assets.defs.assets.training import planned, report_plan, sync_policies
    from wethink_assets.defs.runs.reporting import Synced
    from wethink_assets.training.policies.catalog import find_policy, note_run
    from wethink_assets.training.runs.leaks import require_no_leaks

    plan, existing = planned(settings, store, key)
    report_plan(instance, plan)
    if existing is not None:
        note_run(store, key, plan.digest)
        sync_policies(instance, store, Synced())
        return Trained(key, find_policy(store, key), False, curves(store, existing))
    with display.busy(f"looking for leaks in {plan.version}"):
        require_no_leaks(store, plan.version, settings.training.leaks)
    display.report(f"training {key}: {plan.recipe.method} from {plan.base['identity']['model']}")
    with display.batches({key: 1}) as work:
        work.begin(key, 1)
        ran = driver.train(key)
    if not ran.success:
        return Trained(key, run_id=ran.run_id, failure="; ".join(ran.failures.values()))
    policy = find_policy(store, key)
    return Trained(key, policy, True, curves(store, policy) if policy else [], ran.run_id)


def curves(store: "Store", policy: "Policy") -> list[dict[str, Any]]:
    """Figures of a policy's steps."""
    if "curves.parquet" not in policy.files:
        return []
    return store.read_parquet(f"{policy.folder}/curves.parquet").to_dicts()


def policy_record(policy: "Policy") -> dict[str, Any]:
    """A policy in figures, for JSON."""
    return {
        "key": policy.key,
        "digest": policy.digest,
        "model_digest": policy.model_digest,
        "base_model": policy.base_model,
        "created": policy.created,
        "run_id": policy.run_id,
        **policy.figures,
    }


def show_policy(policy: "Policy", lines: list[dict[str, Any]], store: "Store", display: "Display") -> None:
    """Print curves, accuracy before and after, cost, and where the policy lies."""
    from wethink_assets.training.policies.card import curve_lines, gain_rows

    display.report(f"{policy.key}: first fifth of the steps -> last fifth, and the curve")
    for line in curve_lines(lines, SHOWN):
        display.report(f"  {line}")
    columns = ["n", "before", "after", "gain in points (95%)"]
    display.rows(f"{policy.key} on held-out rows", ["rows", *columns], gain_rows(policy.figures.get("accuracy", {})))
    cost = ", ".join(f"{value} {label.replace('_', ' ')}" for label, value in policy.figures.get("cost", {}).items())
    display.report(f"{policy.key} cost {cost}; it is in {store.link(policy.folder)}")


def train_marked(
    driver: "RunDriver",
    settings: "Settings",
    store: "Store",
    instance: "dg.DagsterInstance",
    display: "Display",
    failures: dict[str, str],
) -> list[dict[str, Any]]:
    """Train the recipes marked `in_main_run` on the newest version, unless their policies are there; figures of those policies."""
    from wethink_assets.dataset.versions.manifest import list_built
    from wethink_assets.errors import WeThinkError

    versions = list_built(store)
    policies = []
    for name in [name for name, recipe in settings.recipes.items() if recipe.in_main_run and versions]:
        key = f"{versions[-1]}.{name}"
        try:
            trained = train_key(driver, settings, store, instance, key, display)
        except WeThinkError as error:
            failures[f"training {key}"] = str(error)
            continue
        if trained.policy is None:
            failures[f"training {key}"] = f"{trained.failure or 'no policy was published'} (run {trained.run_id})"
            continue
        if trained.new:
            show_policy(trained.policy, trained.curves, store, display)
        policies.append({**policy_record(trained.policy), "new": trained.new})
    return policies
