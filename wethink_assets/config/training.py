"""Tables about training: `[training]`, `[recipes.<name>]` for each way to train a policy, `[studies]` that compare them, and `[rewards]`."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from wethink_assets.config.base import NAME, Kind, Share, Table
from wethink_assets.config.recipe_parts import LauncherSettings, LoraSettings, RolloutSettings, StopSettings


class RewardSettings(Table):
    """How answers are graded in training, and what calibration demands of it."""

    longest_candidate: int = Field(2000, ge=100, description="characters of an answer that the judge reads")
    judge_attempts: int = Field(2, ge=1, le=5, description="calls for one answer before it counts as failed")
    second_judge: Literal["", "describer", "reasoner", "adjudicator", "policy"] = Field(
        "", description="role whose model judges beside the judge; empty: the judge's own model, sampled"
    )
    calibration_rows: int = Field(18, ge=6, le=2000, description="questions that the judge is calibrated on")
    rule_error: Share = Field(0.01, description="false accepts, and false rejects, of the rules at most")
    judge_agreement: Share = Field(0.9, description="agreement of the judge with truth and with rules at least")
    judge_consistency: Share = Field(0.8, description="equal grades after swapping or rewording at least")
    judge_fooled: Share = Field(0.05, description="hostile answers that earn anything at most")
    judge_failed: Share = Field(0.02, description="answers left without a grade at most")


DataShare = Annotated[float, Field(gt=0, le=1)]


class StudySettings(Table):
    """Studies, which compare ways to train (`wethink study`)."""

    recipe: str = Field("grpo", description="recipe whose settings every variant has, but for what a study varies")
    accuracy_weights: tuple[Share, ...] = Field(
        (1.0, 0.9, 0.7, 0.5), description="of the study reward-weights; the format weighs the rest"
    )
    data_shares: tuple[DataShare, ...] = Field(
        (0.1, 0.3, 1.0), description="of the study data-size; each is part of the next larger one"
    )
    scenes: int = Field(
        600,
        ge=0,
        description="held-out drawn scenes that an embedded model answers, beside the version's held-out rows",
    )

    @model_validator(mode="after")
    def _something_is_compared(self) -> "StudySettings":
        for name in ("accuracy_weights", "data_shares"):
            values = getattr(self, name)
            if len(set(values)) < len(values) or not values:
                raise ValueError(f"{name} names a value twice, or none")
        return self


PAPER_SYSTEM = (
    "You answer questions about an image. First think about the question step by step inside <think> </think>, then give the final "
    "answer inside <answer> </answer>: for a multiple-choice question the letter of the option, for a question that asks for a value "
    "the value alone, else a short and complete answer. Write nothing outside the two."
)
UNCOUNTED = ("in_main_run", "save_steps", "threads", "dataloader_num_workers", "launcher", "report_to")
"""Settings that decide how a run goes about, not what it comes to: no part of a policy's digest."""
CHOOSING = ("eval_steps",)
"""Settings that count where the best step is published: among those evaluated it is chosen."""


class RecipeSettings(Table):
    """How a policy is trained. The defaults are those of the paper, where it tells, for models of some billion weights."""

    RENAMED: ClassVar[Mapping[str, str]] = {
        "system": "system_prompt",
        "group": "num_generations",
        "schedule": "lr_scheduler_type",
        "warm_up": "warmup_steps",
        "clip": "epsilon",
        "iterations": "num_iterations",
        "loss": "loss_type",
        "gradient_norm": "max_grad_norm",
        "prompt_length": "max_prompt_length",
        "completion_length": "max_completion_length",
        "micro_batch": "micro_batch_size",
        "sft_batch": "sft_batch_size",
        "checkpoint_every": "save_steps",
        "loader_workers": "dataloader_num_workers",
    }

    method: Literal["grpo", "sft", "sft+grpo"] = Field(
        "grpo", description="how it trains; sft is on the reasoning paths"
    )
    seed: int = Field(0, ge=0, description="of the order of rows and of sampling")
    model: str = Field(
        "", description="folder or hub name to start from; empty: what plays the role `policy`, if embedded"
    )
    revision: str = Field("", description="of a model from the hub")
    in_main_run: bool = Field(False, description="whether `wethink run` trains it on the newest version")

    prompt: Literal["paper", "pack"] = Field(
        "paper", description="paper: `system_prompt` and the problem; pack: answer_image of the policy's pack"
    )
    system_prompt: str = Field(PAPER_SYSTEM, description="with the prompt `paper`")
    kinds: tuple[Kind, ...] = Field((), description="question kinds to train on; empty: all")
    data_share: float = Field(
        1.0, gt=0, le=1, description="share of the rows; a smaller share is part of every larger one"
    )
    difficulty_from: str = Field(
        "", description="training run whose completions say how hard a row is; rows it never met are kept"
    )
    difficulty: tuple[Share, Share] = Field(
        (0.0, 1.0), description="mean accuracy there of the rows to keep, from and to"
    )

    accuracy: Literal["hybrid", "rules", "judge"] = Field(
        "hybrid",
        description="hybrid: as each row's `reward` says; rules: rows graded by rule only; judge: it grades every row",
    )
    accuracy_weight: float = Field(0.7, ge=0, description="weight of a right answer in the reward")
    format_weight: float = Field(0.3, ge=0, description="weight of the form in the reward")

    num_generations: int = Field(5, ge=2, description="completions of each prompt")
    prompts_per_step: int = Field(64, ge=1, description="rows a step")
    steps: int = Field(0, ge=0, description="0: as many as `epochs` take")
    epochs: float = Field(1.0, gt=0, description="passes over the rows")
    learning_rate: float = Field(1e-6, gt=0, description="of the optimiser, at its highest")
    lr_scheduler_type: Literal["constant", "linear", "cosine"] = Field("constant", description="how the rate falls")
    warmup_steps: int = Field(0, ge=0, description="steps over which the rate rises")
    beta: float = Field(0.01, ge=0, description="KL coefficient; 0 needs no reference model")
    epsilon: float = Field(0.2, gt=0, description="bound of the clipped ratio")
    num_iterations: int = Field(1, ge=1, description="updates from one set of completions")
    epsilon_high: float = Field(
        0.0,
        ge=0,
        exclude_if=lambda bound: not bound,
        description="upper bound of the clipped ratio (DAPO's clip-higher: 0.28; CISPO: 5.0, of the ratio itself); 0: as `epsilon`",
    )
    loss_type: Literal["grpo", "dapo", "dr_grpo", "bnpo", "cispo"] = Field(
        "dapo", description="dapo: every token weighs the same, as in EasyR1"
    )
    importance_sampling_level: Literal["token", "sequence"] = Field(
        "token",
        exclude_if=lambda level: level == "token",
        description='sequence: one ratio a completion, as in GSPO (with `loss_type = "grpo"`)',
    )
    scale_rewards: Literal["group", "batch", "none"] = Field(
        "group",
        exclude_if=lambda scale: scale == "group",
        description="by whose standard deviation advantages are divided; none: as in Dr. GRPO",
    )
    mask_truncated_completions: bool = Field(
        False,
        exclude_if=lambda masked: not masked,
        description="whether completions that were cut off teach nothing, as in DAPO",
    )
    max_grad_norm: float = Field(1.0, gt=0, description="norm to which gradients are clipped")
    weight_decay: float = Field(0.0, ge=0, description="of the optimiser")
    temperature: float = Field(1.0, gt=0, le=2, description="of completions")
    top_p: float = Field(1.0, gt=0, le=1, description="of completions")
    max_prompt_length: int = Field(8192, ge=16, description="tokens with those of the image; longer rows are left out")
    max_completion_length: int = Field(1024, ge=8, description="tokens")
    micro_batch_size: int = Field(8, ge=0, description="completions in one forward pass of a process; 0: all of a step")

    sft_steps: int = Field(0, ge=0, description="0: as many as `sft_epochs` take")
    sft_epochs: float = Field(1.0, gt=0, description="passes over the rows")
    sft_learning_rate: float = Field(1e-5, gt=0, description="of the optimiser, at its highest")
    sft_batch_size: int = Field(64, ge=1, description="rows a step")

    lora: LoraSettings = Field(LoraSettings(), description="adapters")
    frozen: tuple[Literal["tower", "projector", "language"], ...] = Field(
        (),
        exclude_if=lambda parts: not parts,
        description="parts of the model that stay as they are, and get no adapters",
    )
    max_pixels: int = Field(
        0,
        ge=0,
        exclude_if=lambda pixels: not pixels,
        description="of an image as it is shown, at most; 0: as the processor has it",
    )
    min_pixels: int = Field(
        0,
        ge=0,
        exclude_if=lambda pixels: not pixels,
        description="of an image as it is shown, at least; 0: as the processor has it",
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="auto: bfloat16 on a GPU, else float32"
    )
    gradient_checkpointing: bool = Field(True, description="less memory for more time")
    rollouts: RolloutSettings = Field(RolloutSettings(), description="what writes completions")
    launcher: LauncherSettings = Field(LauncherSettings(), description="processes of a training")
    stop: StopSettings = Field(StopSettings(), description="when a run that goes wrong is stopped")
    save_steps: int = Field(50, ge=1, description="steps")
    threads: int = Field(0, ge=0, description="of torch on a CPU; 0: as torch thinks")
    dataloader_num_workers: int = Field(0, ge=0, description="processes that read images ahead")
    report_to: tuple[Literal["tensorboard", "trackio", "wandb"], ...] = Field(
        (),
        exclude_if=lambda trackers: not trackers,
        description="trackers beside the curves in Dagster; each needs its package",
    )
    validation_rows: int = Field(
        500, ge=0, description="held-out rows answered before, after and while it is trained, at most"
    )
    eval_steps: int = Field(
        50, ge=0, description="steps between two evaluations on the held-out rows while it is trained; 0: none"
    )
    publish: Literal["last", "best"] = Field(
        "last",
        exclude_if=lambda step: step == "last",
        description="weights of the last step, or of the evaluated step with the highest accuracy on the held-out rows",
    )

    @model_validator(mode="after")
    def _settings_fit(self) -> "RecipeSettings":
        if self.accuracy_weight + self.format_weight <= 0:
            raise ValueError("both reward weights are 0")
        if self.difficulty[0] > self.difficulty[1]:
            raise ValueError(f"difficulty goes from {self.difficulty[0]:g} down to {self.difficulty[1]:g}")
        if self.loss_type == "cispo" and self.epsilon_high < 1:
            raise ValueError(
                f"epsilon_high {self.epsilon_high:g} bounds the ratio itself where loss_type is cispo, and would shrink every step:"
                " set it to 1 or more (5.0)"
            )
        if self.importance_sampling_level == "sequence" and self.loss_type != "grpo":
            raise ValueError(
                f'a ratio of whole sequences needs loss_type = "grpo", as in GSPO: {self.loss_type} weighs tokens'
            )
        if self.publish == "best" and not (self.eval_steps and self.validation_rows):
            raise ValueError(
                'publish = "best" needs evaluations to choose by: set eval_steps and validation_rows above 0'
            )
        if self.max_pixels and self.min_pixels > self.max_pixels:
            raise ValueError(f"min_pixels {self.min_pixels} is more than max_pixels {self.max_pixels}")
        if (self.max_pixels or self.min_pixels) and self.rollouts.engine == "vllm-colocated":
            raise ValueError(
                "max_pixels and min_pixels do not reach a colocated vLLM: leave them out, or let transformers write the completions"
            )
        completions = self.prompts_per_step * self.num_generations
        share = completions // self.launcher.processes
        if completions % self.launcher.processes:
            raise ValueError(
                f"{completions} completions a step cannot be spread over {self.launcher.processes} processes"
            )
        if self.micro_batch_size and self.micro_batch_size < share and share % self.micro_batch_size:
            raise ValueError(
                f"micro_batch_size {self.micro_batch_size} does not divide the {share} completions of a process "
                "(prompts_per_step x num_generations / processes)"
            )
        return self

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases of the method, in the order in which they are trained: `sft`, `grpo` or both."""
        return tuple(self.method.split("+"))

    def counted(self) -> dict[str, Any]:
        """The settings that a policy's digest goes by, by their names in the store."""
        return self.stored(leave_out=UNCOUNTED if self.publish == "best" else (*UNCOUNTED, *CHOOSING))


def recipe_name(name: str) -> str:
    """Refuse a name that cannot be part of a training run's key."""
    if not NAME.fullmatch(name):
        raise ValueError("a recipe's name is letters, digits and _ . + -, and starts with a letter or digit")
    return name


class TrainingSettings(Table):
    """What all training runs share."""

    RENAMED: ClassVar[Mapping[str, str]] = {"keep_checkpoints": "save_total_limit"}

    work: str = Field(
        "work/training",
        description="folder of this machine for what running trainings keep; may be removed when none runs",
    )
    save_total_limit: Annotated[
        int, Field(ge=1, description="newest whole checkpoints kept while a run is running")
    ] = 2
    trackers: str = Field(
        "work/trackers",
        description="folder of this machine for what the trackers of `report_to` write; runs leave it as it is",
    )
    leaks: Literal["refuse", "allow"] = Field(
        "refuse",
        description="whether a training refuses a version that leaks (rows of benchmarks, alike images across splits, duplicates)",
    )
    price_device_hour: float = Field(
        0.0, ge=0, description="money for an hour of one device, for the cost that `wethink train --plan` says"
    )
