"""Guards that stop a training run which goes wrong so clearly that continuing would only cost."""

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from wethink_assets.config import RecipeSettings
from wethink_assets.errors import TrainingError
from wethink_assets.storage.faults import fault_at

FIRST_STEPS = 3  # whose mean length counts as normal
PROBE = 8 << 20
"""Bytes that a disk must take to count as writable."""
LESS_MEMORY = (
    "lower `micro_batch_size`, `max_completion_length` or `prompts_per_step`, set `gradient_checkpointing = true`, "
    "train adapters (`lora.rank = 64`), or give colocated vLLM less (`rollouts.gpu_memory`)"
)


class Guard:
    """Looks at the figures of each step, and raises `TrainingError` with what to change once they are out of bounds for too long."""

    def __init__(self, recipe: RecipeSettings) -> None:
        self._recipe = recipe
        self._bounds = recipe.stop
        self._lengths: list[float] = []
        self._steps_out: dict[str, int] = {}

    def check(self, step: int, figures: Mapping[str, float | None]) -> None:
        """One step's figures: `loss`, `grad_norm`, `judge_failed`, `zero_variance`, `kl`, `length`, `cut_off`, or some of them."""
        for name in ("loss", "grad_norm"):
            value = figures.get(name)
            if value is not None and not math.isfinite(value):
                raise TrainingError(
                    f"stopped at step {step}: {name} is {value}. The weights of the last checkpoint are sound; lower `learning_rate`"
                    f' ({self._recipe.learning_rate:g}) or `max_grad_norm`, or compute in `precision = "float32"`'
                )
        bounds = self._bounds
        self._count(
            step,
            "missing grades",
            _above(figures.get("judge_failed"), bounds.judge_failed, equal=bounds.judge_failed == 1),
            f"the judge gave no grade to more than {bounds.judge_failed:.0%} of the completions, which therefore teach nothing: see what it says with"
            f" `wethink config check --call judge`, mend it, and start the run again, which goes on from its last checkpoint",
        )
        self._count(
            step,
            "reward collapse",
            _above(figures.get("zero_variance"), bounds.zero_variance, equal=True),
            f"nearly all groups of completions got one reward each, so nothing is learnt from them: choose rows of middling `difficulty`,"
            f" raise `temperature` ({self._recipe.temperature:g}) or `num_generations` ({self._recipe.num_generations})",
        )
        self._count(
            step,
            "runaway KL",
            _above(figures.get("kl"), bounds.kl),
            f"the policy is more than {bounds.kl:g} a token away from its base: lower `learning_rate` ({self._recipe.learning_rate:g}) or"
            f" raise `beta` ({self._recipe.beta:g})",
        )
        self._count(
            step,
            "length explosion",
            self._too_long(figures.get("length"), figures.get("cut_off")),
            f"completions are {bounds.length_growth:g} times as long as at first and most are cut off: lower `learning_rate` or"
            f" `temperature`, or allow them more with `max_completion_length` ({self._recipe.max_completion_length})",
        )

    def _too_long(self, length: float | None, cut_off: float | None) -> bool:
        if length is None:
            return False
        if len(self._lengths) < FIRST_STEPS:
            self._lengths.append(length)
            return False
        normal = sum(self._lengths) / len(self._lengths)
        return length > self._bounds.length_growth * normal and (cut_off or 0) > 0.5

    def _count(self, step: int, fault: str, out: bool, advice: str) -> None:
        self._steps_out[fault] = self._steps_out.get(fault, 0) + 1 if out else 0
        if self._steps_out[fault] >= self._bounds.patience:
            raise TrainingError(f"stopped at step {step} after {self._steps_out[fault]} steps of {fault}: {advice}")


def _above(value: float | None, bound: float, equal: bool = False) -> bool:
    return value is not None and (value > bound or (equal and value == bound))


def out_of_memory(error: BaseException) -> str | None:
    """A message that names the settings to lower when an error says that memory ran out; None for any other error."""
    text = f"{type(error).__name__}: {error}"
    signs = ("OutOfMemoryError", "out of memory", "can't allocate memory", "MemoryError", "not enough memory")
    if not isinstance(error, MemoryError) and not any(sign in text for sign in signs):
        return None
    return f"memory ran out ({str(error).splitlines()[0][:200] if str(error) else 'MemoryError'}): {LESS_MEMORY}"


def unwritten(error: BaseException, folder: Path) -> str | None:
    """What keeps the working folder from being written, and what to do, when that ended a run; None for any other error.

    torch and safetensors keep the text of a system's error at best: a file of some size that is written beside theirs meets the same.
    """
    signs = ("inline_container", "PytorchStreamWriter", "No space left on device", "(os error ")
    if not any(isinstance(one, OSError) or any(sign in str(one) for sign in signs) for one in _chain(error)):
        return None
    probe = folder / "probe.writing"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with probe.open("wb") as file:
            file.write(bytes(PROBE))
            file.flush()
            os.fsync(file.fileno())
    except OSError as fault:
        return (
            f"{fault_at(f'the working folder {folder} cannot be written', fault)}. `[training] work` names another place; the checkpoints"
            " there stay, and the run goes on from the newest whole one"
        )
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
