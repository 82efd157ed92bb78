"""What has to be scored of a training run: its policy, and its base model unless another run's scoring did that."""

from collections.abc import Sequence
from dataclasses import dataclass

from wethink_assets.config import Settings
from wethink_assets.evaluation.comparing import against_base
from wethink_assets.evaluation.contenders import base_of, policy_of, trained
from wethink_assets.evaluation.files import BenchmarkFile, wanted_files
from wethink_assets.evaluation.intervals import Comparison
from wethink_assets.evaluation.leaderboard import newest
from wethink_assets.evaluation.records import Score
from wethink_assets.evaluation.scoring import Progress, score_model
from wethink_assets.storage.store import Store
from wethink_assets.training.policies import Policy


@dataclass(frozen=True)
class RunScores:
    """Scores of a training run's policy and of its base, and their paired comparison by benchmark. files: also those not run."""

    policy: Policy
    files: tuple[BenchmarkFile, ...]
    base: tuple[Score, ...]
    scores: tuple[Score, ...]
    comparisons: dict[str, Comparison]

    @property
    def not_run(self) -> tuple[BenchmarkFile, ...]:
        """Benchmarks whose file is missing or unreadable."""
        return tuple(file for file in self.files if not file.usable)


def score_training_run(
    store: Store,
    settings: Settings,
    key: str,
    benchmarks: Sequence[str] = (),
    *,
    progress: Progress | None = None,
    run_id: str = "",
    again: bool = False,
) -> RunScores:
    """Score what is missing of a training run on the wanted benchmarks, and compare policy and base on the same samples.

    Raises `TrainingError` when the run has no policy, `ModelError` when a model is not served or cannot be asked any more, `ConfigError` for an
    unknown benchmark.
    """
    policy = policy_of(store, key)
    files = wanted_files(settings, benchmarks)
    base, after = (
        score_model(store, settings, contender, files, progress=progress, run_id=run_id, again=again)
        for contender in (base_of(settings, policy), trained(settings, store, policy))
    )
    before, now = newest(base), newest(after)
    comparisons = {
        benchmark: found
        for benchmark in now
        if (found := against_base(store, settings, before.get(benchmark, []), now[benchmark])) is not None
    }
    return RunScores(policy, tuple(files), tuple(base), tuple(after), comparisons)
