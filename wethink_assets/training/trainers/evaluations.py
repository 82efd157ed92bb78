"""Evaluations of a training: accuracy on held-out rows every so many steps, and the weights of the best one."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import polars as pl
from transformers import Trainer, TrainerCallback
from trl.models.utils import unwrap_model_for_generation

from wethink_assets.training.trainers.checkpoints import seal
from wethink_assets.training.trainers.evaluation_record import EvaluationRecord, Figures, best_folder
from wethink_assets.training.validation.held_out import accuracy_figures

Answer = Callable[[Any], pl.DataFrame]
"""Answers all held-out rows by a model, in all processes together."""


class EvaluationCallback(TrainerCallback):
    """Evaluates a model every so many steps, after the checkpoint of the step is whole: a run that is killed meanwhile evaluates it again.

    Nothing of the training changes by it: answers are greedy, and the random state is put back. `trainer` is set by whoever makes it.

    Args:
        every: steps between two evaluations; 0: none but that of the last step, if `best` is set.
        best: whether the weights of the best one are kept, and the last step evaluated, too.
        answer: answers the held-out rows by a model, in all processes.
        main: whether this process writes.
    """

    def __init__(
        self,
        record: EvaluationRecord,
        folder: Path,
        every: int,
        best: bool,
        answer: Answer,
        report: Callable[[str], None],
        main: bool,
    ) -> None:
        self._record, self._folder, self._answer, self._report, self._main = record, folder, answer, report, main
        self._every, self._best = every, best
        self.trainer: Any = None

    def _due(self, step: int, last: int) -> bool:
        if step == last:
            return self._best
        return step > 0 and self._every > 0 and step % self._every == 0

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Have the step's checkpoint written, where it is to be evaluated."""
        if self._due(state.global_step, state.max_steps):
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Evaluate the step, if it is one to be evaluated."""
        if self._due(state.global_step, state.max_steps):
            self._evaluate(state.global_step)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Evaluate the checkpoint that the run resumes from, if it was killed before it was."""
        done = any(line["step"] == state.global_step for line in self._record.lines)
        if self._due(state.global_step, state.max_steps) and not done:
            self._evaluate(state.global_step)

    def _evaluate(self, step: int) -> None:
        import torch

        trainer = self.trainer
        devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
        was_training = trainer.model.training
        with (
            torch.random.fork_rng(devices),
            unwrap_model_for_generation(
                trainer.model_wrapped,
                trainer.accelerator,
                gradient_checkpointing_kwargs=trainer.args.gradient_checkpointing_kwargs,
            ) as model,
            _whole_weights(trainer.model_wrapped),
            trainer.accelerator.autocast(),
        ):
            answers = self._answer(model)
        trainer.model.train(was_training)
        former = self._record.best()
        figures: Figures = {"step": step, **accuracy_figures(answers)}
        self._record.lines.append(figures)
        if self._best and self._record.best() == figures:
            target = best_folder(self._folder, step)
            trainer.save_model(str(target))
            if self._main:
                seal(target)
        if self._main:
            self._record.write(figures, answers)
            if former is not None and self._record.best() == figures:
                shutil.rmtree(best_folder(self._folder, former["step"]), ignore_errors=True)
        trainer.accelerator.wait_for_everyone()
        self._report(evaluation_line(figures, trainer.state.max_steps))
        logs = {f"eval_{name}": figures[name] for name in ("accuracy", "low", "high", "format")}
        # TRL's own `log` would add the figures of the step that is under way.
        Trainer.log(trainer, {name: value for name, value in logs.items() if value is not None})


def evaluation_line(figures: Mapping[str, Any], total: int) -> str:
    """An evaluation in one line.

    >>> evaluation_line({"step": 50, "n": 8, "accuracy": 0.5, "low": 0.22, "high": 0.78, "format": 1.0, "ungraded": 0}, 100)
    'step 50/100: held-out accuracy 0.500 (0.220 to 0.780) over 8 rows, format 1.000'
    """
    ungraded = f"; {figures['ungraded']} got no grade" if figures["ungraded"] else ""
    if figures["accuracy"] is None:
        return f"step {figures['step']}/{total}: held-out accuracy is not known{ungraded}"
    return (
        f"step {figures['step']}/{total}: held-out accuracy {figures['accuracy']:.3f} ({figures['low']:.3f} to {figures['high']:.3f})"
        f" over {figures['n']} rows, format {figures['format']:.3f}{ungraded}"
    )


def _whole_weights(model: Any) -> Any:
    """Weights that the first FSDP shards, gathered outside of its layers as generation needs them; nothing for other models."""
    from torch.distributed.fsdp import FullyShardedDataParallel

    if not isinstance(model, FullyShardedDataParallel):
        return nullcontext()
    return FullyShardedDataParallel.summon_full_params(model, recurse=False)
