"""Scores of the variants of a study over their seeds, beside the untrained model and the reference."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import polars as pl

from wethink_assets.kinds import KINDS
from wethink_assets.training.studies.records import Figure, Score
from wethink_assets.training.studies.statistics import Values, estimate
from wethink_assets.training.validation.held_out import paired

Answers = Mapping[str, pl.DataFrame]
"""Answers of models by their name: a column that names the sample, `kind`, and `accuracy`."""


class GradedAnswers:
    """Answers of all models to one set of samples, of which those are left out that were not graded for every model."""

    def __init__(self, answers: Answers, sample: str) -> None:
        names = list(answers)
        table = answers[names[0]].select(sample, "kind", pl.col("accuracy").alias("0"))
        for number, name in enumerate(names[1:], 1):
            own = answers[name].select(sample, pl.col("accuracy").alias(str(number)))
            table = table.join(own, on=sample, how="inner", maintain_order="left")
        table = table.drop_nulls()
        self._columns = {name: str(number) for number, name in enumerate(names)}
        self._table = table
        self.groups = [name for name in ("all", *KINDS) if len(self._of(name))]

    def _of(self, group: str) -> pl.DataFrame:
        return self._table if group == "all" else self._table.filter(pl.col("kind") == group)

    def values(self, models: Sequence[str], group: str) -> Values:
        """Accuracy of models on a group's samples: models x samples."""
        table = self._of(group)
        return np.array([table[self._columns[model]].to_numpy() for model in models], np.float64)

    def means(self, model: str) -> dict[str, float]:
        """Mean accuracy of a model by group."""
        return {group: round(float(self.values([model], group).mean()), 4) for group in self.groups}

    def gains(self, base: str, model: str) -> dict[str, dict[str, float]]:
        """Paired gain of a model over another by group."""
        return {
            group: paired(self.values([base], group)[0].tolist(), self.values([model], group)[0].tolist())
            for group in self.groups
        }

    def scores(self, base: str, models: Mapping[int, str], reference: Mapping[int, str] | None) -> dict[str, Score]:
        """Accuracy of a variant, its models by seed, by group; compared with the reference on the seeds that both have."""
        both = sorted(models.keys() & reference.keys()) if reference else []
        scores = {}
        for group in self.groups:
            values = self.values(list(models.values()), group)
            difference = None
            if reference and both:
                own, other = ([by_seed[seed] for seed in both] for by_seed in (models, reference))
                difference = _figure(self.values(own, group) - self.values(other, group))
            gain = _figure(values - self.values([base], group))
            scores[group] = Score(n=values.shape[1], accuracy=_figure(values), gain=gain, difference=difference)
        return scores


def _figure(values: Values) -> Figure:
    return Figure(**asdict(estimate(values)))
