"""Estimates of the calls and tokens that a stage takes for an item, by the commits of batches that have been through it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wethink_assets.config import Settings
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.sources.batches import split_batch_key
from wethink_assets.stages.order import stage_names, upstream_of
from wethink_assets.stages.prompts import PROMPTS
from wethink_assets.storage.tables import Commit
from wethink_assets.synthesis.budgets.usage import FROM_CACHE, price_of


@dataclass(slots=True)
class Work:
    """Calls, with the tokens of their prompts, those of them from a service's cache, and of their replies; fractions, where they are expected."""

    calls: float = 0.0
    prompt_tokens: float = 0.0
    completion_tokens: float = 0.0
    from_cache: float = 0.0

    def add(self, other: "Work", factor: float = 1.0) -> None:
        """Add so many times another's."""
        self.calls += factor * other.calls
        self.prompt_tokens += factor * other.prompt_tokens
        self.completion_tokens += factor * other.completion_tokens
        self.from_cache += factor * other.from_cache


ByPrompt = Mapping[str, Work]


def work_of(commit: Commit) -> dict[str, Work]:
    """All calls behind a commit's table by prompt, whether they were made for it or found in the journal."""
    counts = commit.calls
    prompts = STAGES[commit.asset].prompts
    work_by_prompt = {prompt: Work() for prompt in prompts if not commit.prompts or prompt in commit.prompts}
    for prompt, work in work_by_prompt.items():
        for how in ("", "cached_"):
            work.calls += counts.get(f"prompt.{prompt}.{how}calls", 0.0)
            work.prompt_tokens += counts.get(f"prompt.{prompt}.{how}prompt_tokens", 0.0)
            work.completion_tokens += counts.get(f"prompt.{prompt}.{how}completion_tokens", 0.0)
            work.from_cache += counts.get(f"prompt.{prompt}.{how}{FROM_CACHE}", 0.0)
    return work_by_prompt


def money_for(settings: Settings, work: ByPrompt) -> float:
    """What work costs at the prices of the roles."""
    return sum(
        price_of(
            settings.role(PROMPTS[prompt].role), each.prompt_tokens, each.completion_tokens, each.calls, each.from_cache
        )
        for prompt, each in work.items()
    )


def descendants(prompts: Iterable[str]) -> set[str]:
    """Prompts whose calls may be other ones when the replies to some prompts are."""
    prompts_after: set[str] = set()
    waiting = list(prompts)
    while waiting:
        fed = set(PROMPTS[waiting.pop()].feeds) - prompts_after
        prompts_after |= fed
        waiting += fed
    return prompts_after


@dataclass
class _Sums:
    items: int = 0
    results: int = 0
    measured: int = 0  # items of commits that were made with the prompts in use
    work: defaultdict[str, Work] = field(default_factory=lambda: defaultdict(Work))

    def add(self, commit: Commit, changed: Mapping[str, float] | None) -> None:
        """Count a commit.

        `changed`: how often prompts are asked with now, as a multiple of then; none where one of both asked for several at once, the other did not.
        """
        items = commit.results + commit.rejections
        self.items += items
        self.results += commit.results
        if changed is not None:
            self.measured += items
            for prompt, work in work_of(commit).items():
                self.work[prompt].add(work, changed.get(prompt, 1.0))


class Rates:
    """What stages took for an item and let pass, by source and over all sources."""

    def __init__(self, settings: Settings, commits: Iterable[Commit]) -> None:
        self._settings = settings
        self._asked = {stage: STAGES[stage].asked_prompts(settings) for stage in stage_names()}
        self._sums: defaultdict[tuple[str, str], _Sums] = defaultdict(_Sums)
        for commit in commits:
            for source in (split_batch_key(commit.batch)[0], ""):
                self._sums[commit.asset, source].add(commit, self._changed(commit))

    def _changed(self, commit: Commit) -> dict[str, float] | None:
        asked = self._asked[commit.asset]
        paired = {name for name in STAGES[commit.asset].prompts if PROMPTS[name].groups}
        paired |= {PROMPTS[name].groups for name in paired}
        if commit.prompts and paired & commit.prompts.keys() != paired & set(asked):
            return None
        then = self._settings.pipeline.model_copy(update=dict(commit.settings))
        before = self._settings.model_copy(update={"pipeline": then})
        often = STAGES[commit.asset].calls_per_item
        grouped = [prompt for prompt in asked if PROMPTS[prompt].groups and prompt in often]
        return {prompt: often[prompt](self._settings) / (often[prompt](before) or 1.0) for prompt in grouped}

    def _of(self, stage: str, source: str, measured: bool = False) -> tuple[_Sums | None, str]:
        for name, basis in ((source, "source"), ("", "all sources")):
            sums = self._sums.get((stage, name))
            if sums and (sums.measured if measured else sums.items):
                return sums, basis
        return None, "settings"

    def expected(self, stage: str, source: str, items: float) -> tuple[dict[str, Work], str]:
        """Work for so many items, and the basis of this estimate: `source`, `all sources`, or `settings` (calls only, tokens unknown)."""
        sums, basis = self._of(stage, source, measured=True)
        expected: dict[str, Work] = {prompt: Work() for prompt in self._asked[stage]}
        often = {prompt: calls(self._settings) for prompt, calls in STAGES[stage].calls_per_item.items()}
        for prompt, each in expected.items():
            work = sums.work[prompt] if sums is not None else Work()
            if sums is not None and (work.calls or not PROMPTS[prompt].setting):
                each.add(work, items / sums.measured)
            else:  # never asked with: no stage was run, or its setting is new
                each.calls += items * often.get(prompt, 1)
        return expected, basis

    def passing(self, stage: str, source: str) -> float:
        """Share of a stage's items that become results; 1 where none has been through it."""
        sums, _ = self._of(stage, source)
        return sums.results / sums.items if sums else 1.0


def expected_items(
    rates: Rates, settings: Settings, batch: str, commits: Mapping[str, Commit], members: float
) -> dict[str, float]:
    """Items that each stage would have to work on, by what is in force upstream, else by what usually passes.

    Args:
        commits: in force, of this batch.
        members: files of the batch.
    """
    source, _ = split_batch_key(batch)
    items: dict[str, float] = {}
    results: dict[str, float] = {}
    for stage in stage_names():
        upstream = upstream_of(stage)
        came = results[upstream[0]] if upstream else members
        items[stage] = came * STAGES[stage].items_per_row(settings)
        commit = commits.get(stage)
        results[stage] = commit.results if commit else items[stage] * rates.passing(stage, source)
    return items
