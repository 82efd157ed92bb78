"""Catalog of the source datasets: the 18 of the archive, then those that only the configuration names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wethink_assets.config import Reader, Settings, SourceSettings
from wethink_assets.errors import ConfigError
from wethink_assets.sources.known_sources import KNOWN_SOURCES, KnownSource


@dataclass(frozen=True)
class Source:
    """One source dataset, as described and as configured.

    name: its true name, used in batch keys, folders and columns.
    key: the name as part of an asset key.
    folder, layout: where its images lie in the LLaVA-CoT-100k image archive; empty for sources of the configuration.
    location: absolute path or URL; empty while the source is not configured.
    include: glob on the path inside the source (inside the archive, where its images lie in one).
    options: fsspec options of the location, such as credentials or an endpoint; never written to the store.
    tolerance, edit_distance: what answers about its images are allowed: relative, of values; a share of the characters, of texts.
    """

    name: str
    title: str
    domain: str
    homepage: str
    citation: str
    licence: str
    location: str = ""
    folder: str = ""
    layout: tuple[str, ...] = ()
    reader: Reader = "auto"
    include: str = "**"
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    tolerance: float = 0.0
    edit_distance: float = 0.0

    @property
    def key(self) -> str:
        """The name as part of an asset key."""
        return asset_key_part(self.name)

    @property
    def configured(self) -> bool:
        """Whether it has a location."""
        return bool(self.location)


def asset_key_part(name: str) -> str:
    """A source's name without what Dagster refuses in keys (letters, digits and `_ . -` stay): `geoqa+` is `geoqa`."""
    return re.sub(r"[^A-Za-z0-9_.-]", "", name)


def sources_of(settings: Settings) -> dict[str, Source]:
    """All sources by name: the catalog's 18 in its order, then the configuration's own in its order.

    Raises `ConfigError` for a source of the configuration that lacks a location, a title or a licence, and for two
    names that would share one asset key.
    """
    known = {source.name: source for source in KNOWN_SOURCES}
    sources = {name: _of_catalog(source, settings) for name, source in known.items()}
    for name, table in settings.sources.items():
        if name not in known:
            sources[name] = _of_configuration(name, table, settings)
    _require_distinct_keys(sources)
    return sources


def _of_catalog(known: KnownSource, settings: Settings) -> Source:
    table = settings.sources.get(known.name) or SourceSettings.model_validate({})
    return Source(
        name=known.name,
        title=table.title or known.title,
        domain=known.domain,
        homepage=known.homepage,
        citation=known.citation,
        licence=table.licence or known.licence,
        location=settings.resolve(table.location),
        folder=known.folder,
        layout=known.layout,
        reader=table.reader,
        include=table.include,
        options=dict(table.options),
        tolerance=known.tolerance if table.tolerance is None else table.tolerance,
        edit_distance=known.edit_distance if table.edit_distance is None else table.edit_distance,
    )


def _of_configuration(name: str, table: SourceSettings, settings: Settings) -> Source:
    missing = [field for field in ("location", "title", "licence") if not getattr(table, field).strip()]
    if missing:
        raise ConfigError(
            f'sources."{name}" is not one of the 18 known sources, so it must name {" and ".join(missing)}; '
            f"if a known one was meant, they are {', '.join(source.name for source in KNOWN_SOURCES)}"
        )
    return Source(
        name=name,
        title=table.title,
        domain="own images",
        homepage="",
        citation="",
        licence=table.licence,
        location=settings.resolve(table.location),
        reader=table.reader,
        include=table.include,
        options=dict(table.options),
        tolerance=table.tolerance or 0.0,
        edit_distance=table.edit_distance or 0.0,
    )


def _require_distinct_keys(sources: Mapping[str, Source]) -> None:
    # Dagster also derives an operation's name from the key, where "-" and "." become "_".
    owners: dict[str, str] = {}
    for source in sources.values():
        identifier = re.sub(r"[.-]", "_", source.key)
        other = owners.setdefault(identifier, source.name)
        if other != source.name:
            clash = f'sources."{source.name}" and "{other}" would be one asset, source/{source.key}'
            raise ConfigError(f"{clash}: rename yours")
