"""Dataset versions: the cut that was decided, and the dataset built from it."""

from dataclasses import asdict
from typing import Any

import dagster as dg
import polars as pl

from wethink_assets.config import Settings
from wethink_assets.dataset.cuts.cut import Cut
from wethink_assets.dataset.takedown.takedown import takedowns_of
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.card import card_of
from wethink_assets.dataset.versions.catalog import VersionSummary
from wethink_assets.dataset.versions.files import read_statistics
from wethink_assets.dataset.versions.leaks import Leaks, find_leaks
from wethink_assets.dataset.versions.rows import scan_rows
from wethink_assets.dataset.versions.statistics import shown_funnel
from wethink_assets.defs.assets.training import register_runs
from wethink_assets.defs.graph import DATA_TEAM, VERSIONS, dataset_version, when_missing
from wethink_assets.defs.metadata.plots import bar_panels
from wethink_assets.defs.metadata.previews import picture_gallery, plain, sample_table
from wethink_assets.defs.metadata.version import lineage_metadata
from wethink_assets.defs.resources import Progress
from wethink_assets.defs.stages.publication import fitting, reason_told
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store

MADE_OF = ("reasoning_paths", "signatures", "images")
PICTURES = 3  # of the preview: what is told beside them has to fit into the 32 kB too
SHOWN_OF = 400  # rows, sorted by a digest, among which those shown are spread
SHOWN = ["row_id", "source", "kind", "problem", "answer", "category", "abilities", "refined_cot", "split"]
PLOTTED = ("kind", "answer_type", "ability", "source")


def cuts_spec() -> dg.AssetSpec:
    """The external asset that says what each version is made of; reported when a cut is decided."""
    return dg.AssetSpec(
        "cuts",
        partitions_def=dataset_version,
        deps=[dg.AssetDep(asset, partition_mapping=dg.AllPartitionMapping()) for asset in MADE_OF],
        group_name=VERSIONS,
        kinds={"json"},
        owners=DATA_TEAM,
        description=(
            "What a dataset version is made of: a recipe, and one table an asset and batch, chosen when the cut was "
            "decided (`wethink cut`, or the job `cut`). It never changes; new batches go into the next version."
        ),
    )


def dataset_asset() -> tuple[dg.AssetsDefinition, dg.AssetChecksDefinition]:
    """`dataset`: depends on its cut alone and carries no code version, so it is never stale; and the check that nothing leaks in it."""

    @dg.asset(
        partitions_def=dataset_version,
        deps=["cuts"],
        group_name=VERSIONS,
        kinds={"parquet", "huggingface"},
        owners=DATA_TEAM,
        backfill_policy=dg.BackfillPolicy.multi_run(1),
        automation_condition=when_missing(),
    )
    def dataset(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        store: dg.ResourceParam[Store],
        progress: dg.ResourceParam[Progress],
    ) -> dg.MaterializeResult[None]:
        """Deduplicated rows with statistics, card and exports; building it again verifies that it is the same."""
        version = context.partition_key
        with reason_told(context):
            summary = build_version(store, version, progress.of("dataset", version), context.run.run_id)
        register_runs(context.instance, settings, [version])  # offered for training at once
        return dg.MaterializeResult(
            data_version=dg.DataVersion(summary.digest), metadata=fitting(summary_metadata(store, summary))
        )

    @dg.asset_check(asset=dataset, blocking=True, partitions_def=dataset_version)
    def no_leaks(context: dg.AssetCheckExecutionContext, store: dg.ResourceParam[Store]) -> dg.AssetCheckResult:
        """No row is about a copy of a benchmark's image, no alike images lie across the splits, no duplicate remains."""
        return leaks_result(find_leaks(store, context.partition_key))

    return dataset, no_leaks


def leaks_result(leaks: Leaks) -> dg.AssetCheckResult:
    """What the check says of a version's leaks."""
    examples = pl.DataFrame([asdict(one) for one in leaks.examples])
    return dg.AssetCheckResult(
        passed=leaks.tight,
        description=str(leaks),
        metadata={
            **leaks.counts,
            "altered": leaks.altered,
            "images not compared": leaks.unchecked,
            **({"examples": sample_table(examples, 20)} if leaks.examples else {}),
        },
    )


def cut_metadata(store: Store, cut: Cut) -> dict[str, Any]:
    """What a decided cut says, as metadata."""
    recipe = {name: value for name, value in cut.recipe.model_dump(mode="json").items() if value}
    return {
        "batches": len(cut.batches),
        "tables": len(cut.inputs),
        "left out": len(cut.left_out),
        "recipe": dg.MetadataValue.json(recipe),
        "manifest": store.link(f"cuts/{cut.version}.json"),
        **({"why left out": _left_out(cut)} if cut.left_out else {}),
    }


def _left_out(cut: Cut) -> dg.TableMetadataValue:
    return sample_table(pl.DataFrame([{"batch": entry.batch, "reason": entry.reason} for entry in cut.left_out]), 20)


def summary_metadata(store: Store, summary: VersionSummary) -> dict[str, Any]:
    """What a built version holds, as metadata: figures first, then funnel, sample, pictures and card."""
    statistics = read_statistics(store, summary.version)
    rows = scan_rows(store, summary.version)
    shown = rows.filter(~takedowns_of(store).covers(rows))
    some = shown.select("image_id", "image_path", *SHOWN).head(SHOWN_OF).collect()
    return {
        "dagster/row_count": summary.rows,
        "verified rows": summary.considered,
        "images": summary.images,
        "batches": summary.batches,
        **{f"left out: {reason}": count for reason, count in summary.excluded.items()},
        **{f"{kind} rows": count for kind, count in summary.counts.get("kind", {}).items()},
        **_groups(statistics.get("splits")),
        **_totals(statistics.get("bill", {})),
        **{
            f"{name.replace('_', ' ')} per kept row": value if name.startswith("money") else round(value, 1)
            for name, value in statistics.get("bill", {}).get("per_kept_row", {}).items()
        },
        "location": summary.location,
        "funnel": funnel_table(statistics["funnel"]),
        **lineage_metadata(store, summary.version),
        "preview": picture_gallery(some, some.rename({"image_path": "blob"}), Blobs(store), _captions, PICTURES),
        "plots": version_plots(statistics),
        "card": dg.MetadataValue.md(card_excerpt(card_of(store, summary.version))),
        "sample": sample_table(some, columns=SHOWN),
    }


def _groups(figures: dict[str, Any] | None) -> dict[str, int]:
    """Groups of alike images that go into one split each, and what was merged and moved for it."""
    if not figures:
        return {}
    return {
        "groups of alike images": figures["groups"],
        "groups merged": figures["merged"],
        "rows moved to train": figures["moved"]["rows"],
        "images not compared": figures["unchecked"],
    }


def _totals(bill: dict[str, Any]) -> dict[str, float]:
    """Calls, tokens and money behind a version, in all."""
    return {
        f"{name.replace('_', ' ')} in all": amount
        for name, amount in bill.items()
        if not isinstance(amount, dict | list)
    }


def card_excerpt(card: str) -> str:
    """A card without its front matter, up to the tables that the page shows already."""
    body = card.partition("\n---\n")[2] if card.startswith("---\n") else card
    return body.partition("\n## From images to rows")[0].strip()


def version_plots(statistics: dict[str, Any]) -> dg.MarkdownMetadataValue:
    """Rows by kind, answer type, ability and source, as a small picture."""
    counts = statistics["counts"]
    panels = {name.replace("_", " "): counts[name] for name in PLOTTED if name in counts}
    return dg.MetadataValue.md(f"![rows by {', '.join(panels)}]({bar_panels(panels)})")


def _captions(row: Any) -> list[tuple[str, str]]:
    return [(row["kind"], row["problem"]), ("Reasoning", row["refined_cot"]), ("Answer", row["answer"])]


def funnel_table(funnel: list[dict[str, Any]]) -> dg.TableMetadataValue:
    """From images to kept rows, one record a source and one for all, in columns that add up."""
    rows = shown_funnel(funnel)
    records = [dg.TableRecord({**row, "source": plain(row["source"], 60)}) for row in rows]
    columns = [dg.TableColumn(name, "string" if name == "source" else "int") for name in rows[0]]
    return dg.MetadataValue.table(records, dg.TableSchema(columns))
