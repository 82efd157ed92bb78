"""Image batches and the images in them: what the synthesis starts from."""

from datetime import UTC, datetime

import dagster as dg

from wethink_assets.config import Settings
from wethink_assets.defs.assets.sources import source_key
from wethink_assets.defs.graph import DATA_TEAM, IMAGES, image_batch, when_missing
from wethink_assets.defs.metadata.previews import picture_gallery, rejected_table, sample_table
from wethink_assets.defs.resources import Progress
from wethink_assets.defs.stages.publication import closed, closure, published, reason_told
from wethink_assets.sources.batches import membership_digest, read_membership, split_batch_key
from wethink_assets.sources.catalog import sources_of
from wethink_assets.sources.ingestion import ITEM, LOGIC_VERSION, expected_items, ingest_batch
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store


def image_batches_spec(settings: Settings) -> dg.AssetSpec:
    """The external asset that says what each batch consists of; reported when a source is observed or registered."""
    return dg.AssetSpec(
        "image_batches",
        partitions_def=image_batch,
        deps=[source_key(source) for source in sources_of(settings).values()],
        group_name=IMAGES,
        kinds={"parquet"},
        owners=DATA_TEAM,
        description=(
            "Membership of each image batch: files of one source, appended when a source is observed, never changed. "
            "Its data version is the digest of the list, so a grown source makes no old batch stale."
        ),
    )


def image_assets() -> list[dg.AssetsDefinition | dg.AssetChecksDefinition]:
    """`images` and its check."""

    @dg.asset(
        partitions_def=image_batch,
        deps=["image_batches"],
        code_version=LOGIC_VERSION,
        group_name=IMAGES,
        kinds={"image", "parquet"},
        owners=DATA_TEAM,
        backfill_policy=dg.BackfillPolicy.multi_run(1),
        automation_condition=when_missing(),
    )
    def images(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        store: dg.ResourceParam[Store],
        progress: dg.ResourceParam[Progress],
    ) -> dg.MaterializeResult[StageOutput]:
        """Decoded, validated and content-addressed images of a batch; what cannot be used is rejected with a reason."""
        started = datetime.now(UTC)
        batch = context.partition_key
        members = read_membership(store, batch)
        source = sources_of(settings)[split_batch_key(batch)[0]]
        with reason_told(context):
            output = ingest_batch(store, source, batch, progress.of("images", batch))
        gallery = picture_gallery(
            output.results,
            output.results,
            Blobs(store),
            lambda row: [("", row["item"]), ("", f"{row['format']} {row['width']} x {row['height']}, {row['mode']}")],
        )
        return published(
            context,
            output,
            expected=expected_items(members),
            item=ITEM,
            inputs={"image_batches": membership_digest(members)},
            made={"started": started},
            metadata={"preview": gallery, "sample": sample_table(output.results), "rejected": rejected_table(output)},
        )

    @dg.asset_check(**closed(images))
    def images_closed(
        context: dg.AssetCheckExecutionContext, images: StageOutput, store: dg.ResourceParam[Store]
    ) -> dg.AssetCheckResult:
        """Every file of the batch is an image or a rejection, never both."""
        members = read_membership(store, context.partition_key)
        return closure("image_batches", expected_items(members), images, ITEM)

    return [images, images_closed]
