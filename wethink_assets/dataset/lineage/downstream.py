"""Uses of a version: the policies trained on it, and their scores.

Training and evaluation come after the dataset, so their records are read here as what they are, JSON files of the store; nothing of
theirs is imported.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from wethink_assets.storage.records import read_json
from wethink_assets.storage.store import Store

POLICIES = "policies"
SCORES = "scores"
GREEDY = "greedy"
Record = dict[str, Any]


def policies_by_version(store: Store) -> dict[str, list[Record]]:
    """Training runs by the version that they trained on: key, recipe, digest, model digest, base model, run id, created.

    Runs of equal settings share a policy; each is listed under its own key. Raises `StoreError` when a record is damaged.
    """
    policies: dict[str, list[Record]] = {}
    for name in store.names(f"{POLICIES}/runs"):
        note = _read(store, f"{POLICIES}/runs/{name}")
        key = str(note.get("key") or name.removesuffix(".json"))
        policy = _read(store, f"{POLICIES}/{note.get('digest')}/policy.json")
        if not policy:
            continue  # the run's note is there before its policy on another machine's store only
        version, _, recipe = key.partition(".")
        kept = {
            name: policy.get(name) for name in ("digest", "model_digest", "base_model", "manifest", "run_id", "created")
        }
        policies.setdefault(version, []).append({"key": key, "recipe": recipe, **kept})
    return policies


def scores_of(store: Store, policy: Mapping[str, Any]) -> list[Record]:
    """Scores of a policy's model, one record per benchmark and settings: where they lie, and the figures kept there."""
    folder = f"{SCORES}/{policy.get('model_digest')}"
    scores = []
    for path in store.files(folder) if policy.get("model_digest") else []:
        parts = path.split("/")
        if parts[-1] == "score.json":
            record = _read(store, path)
            figures: Record = {
                name: record[name]
                for name in ("decoding", "low", "high", "scale", "samples", "created")
                if name in record
            }
            value: Record = {"score": record["value"]} if "value" in record else {}
            scores.append({"benchmark": record.get("benchmark", parts[2]), **value, **figures, "path": path})
    return scores


def standings(scores: Iterable[Record]) -> list[Record]:
    """One record per benchmark: what its scores come to out of 100, as OCRBench's points divided by ten.

    `greedy` with its interval `low` to `high`; `sampled`: mean over `seeds` sampled decodings; None where there is none. Where settings
    changed, the newest of each decoding counts.
    """
    newest: dict[str, dict[str, Record]] = {}
    for score in sorted(scores, key=lambda score: str(score.get("created", ""))):
        if score.get("score") is not None:
            newest.setdefault(score["benchmark"], {})[score.get("decoding", GREEDY)] = score
    summaries = []
    for benchmark, decodings in sorted(newest.items()):
        sampled = [_percent(score, "score") for decoding, score in decodings.items() if decoding != GREEDY]
        greedy = decodings.get(GREEDY, {})
        summaries.append(
            {
                "benchmark": benchmark,
                **{
                    name: _percent(greedy, key) for name, key in (("greedy", "score"), ("low", "low"), ("high", "high"))
                },
                "sampled": round(sum(filter(None, sampled)) / len(sampled), 2) if sampled else None,
                "seeds": len(sampled),
                "samples": greedy.get("samples"),
            }
        )
    return summaries


def percents(scores: Iterable[Record]) -> dict[str, float]:
    """The score of each benchmark out of 100: greedy where there is such a one, else the mean over the seeds."""
    scored = (
        (one["benchmark"], one["sampled"] if one["greedy"] is None else one["greedy"]) for one in standings(scores)
    )
    return {benchmark: percent for benchmark, percent in scored if percent is not None}


def _percent(score: Mapping[str, Any], name: str) -> float | None:
    value = score.get(name)
    return None if value is None else round(100 * float(value) / float(score.get("scale") or 100), 2)


def uses_of(store: Store, versions: list[str]) -> list[Record]:
    """Training runs on versions, each with the scores of its policy."""
    policies = policies_by_version(store)
    return [
        {"version": version, **policy, "scores": scores_of(store, policy)}
        for version in versions
        for policy in policies.get(version, [])
    ]


def _read(store: Store, path: str) -> Record:
    record = read_json(store, path)
    return record if isinstance(record, dict) else {}
