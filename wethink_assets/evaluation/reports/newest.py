"""Scores to show of a model: the newest settings of each benchmark, one temperature alone, what was asked otherwise, what waits for the judge."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wethink_assets.evaluation.runs.records import (
    GREEDY,
    SCORES,
    Score,
    Waiting,
    digest_of_settings,
    records_of,
)
from wethink_assets.storage.store import Store


@dataclass(frozen=True)
class Kept:
    """What the store holds of one model: the newest scores by benchmark, and by benchmark without a score why it waits for the judge."""

    groups: dict[str, list[Score]]
    waiting: dict[str, str]
    name: str
    latest: datetime


def kept_of(store: Store, model_digest: str) -> Kept:
    """What the store holds of a model; its name is that of a model of `scoring.models`, else empty."""
    records = list(records_of(store, model_digest))
    groups = newest(record for record in records if isinstance(record, Score))
    waiting = {
        record.benchmark: record.reason
        for record in sorted(records, key=lambda record: record.created)
        if isinstance(record, Waiting) and record.benchmark not in groups
    }
    named = records[0].model if records else {}
    name = named.get("name", "") if named.get("kind") == "model" else ""
    return Kept(groups, waiting, name, max((record.created for record in records), default=datetime.min))


def other_models(store: Store, known: Collection[str] = ()) -> dict[str, tuple[str, Kept]]:
    """Digest and scores of the models that are neither policies nor bases (`known`, by digest), by name.

    A name that meant several models is the one that was scored last: the others' scores stay in the store.
    """
    others: dict[str, tuple[str, Kept]] = {}
    for digest in sorted(set(store.names(SCORES)) - set(known)):
        kept = kept_of(store, digest)
        if kept.name and (kept.name not in others or others[kept.name][1].latest < kept.latest):
            others[kept.name] = (digest, kept)
    return dict(sorted(others.items()))


def newest(scores: Iterable[Score]) -> dict[str, list[Score]]:
    """Scores of one model by benchmark: all decodings of the settings that were scored last, sampled ones of one temperature alone."""
    families: dict[tuple[str, str], list[Score]] = {}
    for score in scores:
        families.setdefault((score.benchmark, family_of(score)), []).append(score)
    latest: dict[str, list[Score]] = {}
    for (benchmark, _), family in families.items():
        other = latest.get(benchmark)
        if other is None or max(s.created for s in family) > max(s.created for s in other):
            latest[benchmark] = family
    return {
        benchmark: sorted(_of_one_temperature(family), key=lambda s: (s.decoding != GREEDY, s.decoding))
        for benchmark, family in latest.items()
    }


def _of_one_temperature(family: Sequence[Score]) -> list[Score]:
    drawn = [score for score in family if score.decoding != GREEDY]
    how = _sampling(max(drawn, key=lambda score: score.created)) if drawn else None
    return [score for score in family if score.decoding == GREEDY or _sampling(score) == how]


def _sampling(score: Score) -> tuple[Any, Any]:
    decoding = score.settings.get("decoding", {})
    return decoding.get("temperature"), decoding.get("top_p")


def family_of(score: Score) -> str:
    """Digest of a score's settings but for how replies were drawn: what greedy and sampled ones share, their most tokens among it."""
    shared = {name: value for name, value in score.settings.items() if name != "decoding"}
    return digest_of_settings({**shared, "max_tokens": score.settings.get("decoding", {}).get("max_tokens")})


def conditions_of(score: Score) -> dict[str, Any]:
    """What all replies of a model should have in common, whatever the benchmark; an embedded policy's prompts have no system prompt."""
    prompts = score.settings.get("prompts", {})
    conditions = {
        "max_tokens": score.settings.get("decoding", {}).get("max_tokens"),
        "requests": score.settings.get("requests"),
    }
    return conditions if prompts.get("style") == "embedded" else {**conditions, "system": prompts.get("system")}


def asked_otherwise(groups: Iterable[Sequence[Score]]) -> set[str]:
    """Benchmarks of one model whose scores were made under other conditions than its newest: no row's average mixes the two."""
    first = [group[0] for group in groups]
    current: dict[str, Any] = {}
    for score in sorted(first, key=lambda score: score.created):
        current |= conditions_of(score)
    return {
        score.benchmark
        for score in first
        if any(current[name] != value for name, value in conditions_of(score).items())
    }
