"""Settings of scoring: benchmarks with their files, and how replies are drawn, graded and compared."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from wethink_assets.config.base import NAME, Share, Table
from wethink_assets.config.locations import openable_if_given, stated
from wethink_assets.config.models import RoleSettings
from wethink_assets.extensions.builtin import BENCHMARK_FORMS

TRAINING_RUN = re.compile(r"v\d+\.")
SYSTEM_PROMPT = (
    "First think about the question step by step inside <think> </think>, then give the final answer inside "
    "<answer> </answer>, with nothing after it."
)


def known_form(key: str) -> str:
    """Refuse a benchmark form that is not registered."""
    if key not in BENCHMARK_FORMS:
        raise ValueError(f"unknown benchmark form {key!r}; known: {', '.join(BENCHMARK_FORMS)}")
    return key


class BenchmarkSettings(Table):
    """One benchmark's file: another place for one of the fourteen, or a benchmark of one's own."""

    path: Annotated[str, AfterValidator(openable_if_given)] = Field(
        "", description="TSV file; empty: <name>.tsv in the folder that `scoring.lmu_data` names"
    )
    title: str = Field("", description="name to show")
    form: Annotated[str, AfterValidator(known_form)] | None = Field(
        None, description="how a benchmark of one's own is scored; empty: choice where the file has options, else free"
    )


class ScoredModelSettings(RoleSettings):
    """A model that was not trained here, to be scored beside policies: an endpoint, or weights that `scoring.server` serves."""

    system_prompt: str | None = Field(None, description="of this model; none: `scoring.system_prompt`")
    prompts: Literal["", "auto", "vlmevalkit", "embedded"] = Field(
        "", description="wording of the questions; empty: as scoring says"
    )
    chat_template: str = Field(
        "",
        description="Jinja template by which our server writes its conversations: a file, or the template itself; empty: the model's own",
    )

    @model_validator(mode="after")
    def _a_template_is_for_our_servers(self) -> "ScoredModelSettings":
        if self.chat_template and self.provider != "embedded" and not self.server:
            raise ValueError(
                "chat_template: an endpoint writes conversations by a template of its own; give it one where it is started (vLLM: --chat-template, "
                "llama.cpp: --chat-template-file), or, where it takes one with each request, as extra_body = { chat_template = ... }"
            )
        return self


def scored_model_name(name: str) -> str:
    """Refuse a name that a column cannot have, or that a training run has."""
    if not NAME.fullmatch(name) or TRAINING_RUN.match(name):
        raise ValueError(
            f"the name {name!r} of a model is letters, digits and _ . + -, and not that of a training run (v0001.<recipe>)"
        )
    return name


class ScoringSettings(Table):
    """How policies are scored."""

    lmu_data: Annotated[str, AfterValidator(stated)] = Field(
        "LMUData", description="folder of the benchmark files, as VLMEvalKit's LMUData"
    )
    scorer: Literal["vlmevalkit", "own"] = Field(
        "vlmevalkit",
        description="what asks and scores the fourteen and choice files of one's own; stand-ins are always scored by our own rules",
    )
    vlmevalkit_python: str = Field(
        "", description="Python that has VLMEvalKit; empty: .venv-vlmevalkit, made when it is first needed"
    )
    benchmarks: tuple[str, ...] = Field((), description="names of those to score; empty: all whose files are there")
    samples: bool = Field(True, description="also draw stand-ins of the 14 benchmarks (sample_*), and score them")
    sample_questions: int = Field(24, ge=12, le=2000, description="questions of each stand-in, about")
    greedy: bool = Field(True, description="score greedy replies; they are the score that is shown")
    seeds: tuple[int, ...] = Field((1, 2), description="sampling seeds: one more score each")
    temperature: float = Field(0.7, gt=0, le=2, description="of sampled replies")
    top_p: float = Field(1.0, gt=0, le=1, description="of sampled replies")
    max_tokens: int = Field(2048, ge=1, description="of one reply; the embedded policy gets at most 200")
    thinking_max_tokens: int = Field(
        32_768,
        ge=1,
        description="of one reply of a model that is told to think, or whose dialect says that it does, where neither its table nor `max_tokens` is"
        " set; at most half of its server's max_model_len",
    )
    prompts: Literal["auto", "vlmevalkit", "embedded"] = Field(
        "auto", description="wording of the questions; auto: embedded for an embedded policy, else VLMEvalKit's"
    )
    system_prompt: str = Field(SYSTEM_PROMPT, description="sent to base and policy alike, except to embedded ones")
    endpoints: dict[str, RoleSettings] = Field(
        default_factory=dict, description="where models that are not embedded are served, by training run or base model"
    )
    models: dict[Annotated[str, AfterValidator(scored_model_name)], ScoredModelSettings] = Field(
        default_factory=dict,
        description="further models to score, by name: each as a role's table, with system_prompt and prompts of its own",
    )
    server: str = Field(
        "",
        description="a [servers.<name>] table by which models without such an endpoint are served, in turn, each with its own weights",
    )
    resamples: int = Field(
        20_000,
        ge=100,
        le=100_000,
        description="permutations drawn for the test of a difference where there are too many to count",
    )
    confidence: Share = Field(0.95, description="share of repetitions in which an interval is to hold the truth")
    flag_above: Share = Field(0.01, description="share of failed calls above which a score is flagged")

    @model_validator(mode="after")
    def _something_is_scored(self) -> "ScoringSettings":
        if not self.greedy and not self.seeds:
            raise ValueError("nothing is scored: neither greedy replies nor any seed")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("a seed is there twice")
        return self


def benchmark_name(name: str) -> str:
    """Refuse a name that cannot be part of a path, or that belongs to the drawn stand-ins."""
    if not NAME.fullmatch(name) or name.startswith("sample_"):
        raise ValueError("a benchmark name is letters, digits and _ . + -, and does not begin with sample_")
    return name
