"""PROV-JSON documents: entities, activities, agents and their relations by the terms of W3C PROV.

Identifiers are qualified names below `urn:wethink:`; whatever they are made of, such as a file's name, is percent-encoded, so that it is plain data.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from wethink_assets.identity import canonical_json

__all__ = ["Document", "identifier", "packed", "unpacked"]

PREFIXES = {"wt": "urn:wethink:", "prov": "http://www.w3.org/ns/prov#"}
RELATIONS: Mapping[str, tuple[str, str]] = {
    "used": ("prov:activity", "prov:entity"),
    "wasGeneratedBy": ("prov:entity", "prov:activity"),
    "wasDerivedFrom": ("prov:generatedEntity", "prov:usedEntity"),
    "wasAssociatedWith": ("prov:activity", "prov:agent"),
    "wasInformedBy": ("prov:informed", "prov:informant"),
    "wasInfluencedBy": ("prov:influencee", "prov:influencer"),
    "hadMember": ("prov:collection", "prov:entity"),
}
"""What each relation relates: the first to the second."""


def identifier(*parts: str) -> str:
    """The qualified name of a thing.

    >>> identifier("file", "coco", "a b/c.png")
    'wt:file/coco/a%20b%2Fc.png'
    """
    return "wt:" + "/".join(quote(part, safe="") for part in parts)


def packed(value: Any) -> str:
    """A nested value as the text of an attribute."""
    return canonical_json(value).decode("ascii")


def unpacked(text: str) -> Any:
    """The value of `packed` again."""
    return json.loads(text)


class Document:
    """One PROV-JSON document. Saying the same thing twice says it once."""

    def __init__(self) -> None:
        self._things: dict[str, dict[str, dict[str, Any]]] = {"entity": {}, "activity": {}, "agent": {}}
        self._relations: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in RELATIONS}
        self._known: set[tuple[Any, ...]] = set()

    def entity(self, name: str, kind: str, **attributes: Any) -> str:
        """Add an entity of a type of ours; returns its name."""
        self._things["entity"].setdefault(name, {"prov:type": kind, **_attributes(attributes)})
        return name

    def collection(self, name: str, **attributes: Any) -> str:
        """Add an entity that has members."""
        return self.entity(name, "prov:Collection", **attributes)

    def agent(self, name: str, **attributes: Any) -> str:
        """Add a piece of software that did something."""
        self._things["agent"].setdefault(name, {"prov:type": "prov:SoftwareAgent", **_attributes(attributes)})
        return name

    def activity(
        self,
        name: str,
        kind: str,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        **attributes: Any,
    ) -> str:
        """Add something that was done."""
        times = {"prov:startTime": _time(start), "prov:endTime": _time(end)}
        self._things["activity"].setdefault(
            name,
            {**{key: value for key, value in times.items() if value}, "prov:type": kind, **_attributes(attributes)},
        )
        return name

    def relate(self, relation: str, first: str, second: str, **attributes: Any) -> None:
        """Add a relation, such as `used`, of the first to the second."""
        known = (relation, first, second, tuple(sorted(attributes.items())))
        if known in self._known:
            return
        self._known.add(known)
        one, other = RELATIONS[relation]
        relations = self._relations[relation]
        relations[f"_:{relation}{len(relations)}"] = {one: first, other: second, **_attributes(attributes)}

    def written(self) -> bytes:
        """The document as PROV-JSON."""
        parts = {**self._things, **self._relations}
        document = {"prefix": PREFIXES, **{name: part for name, part in parts.items() if part}}
        return json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def _attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes in our name space, `prov_role` and the like in PROV's; what is None is left out."""
    return {
        f"prov:{name.removeprefix('prov_')}" if name.startswith("prov_") else f"wt:{name}": value
        for name, value in attributes.items()
        if value is not None
    }


def _time(at: datetime | str | None) -> str | None:
    return at.isoformat() if isinstance(at, datetime) else at
