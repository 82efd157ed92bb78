"""Chains of rows, rebuilt from exported PROV files alone, and the same chains as `explain` tells them: to hold one against the other.

A chain is what a row comes from: the files of its image, the record of each stage, the calls behind them in their order (texts as their sha256), how
each table came about, the prompts, the rows left out in its favour, and what was trained on its version.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from wethink_assets.dataset.lineage.prov.document import unpacked
from wethink_assets.dataset.lineage.prov.export import ROWS, VERSION
from wethink_assets.dataset.lineage.row import Story
from wethink_assets.identity import sha256_hex

__all__ = ["Chain", "chain_of", "chains_from"]

Chain = dict[str, Any]
OWN = ("calls", "schema_version", "slot", "row_id", "image_id")
"""Columns of a record that are told elsewhere in a chain."""
PACKED = ("settings", "edited")
"""Fields of a commit that are nested."""
SECTIONS = {
    "descriptions": "description",
    "questions": "question",
    "answers": "answers",
    "reasoning_paths": "reasoning_path",
    "signatures": "signature",
}


def chain_of(story: Story) -> Chain:
    """The chain of a row in a story of `explain_row` with one version."""
    image = dict(story["image"])
    records = {stage: story[section] for stage, section in SECTIONS.items()} | story.get("further_stages", {})
    calls = {stage: [_digested(call) for call in many] for stage, many in story["calls"].items()}
    return {
        "row_id": story["row_id"],
        "slot": story["slot"],
        "batch": story["batch"],
        "versions": story["versions"],
        "files": [_without_none(one) for one in image.pop("occurrences")],
        "records": {"images": _stripped(image)}
        | {stage: _stripped(record) for stage, record in records.items() if record},
        "calls": {stage: many for stage, many in calls.items() if many},
        "made_by": story["made_by"],
        "prompts": {sha256: _sha256(text) for sha256, text in story["prompts"].items()},
        "imported": story.get("import"),
        "edits": story["edits"],
        "neighbours": story["neighbours"],
        "rejections": _sorted(story["rejections"]),
        "trained": story["trained"],
    }


def chains_from(folder: Path) -> Iterator[Chain]:
    """The chain of every row of an export, file by file."""
    trained = _trained(json.loads((folder / VERSION).read_bytes()))
    for path in sorted((folder / ROWS).iterdir()):
        reader = _Reader(json.loads(path.read_bytes()))
        for name, row in reader.of_type("wt:row"):
            yield {**reader.chain(name, row), "trained": trained}


class _Reader:
    """One document, with its relations by what they start from."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._entities, self._activities = document["entity"], document["activity"]
        self._agents = document["agent"]
        self._derived = _by(document, "wasDerivedFrom", "prov:generatedEntity", "prov:usedEntity")
        self._generated = _by(document, "wasGeneratedBy", "prov:entity", "prov:activity")
        self._used = _by(document, "used", "prov:activity", "prov:entity")
        self._associated = _by(document, "wasAssociatedWith", "prov:activity", "prov:agent")
        self._influenced = _by(document, "wasInfluencedBy", "prov:influencer", "prov:influencee")

    def of_type(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        return ((name, one) for name, one in self._entities.items() if one["prov:type"] == kind)

    def chain(self, name: str, row: Mapping[str, Any]) -> Chain:
        files: list[Any] = []
        imported: dict[str, Any] | None = None
        edits: list[tuple[str, Any]] = []
        records: dict[str, Any] = {}
        calls: dict[str, Any] = {}
        made_by: dict[str, Any] = {}
        prompts: dict[str, Any] = {}
        for source, relation in self._derived[name]:
            if self._entities[source]["prov:type"] == "wt:edit":
                edits.append((source, relation))
                continue
            if self._entities[source]["prov:type"] == "wt:imported":
                imported = unpacked(self._entities[source]["wt:record"])
                continue
            if self._entities[source]["prov:type"] == "wt:image":
                files = [_plain(self._entities[file]) for file, _ in _ordered(self._derived.get(source, []))]
                continue
            stage = relation["wt:stage"]
            record = unpacked(self._entities[source]["wt:record"])
            records[stage] = _stripped(record)
            replies = [one for one in self._derived.get(source, []) if "wt:position" in one[1]]
            if replies:
                calls[stage] = [self._call(reply) for reply, _ in _ordered(replies)]
            self._add_stage(self._generated[source][0][0], stage, made_by, prompts)
        kept = {"version": row["wt:version"], "verdict": row["wt:verdict"], "survivor": None}
        neighbours = [unpacked(self._entities[one]["wt:record"]) for one, _ in _ordered(self._influenced.get(name, []))]
        return {
            "row_id": row["wt:row_id"],
            "slot": row["wt:slot"],
            "batch": row["wt:batch"],
            "versions": [kept],
            "files": files,
            "records": records,
            "calls": calls,
            "made_by": made_by,
            "prompts": prompts,
            "imported": imported,
            "edits": [unpacked(self._entities[edit]["wt:record"]) for edit, _ in _ordered(edits)],
            "neighbours": neighbours,
            "rejections": _sorted(unpacked(row.get("wt:rejections", "[]"))),
        }

    def _call(self, reply: str) -> dict[str, Any]:
        entity = self._entities[reply]
        if reply not in self._generated:
            return {"key": entity["wt:key"], "missing": "not in the journal any more"}
        activity = self._activities[self._generated[reply][0][0]]
        digest = {"text_sha256": entity["wt:text_sha256"]} if "wt:text_sha256" in entity else {}
        ended = {"finished": activity["prov:endTime"]} if "prov:endTime" in activity else {}
        return {**_plain(activity), **ended, **digest}

    def _add_stage(self, activity: str, stage: str, made_by: dict[str, Any], prompts: dict[str, Any]) -> None:
        known = self._activities[activity]
        told = _plain(known)
        models: dict[str, Any] = {}
        named: dict[str, Any] = {}
        inputs: dict[str, Any] = {}
        for agent, relation in self._associated.get(activity, []):
            identity = self._agents[agent].get("wt:identity")
            if identity is not None:
                models[relation["prov:role"]] = unpacked(identity)
        for entity, relation in self._used.get(activity, []):
            used = self._entities[entity]
            if used["prov:type"] == "prov:Plan":
                named[relation["wt:prompt"]] = used["wt:sha256"]
                prompts[used["wt:sha256"]] = _sha256(used.get("prov:value"))
            else:
                inputs[used["wt:asset"]] = used["wt:data_version"]
        made_by[stage] = {
            **{name: value for name, value in told.items() if name not in ("stage", "batch")},
            **{name: unpacked(told[name]) for name in PACKED if name in told},
            "models": models,
            "prompts": named,
            "inputs": inputs,
            "started": known.get("prov:startTime"),
            "finished": known["prov:endTime"],
        }


def _by(document: Mapping[str, Any], relation: str, start: str, end: str) -> dict[str, list[tuple[str, Any]]]:
    relations: dict[str, list[tuple[str, Any]]] = {}
    for one in document.get(relation, {}).values():
        relations.setdefault(one[start], []).append((one[end], one))
    return relations


def _ordered(relations: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return sorted(relations, key=lambda one: int(one[1]["wt:position"]))


def _plain(thing: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix("wt:"): value for name, value in thing.items() if name.startswith("wt:")}


def _trained(document: Mapping[str, Any]) -> list[Any]:
    return [unpacked(one["wt:record"]) for one in document["entity"].values() if one["prov:type"] == "wt:policy"]


def _digested(call: Mapping[str, Any]) -> dict[str, Any]:
    """A call of a story as a chain has it: without its text, whose digest stands there."""
    text = call["text"]
    digest = {} if text is None else {"text_sha256": _sha256(text)}
    return {**_without_none({name: value for name, value in call.items() if name != "text"}), **digest}


def _sha256(text: str | None) -> str | None:
    return None if text is None else sha256_hex(text.encode("utf-8", "surrogatepass"))


def _stripped(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in json.loads(json.dumps(record, default=str)).items() if name not in OWN}


def _without_none(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value is not None}


def _sorted(rejections: list[Any]) -> list[Any]:
    return sorted(rejections, key=lambda one: json.dumps(one, sort_keys=True))
