"""Prices of refreshes: calls, tokens and money of one stage over one batch, less what its journal has already."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.models.registry import Models
from wethink_assets.planning.estimates import ByPrompt, Rates, Work, descendants, expected_items, money_for, work_of
from wethink_assets.planning.journal_replay import Replayed, replayed
from wethink_assets.planning.staleness import Cause, Commits
from wethink_assets.sources.batches import membership_sizes, split_batch_key
from wethink_assets.stages.order import model_stages, upstream_of
from wethink_assets.stages.prompts import PROMPTS
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit

CERTAIN = ("prompt", "model", "sampling")  # causes whose prompts are asked anew, unless a prompt says what it said
UNKNOWN = ("code", "inputs", "upstream")  # causes of which only a replay tells what is asked anew


@dataclass
class _Estimate:
    """Work to be made by prompt, with what is known of it."""

    to_make: dict[str, Work]
    at_least: float
    held: float
    basis: str
    exact: bool = False


class Pricing:
    """Prices stages batch by batch, by what is known of all of them."""

    def __init__(
        self, store: Store, settings: Settings, models: Models, commits: Commits, rehearse_seconds: float
    ) -> None:
        self._store, self._settings, self._models, self._commits = store, settings, models, commits
        self._rates = Rates(settings, (commit for stages in commits.values() for commit in stages.values()))
        self._until = time.monotonic() + rehearse_seconds
        self._journaled = {stage: set(store.names(f"journal/{stage}")) for stage in model_stages()}
        self._members: dict[str, int] = {}
        self._items: Mapping[str, float] = {}
        self._waiting: set[str] = set()  # stale stages of the batch at hand that were not replayed
        self._replayed: dict[str, Replayed] = {}
        self._asked_anew: set[tuple[str, ...]] = set()  # stages with prompts that were changed in what they say

    def read_members(self, batches: Sequence[str]) -> None:
        """Sizes of batches that were never ingested."""
        self._members = dict(zip(batches, membership_sizes(self._store, batches), strict=True))

    def begin(self, batch: str, stale: dict[str, list[Cause]]) -> dict[str, list[Cause]]:
        """Turn to a batch, whose stages are then priced in order."""
        self._waiting, self._replayed = set(stale), {}
        if stale:
            members = self._members.get(batch, 0)
            self._items = expected_items(self._rates, self._settings, batch, self._commits[batch], members)
        return stale

    def row(self, batch: str, stage: str, causes: Sequence[Cause]) -> dict[str, object]:
        """A row of the plan."""
        made = self._estimate(batch, stage, causes)
        total = Work()
        for work in made.to_make.values():
            total.add(work)
        known = made.basis != "settings" or not total.calls
        return {
            "batch": batch,
            "stage": stage,
            "cause": causes[0].cause,
            "detail": "; ".join(cause.detail for cause in causes),
            "causes": [cause.cause for cause in causes],
            "items": round(self._items[stage]),
            "calls": round(total.calls),
            "at_least": round(min(made.at_least, total.calls)),
            "held": round(made.held),
            "prompt_tokens": round(total.prompt_tokens) if known else None,
            "completion_tokens": round(total.completion_tokens) if known else None,
            "tokens": round(total.prompt_tokens + total.completion_tokens) if known else None,
            "money": round(money_for(self._settings, made.to_make), 6) if known else None,
            "basis": made.basis,
            "exact": made.exact,
        }

    def _estimate(self, batch: str, stage: str, causes: Sequence[Cause]) -> _Estimate:
        if not STAGES[stage].prompts:
            return _Estimate({}, 0, 0, "batch", exact=True)
        commit = self._commits[batch].get(stage)
        items = self._items[stage]
        if commit is None:
            return self._missing(batch, stage, items)
        if all(cause.cause in UNKNOWN for cause in causes):
            if self._replays(batch, stage):
                return self._of_replay(commit, stage)
        elif self._says_the_same(batch, stage, causes):
            return self._of_replay(commit, stage)
        return self._stale(commit, causes, items)

    def _says_the_same(self, batch: str, stage: str, causes: Sequence[Cause]) -> bool:
        """Whether other prompts come to the calls that the journal has, as after a change of a remark in their files."""
        changed = (stage, *(prompt for cause in causes if cause.cause == "prompt" for prompt in cause.prompts))
        if changed in self._asked_anew or any(cause.cause not in (*UNKNOWN, "prompt") for cause in causes):
            return False
        if not self._replays(batch, stage):
            return False
        replays = [self._replayed[name] for name in (stage, *upstream_of(stage)) if name in self._replayed]
        if not any(replay.lacking for replay in replays):
            return True
        del self._replayed[stage]
        self._waiting.add(stage)
        self._asked_anew.add(changed)  # by other batches too
        return False

    def _replays(self, batch: str, stage: str) -> bool:
        """Replay a stage after those before it, where there is time and each stale one of these could be replayed."""
        if time.monotonic() >= self._until or not self._waiting.isdisjoint(upstream_of(stage)):
            return False
        results = {name: one.results for name, one in self._replayed.items()}
        self._replayed[stage] = replayed(self._store, self._settings, self._models, stage, batch, results)
        self._waiting.discard(stage)
        return True

    def _of_replay(self, commit: Commit, stage: str) -> _Estimate:
        """What a replay lacks, at the tokens that such calls usually take; at most, what may follow from it too."""
        replay, took = self._replayed[stage], work_of(commit)
        items = max(commit.results + commit.rejections, 1)
        usual, _ = self._rates.expected(stage, split_batch_key(commit.batch)[0], items)
        unsettled = sum(
            sum(self._replayed[name].lacking.values()) for name in upstream_of(stage) if name in self._replayed
        )
        took = {prompt: took.get(prompt, Work()) for prompt in usual}  # of the prompts in use
        calls: dict[str, float] = {prompt: unsettled * took[prompt].calls / items for prompt in took}
        for prompt, lacking in replay.lacking.items():
            for name in {prompt, *(descendants([prompt]) & took.keys())}:
                calls[name] += lacking
        to_make = {prompt: Work() for prompt in took}
        for prompt, count in calls.items():
            measured = took[prompt] if took[prompt].calls else usual[prompt]
            to_make[prompt].add(measured, count / measured.calls if measured.calls else 0.0)
            to_make[prompt].calls = count
        known = all(took[prompt].calls or usual[prompt].calls for prompt, count in calls.items() if count)
        at_least = sum(replay.lacking.values())
        held = sum(work[0] for work in replay.held.values())
        return _Estimate(
            to_make, at_least, held, "batch" if known else "settings", exact=at_least == sum(calls.values())
        )

    def _stale(self, commit: Commit, causes: Sequence[Cause], items: float) -> _Estimate:
        took = work_of(commit)
        touched = {prompt for cause in causes if cause.cause in CERTAIN for prompt in cause.prompts}
        perhaps = {prompt for cause in causes if cause.cause == "settings" for prompt in cause.prompts}
        unknown = any(cause.cause in UNKNOWN for cause in causes)
        redone = set(took) if unknown else touched | perhaps | descendants(touched | perhaps)
        before = commit.results + commit.rejections
        more = max(items / before - 1, 0.0) if before and not unknown else 0.0  # further questions an image
        usual, basis = self._rates.expected(commit.asset, split_batch_key(commit.batch)[0], items)
        to_make = {}
        for prompt, expected in usual.items():
            if prompt not in took:  # several things are asked for in one call now, or no longer
                to_make[prompt] = expected
                continue
            grows = not PROMPTS[prompt].groups  # a call for all questions of an image is one, however many they are
            times = (max(items / before, 1.0) if grows else 1.0) if before else 0.0
            to_make[prompt] = Work()
            to_make[prompt].add(took[prompt], times if prompt in redone else more * grows)
        at_least = sum(took[prompt].calls for prompt in touched & took.keys())
        at_least += more * sum(took[prompt].calls for prompt in usual if prompt in took and not PROMPTS[prompt].groups)
        held = sum(work.calls for prompt, work in took.items() if prompt not in redone and prompt in usual)
        return _Estimate(to_make, at_least, held, "batch" if usual.keys() <= took.keys() else basis)

    def _missing(self, batch: str, stage: str, items: float) -> _Estimate:
        expected, basis = self._rates.expected(stage, split_batch_key(batch)[0], items)
        total = sum(work.calls for work in expected.values())
        if batch not in self._journaled[stage]:
            return _Estimate(expected, total, 0, basis, exact=True)
        ready = all(upstream in self._commits[batch] for upstream in upstream_of(stage))
        if ready and time.monotonic() < self._until:
            replay = replayed(self._store, self._settings, self._models, stage, batch)
            lacking = sum(replay.lacking.values())
            journaled = {prompt: Work(*work) for prompt, work in replay.held.items()}
            to_make = _less(expected, journaled)
            short = lacking - sum(work.calls for work in to_make.values())
            if short > 0:  # fewer than usual are left to expect, yet so many are known to lack
                first = next(iter(to_make))
                to_make[first].calls += short
            return _Estimate(to_make, lacking, sum(work.calls for work in journaled.values()), basis, exact=True)
        journaled = _journaled(self._store, stage, batch)
        to_make = _less(expected, journaled)
        left = sum(work.calls for work in to_make.values())
        return _Estimate(to_make, left, sum(work.calls for work in journaled.values()), basis)


def _journaled(store: Store, stage: str, batch: str) -> dict[str, Work]:
    calls = journaled_calls(store, stage, batch)
    sums = calls.group_by("prompt").agg(pl.len(), pl.sum("prompt_tokens"), pl.sum("completion_tokens"))
    return {prompt: Work(*amounts) for prompt, *amounts in sums.iter_rows()}


def _less(expected: ByPrompt, journaled: ByPrompt) -> dict[str, Work]:
    left = {}
    for prompt, work in expected.items():
        held = journaled.get(prompt, Work())
        share = max(0.0, 1 - held.calls / work.calls) if work.calls else 0.0
        left[prompt] = Work()
        left[prompt].add(work, share)
    return left
