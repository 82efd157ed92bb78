"""What a training will take, before its first step: `wethink train --plan` on a page, by the same functions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from wethink_assets.config import Settings
from wethink_assets.defs.assets.training import report_plan
from wethink_assets.defs.graph import LOCAL_POOL, MODEL_TEAM, TRAINING, training_run
from wethink_assets.defs.stages.publication import fitting
from wethink_assets.storage.store import Store
from wethink_assets.training.runs.plan import plan_run

if TYPE_CHECKING:
    from wethink_assets.training.estimates.run import RunEstimate

CHECK = "can_be_trained"


def training_plan_asset() -> dg.AssetsDefinition:
    """`training_plan`: one row of a training run put through processor, model, judge and reward, with the check that nothing is wrong."""

    @dg.asset(
        partitions_def=training_run,
        deps=["training_runs"],
        check_specs=[
            dg.AssetCheckSpec(
                CHECK,
                asset="training_plan",
                description="Rows, processor, model, judge, reward and leaks: nothing is wrong.",
            )
        ],
        group_name=TRAINING,
        kinds={"trl"},
        owners=MODEL_TEAM,
        pool=LOCAL_POOL,
        backfill_policy=dg.BackfillPolicy.multi_run(1),
    )
    def training_plan(
        context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], store: dg.ResourceParam[Store]
    ) -> Iterator[dg.MaterializeResult[None]]:
        """Rows, steps, tokens, memory by device, hours and cost of a training, found out with one row of it; nothing is trained or kept.

        Materialize it before `policy`. Launched beside `policy` it does not hold it up: they are two runs.
        """
        from wethink_assets.training.estimates.report import report_of
        from wethink_assets.training.estimates.run import estimate_run

        plan = plan_run(settings, store, context.partition_key)
        report_plan(context.instance, plan)
        estimate = estimate_run(plan, store)
        for line in report_of(estimate, settings.pipeline.currency):
            context.log.info(line)
        faults = "; ".join(f"{part}: {fault}" for part, fault in estimate.faults.items())
        yield dg.MaterializeResult(
            data_version=dg.DataVersion(plan.digest),
            metadata=fitting(estimate_metadata(estimate, settings.pipeline.currency)),
            check_results=[
                dg.AssetCheckResult(
                    passed=not faults,
                    check_name=CHECK,
                    severity=dg.AssetCheckSeverity.ERROR,
                    description=faults or "nothing is wrong",
                )
            ],
        )

    return training_plan


def estimate_metadata(estimate: "RunEstimate", currency: str) -> dict[str, Any]:
    """Figures of an estimate, what is wrong first."""
    from wethink_assets.training.estimates.report import PARTS, report_of

    memory = estimate.memory
    prompts = estimate.prompt_tokens
    money = None if estimate.money is None else f"{currency} {estimate.money:,.2f}".strip()
    return {
        "wrong": _table(("part", "what is wrong"), list(estimate.faults.items())),
        "rows to train on": estimate.rows,
        "rows left out": _table(("reason", "rows"), sorted(estimate.left_out.items())),
        "held-out rows": estimate.held_out,
        "steps": sum(estimate.steps.values()) or None,
        "longest prompt in tokens": prompts[1] if prompts else None,
        "tokens written": estimate.written_tokens,
        "tokens learnt": estimate.learnt_tokens,
        "memory of a device in GiB": None if memory is None else round(memory.peak, 2),
        "memory by part": None
        if memory is None
        else _table(("part", "GiB"), [(name, f"{getattr(memory, name):.2f}") for name in PARTS]),
        "weights trained": estimate.trained_parameters,
        "weights": estimate.parameters,
        "hours": None if estimate.hours is None else float(f"{estimate.hours:.3g}"),
        "device": estimate.device or None,
        "device-hours": None if estimate.device_hours is None else float(f"{estimate.device_hours:.3g}"),
        "calls of the judge": estimate.judge_calls,
        "cost": money,
        "base model": estimate.base_model,
        "report": dg.MetadataValue.md(
            "```\n" + "\n".join(report_of(estimate, currency)).replace("```", "'''") + "\n```"
        ),
    }


def _table(names: tuple[str, str], rows: list[tuple[str, Any]]) -> dg.TableMetadataValue | None:
    if not rows:
        return None
    records = [dg.TableRecord(dict(zip(names, map(str, row), strict=True))) for row in rows]
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name, "string") for name in names]))
