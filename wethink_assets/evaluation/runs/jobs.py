"""Jobs of a scoring: one per benchmark and decoding, with the settings that its score follows from."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile, rows_of
from wethink_assets.evaluation.forms.form import PROMPTS_VERSION, VERDICTS_VERSION, VLMEVALKIT, Form
from wethink_assets.evaluation.grading.judge import JudgePrompts
from wethink_assets.evaluation.runs.models import EMBEDDED_TOKENS, EvaluatedModel
from wethink_assets.evaluation.runs.records import (
    Decoding,
    Score,
    Scorer,
    digest_of_settings,
    read_score,
    score_folder,
)
from wethink_assets.evaluation.vlmevalkit.environment import kit_version
from wethink_assets.evaluation.vlmevalkit.scoring import LOGIC_VERSION as KIT_VERSION
from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets.identity import sha256_hex
from wethink_assets.models.dialects.request_form import reasons
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store


@dataclass(slots=True)
class Job:
    """One benchmark with one decoding, to be scored; `replies` gathers the reply to each row, with its verdict, `counts` calls and tokens."""

    file: BenchmarkFile
    decoding: Decoding
    settings: dict[str, Any]
    digest: str
    rows: pl.DataFrame
    scorer: Scorer = "own"
    replies: list[dict[str, Any]] = field(default_factory=list)
    wording: str = ""  # a sentence added to each question, where it is measured how far that moves the score
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def key(self) -> str:
        """The benchmark."""
        return self.file.benchmark.key

    @property
    def form(self) -> Form:
        """Form of the benchmark."""
        return BENCHMARK_FORMS[self.file.benchmark.form]


def scorer_of(settings: Settings, file: BenchmarkFile) -> Scorer:
    """Who makes a benchmark's prompts and scores its replies.

    VLMEvalKit the fourteen, and files of one's own in forms that it has a scoring for; stand-ins need none of it.
    """
    benchmark = file.benchmark
    own = benchmark.suite == "own" and not BENCHMARK_FORMS[benchmark.form].own_files_by_vlmevalkit
    return "own" if benchmark.sample or own or settings.scoring.scorer != VLMEVALKIT else VLMEVALKIT


def decodings(settings: Settings, model: EvaluatedModel) -> list[Decoding]:
    """The decodings that the configuration asks for, greedy first; a model's own table may state length and sampling."""
    scoring, own = settings.scoring, model.own
    stated = own.model_fields_set if own is not None else ()

    def of(name: str) -> Any:
        return getattr(own if name in stated else scoring, name)

    tokens = min(of("max_tokens"), EMBEDDED_TOKENS) if model.embedded else _tokens(settings, model, of("max_tokens"))
    temperature = of("temperature") or scoring.temperature
    greedy = [Decoding(0.0, 1.0, tokens, 0)] if scoring.greedy else []
    return [*greedy, *(Decoding(temperature, of("top_p"), tokens, seed) for seed in scoring.seeds)]


def _tokens(settings: Settings, model: EvaluatedModel, otherwise: int) -> int:
    """Bound of a reply's length, of a model that thinks what cards of such models evaluate with, where nothing states one."""
    scoring = settings.scoring
    role = model.own or scoring.endpoints.get(model.name)
    stated = "max_tokens" in (model.own.model_fields_set if model.own is not None else ())
    if stated or role is None or not reasons(role):
        return otherwise
    if "max_tokens" in scoring.model_fields_set and "thinking_max_tokens" not in scoring.model_fields_set:
        return otherwise
    table = settings.servers.get(role.server or scoring.server)
    context = table.max_model_len if table is not None else 0
    return min(scoring.thinking_max_tokens, context // 2) if context else scoring.thinking_max_tokens


def style_of(settings: Settings, model: EvaluatedModel, scorer: Scorer = "own") -> tuple[str, str]:
    """Wording of the questions, and the system prompt (none for an embedded policy's wording, which it was trained on without)."""
    scoring, own = settings.scoring, model.own
    auto = "embedded" if model.embedded and scorer == "own" else "vlmevalkit"
    wanted = own.prompts if own is not None and own.prompts else scoring.prompts
    style = wanted if wanted != "auto" else auto
    system = own.system_prompt if own is not None and own.system_prompt is not None else scoring.system_prompt
    return style, "" if style == "embedded" else system


def settings_of(
    settings: Settings,
    models: Models,
    judge_prompts: JudgePrompts,
    model: EvaluatedModel,
    file: BenchmarkFile,
    decoding: Decoding,
) -> dict[str, Any]:
    """All that replies and verdicts of a benchmark follow from, beside the model's weights."""
    scorer, form = scorer_of(settings, file), BENCHMARK_FORMS[file.benchmark.form]
    style, system = style_of(settings, model, scorer)
    judge: dict[str, Any] = {}
    if form.judged:
        name, revision = models.identity("judge")
        role = settings.role("judge")
        own = {"prompts": judge_prompts.digest, "temperature": role.temperature} if scorer == "own" else {}
        judge = {"model": name, "revision": revision, **own, "max_tokens": role.max_tokens}
        judge |= _requests(models.request_options("judge", with_schema=False))
    version = f"{VLMEVALKIT} {kit_version()}.{KIT_VERSION}" if scorer == VLMEVALKIT else ""
    own_version = ".".join(filter(None, (VERDICTS_VERSION, form.logic_version)))
    return {
        "file": file.md5,
        "form": file.benchmark.form,
        "decoding": {"temperature": decoding.temperature, "top_p": decoding.top_p, "max_tokens": decoding.max_tokens, "seed": decoding.seed},
        "prompts": {"style": style, "version": version or PROMPTS_VERSION, "system": sha256_hex(system.encode()) if system else ""},
        "verdicts": version or own_version,
        "judge": judge,
        **_requests(model.request_options(settings)),
    }  # fmt: skip


def _requests(options: dict[str, Any]) -> dict[str, Any]:
    # Nothing where settings say nothing: digests of scores from before there were dialects stay.
    return {"requests": options} if options else {}


def jobs_with_scores(
    store: Store,
    settings: Settings,
    model: EvaluatedModel,
    files: Sequence[BenchmarkFile],
    models: Models | None = None,
) -> Iterator[tuple[Job, Score | None]]:
    """Each usable file with each decoding, and its score where there is one. No model is asked."""
    judge_prompts, identities = JudgePrompts.of(settings), models or Models.open(settings)
    for file in files:
        if not file.usable:
            continue
        for decoding in decodings(settings, model):
            basis = settings_of(settings, identities, judge_prompts, model, file, decoding)
            digest = digest_of_settings(basis)
            score = read_score(store, score_folder(model.digest, file.benchmark.key, digest))
            yield Job(file, decoding, basis, digest, rows_of(file.path), scorer_of(settings, file)), score
