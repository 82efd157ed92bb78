"""A training run that ends after a step, as a process that is killed does."""

from typing import Any

from wethink_assets.training.runs.progress import ProgressReporter


class Killed(BaseException):
    """A process that ends without a word, as it were."""


class KillingReporter(ProgressReporter):
    """Kills the run after a step."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def step(self, figures: Any) -> None:
        if figures["step"] == self.after:
            raise Killed
