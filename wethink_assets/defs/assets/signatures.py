"""The last stage of a batch: what is small enough to compare all rows by."""

from datetime import UTC, datetime

import dagster as dg

from wethink_assets.config import Settings
from wethink_assets.dedup.signatures import ITEM, expected_items, logic_version, sign_rows
from wethink_assets.defs.graph import DATA_TEAM, VERSIONS, image_batch, when_missing
from wethink_assets.defs.metadata.previews import rejected_table, sample_table
from wethink_assets.defs.stages.publication import closed, closure, published
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store


def signature_assets(settings: Settings) -> list[dg.AssetsDefinition | dg.AssetChecksDefinition]:
    """`signatures` and its check."""

    @dg.asset(
        partitions_def=image_batch,
        code_version=logic_version(settings.dedup),
        group_name=VERSIONS,
        kinds={"parquet"},
        owners=DATA_TEAM,
        backfill_policy=dg.BackfillPolicy.multi_run(1),
        automation_condition=when_missing(),
    )
    def signatures(
        context: dg.AssetExecutionContext,
        reasoning_paths: StageOutput,
        questions: StageOutput,
        images: StageOutput,
        store: dg.ResourceParam[Store],
    ) -> dg.MaterializeResult[StageOutput]:
        """MinHash of each row's text, perceptual hash and reduced pixels of its image: what duplicates are found by."""
        started = datetime.now(UTC)
        output = sign_rows(reasoning_paths.results, questions.results, images.results, Blobs(store), settings.dedup)
        return published(
            context,
            output,
            expected=expected_items(reasoning_paths.results),
            item=ITEM,
            inputs={"reasoning_paths": reasoning_paths, "questions": questions, "images": images},
            made={"started": started},
            metadata={"sample": sample_table(output.results), "rejected": rejected_table(output)},
        )

    @dg.asset_check(**closed(signatures, "reasoning_paths"))
    def signatures_closed(reasoning_paths: StageOutput, signatures: StageOutput) -> dg.AssetCheckResult:
        """Every reasoning path has a signature or a rejection, never both."""
        return closure("reasoning_paths", expected_items(reasoning_paths.results), signatures, ITEM)

    return [signatures, signatures_closed]
