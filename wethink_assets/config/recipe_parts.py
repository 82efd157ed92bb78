"""Tables within a recipe of `training.py`: adapters, what writes completions, on what a run is started, and when it is stopped."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from wethink_assets.config.base import Share, Table
from wethink_assets.config.locations import web_address

FORMER_TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class LoraSettings(Table):
    """Low-rank adapters in place of training all weights."""

    RENAMED: ClassVar[Mapping[str, str]] = {"targets": "target_modules"}

    rank: int = Field(0, ge=0, description="0: train all weights")
    alpha: int = Field(64, ge=1, description="scale of the adapters")
    dropout: Share = Field(0.0, description="of the adapters")
    target_modules: tuple[str, ...] = Field(
        (),
        description="linear layers that get an adapter, by their last names, such as q_proj; empty: all but the output layer, also those of"
        " linear attention, tower and projector (see `frozen`)",
    )

    def stored(self, leave_out: Collection[str] = ()) -> dict[str, Any]:
        """As of `Table`; without adapters the targets are those that stood here first, so that policies keep their digest."""
        values = super().stored(leave_out)
        return values if self.rank else {**values, "targets": list(FORMER_TARGETS)}


class RolloutSettings(Table):
    """What writes the completions that are rewarded."""

    RENAMED: ClassVar[Mapping[str, str]] = {"memory": "gpu_memory"}

    engine: Literal["transformers", "vllm-colocated", "vllm-server"] = Field(
        "transformers",
        description="vllm-colocated shares the training's devices; vllm-server is a `vllm serve` that takes weights",
    )
    url: Annotated[str, AfterValidator(web_address)] = Field(
        "", description="of the server, such as http://10.0.0.2:8000"
    )
    gpu_memory: Share = Field(0.3, description="share of a device's memory for vLLM, where it is colocated")
    tensor_parallel: int = Field(1, ge=1, description="devices one colocated vLLM engine spans")
    chunks: int = Field(
        1,
        ge=1,
        description="parts in which a step's completions are written; the judge grades one while the next is written",
    )

    @model_validator(mode="after")
    def _server_is_known(self) -> "RolloutSettings":
        if self.engine == "vllm-server" and not self.url:
            raise ValueError("rollouts by vllm-server need its url")
        return self


class LauncherSettings(Table):
    """On what a run is started: this process, several by accelerate, or any command that starts them."""

    processes: int = Field(1, ge=1, description="over all machines; one a GPU")
    machines: int = Field(1, ge=1, description="more than one needs `command`, for example srun or torchrun on each")
    accelerate_config: str = Field("", description="file of `accelerate config`, for DeepSpeed or FSDP")
    command: tuple[str, ...] = Field(
        (), description='put before the run, such as ["srun", "--nodes=2", "accelerate", "launch", ...]; the store and the work folder '
        "must be reachable from all machines"
    )  # fmt: skip

    @model_validator(mode="after")
    def _machines_have_a_command(self) -> "LauncherSettings":
        if self.machines > 1 and not self.command:
            raise ValueError("several machines need a command that starts the processes on them")
        return self


class StopSettings(Table):
    """When a run that goes wrong is stopped early."""

    patience: int = Field(10, ge=1, description="steps in a row that must be out of bounds")
    zero_variance: Share = Field(0.95, description="share of groups whose completions all got the same reward")
    kl: float = Field(1.0, gt=0, description="KL divergence a token from the base model; known where beta is not 0")
    length_growth: float = Field(
        3.0, gt=1, description="mean length over that of the first steps, with most completions cut off"
    )
    judge_failed: Share = Field(
        0.2,
        # Decides only whether a run goes on: policies trained before it was a setting keep their digest.
        exclude_if=lambda share: share == 0.2,
        description="share of completions that the judge left without a grade",
    )
