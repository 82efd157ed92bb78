"""The source datasets as observed assets: observing one registers its new images as batches."""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from wethink_assets.config import Settings
from wethink_assets.defs.graph import DATA_TEAM, IMAGES, SOURCES, image_batch
from wethink_assets.defs.runs.batch_partitions import sync_batches
from wethink_assets.defs.runs.reporting import DATA_VERSION
from wethink_assets.plain_text import in_one_line, visible_name
from wethink_assets.sources.catalog import Source, sources_of
from wethink_assets.sources.recopied_files import CompareLimits
from wethink_assets.sources.registration import Registration, register_source
from wethink_assets.storage.store import Store

UNCONFIGURED = "not configured"
MOST_SHOWN = 20


def source_key(source: Source) -> dg.AssetKey:
    """Asset key of a source, such as `source/coco`."""
    return dg.AssetKey(["source", source.key])


def source_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """One observed asset a source of the configuration, the 18 of the catalog first."""
    return [source_asset(source) for source in sources_of(settings).values()]


def source_asset(source: Source) -> dg.AssetsDefinition:
    """The asset of one source. Only listings are read: observing is light, whatever the source's size."""
    spec = dg.AssetSpec(
        key=source_key(source),
        group_name=SOURCES,
        kinds={"dataset"},
        owners=DATA_TEAM,
        description=described(source),
        tags={} if source.configured else {"wethink/not_configured": ""},
        metadata={
            "source": source.name,
            "location": source.location or UNCONFIGURED,
            "licence": source.licence,
            "domain": source.domain,
            **({"homepage": dg.MetadataValue.url(source.homepage)} if source.homepage else {}),
        },
    )

    @dg.multi_observable_source_asset(specs=[spec], name=f"observe_{spec.key.to_python_identifier()}")
    def observe(
        context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], store: dg.ResourceParam[Store]
    ) -> dg.ObserveResult:
        if not source.configured:
            return dg.ObserveResult(data_version=dg.DataVersion("not-configured"), metadata={"state": UNCONFIGURED})
        registration = register_source(store, source, settings.pipeline.batch_size, limits=CompareLimits.of(settings))
        sync_batches(context.instance, store, source.name)
        version = dg.DataVersion(registration.listing_digest)
        return dg.ObserveResult(data_version=version, metadata=observed(registration))

    return observe


def observed(registration: Registration) -> dict[str, Any]:
    """What a registration found, as metadata of the observation of its source."""
    return {
        "state": "listed",
        "files": registration.files,
        "new": registration.new,
        "changed": registration.changed,
        "offered again": registration.again,
        "known already": registration.known,
        "vanished": registration.vanished,
        "archives": registration.archives,
        "refused": registration.refused,
        "ignored": len(registration.ignored),
        **accounts(registration),
        "new batches": len(registration.batches),
        **({"first new batch": registration.batches[0]} if registration.batches else {}),
    }


def report_registrations(
    instance: dg.DagsterInstance, store: Store, registrations: Iterable[tuple[Source, Registration]]
) -> None:
    """Show an instance what a command has registered, as the runs of the sources' assets do: partitions, then the observation."""
    for source, registration in registrations:
        sync_batches(instance, store, source.name)
        observation = dg.AssetObservation(
            source_key(source), metadata=observed(registration), tags={DATA_VERSION: registration.listing_digest}
        )
        instance.report_runless_asset_event(observation)


def accounts(registration: Registration) -> dict[str, dg.TableMetadataValue]:
    """Tables of what a registration refused and ignored, with a few names each, escaped; none where there is nothing to show."""
    tables = {}
    if registration.refusals:
        refused = [
            dg.TableRecord({"name": visible_name(each.name), "reason": each.reason, "detail": in_one_line(each.detail)})
            for each in registration.refusals[:MOST_SHOWN]
        ]
        tables["refused files"] = dg.MetadataValue.table(refused)
    if registration.ignored:
        ignored = [
            dg.TableRecord(
                {
                    "kind": kind,
                    "entries": count,
                    "such as": ", ".join(map(visible_name, registration.ignored.examples[kind])),
                }
            )
            for kind, count in registration.ignored.counts.most_common()
        ]
        tables["ignored by kind"] = dg.MetadataValue.table(ignored)
    return tables


def described(source: Source) -> str:
    """Markdown about a source: what it is, whose it is, whether it is configured."""
    state = "" if source.configured else f'\n\n**Not configured**: give `[sources."{source.name}"]` a `location`.'
    lines = [f"**{source.title}** ({source.domain})" if source.domain else f"**{source.title}**", ""]
    if source.citation:
        lines.append(source.citation)
    lines.append(f"Licence: {source.licence}")
    return "\n\n".join(line for line in lines if line) + state


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
