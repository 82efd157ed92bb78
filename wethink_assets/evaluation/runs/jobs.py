"""What is there to score of a model, and what do its scores follow from? A job a benchmark and decoding."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile, rows_of
from wethink_assets.evaluation.benchmarks.prompts import LOGIC_VERSION as PROMPTS_VERSION
from wethink_assets.evaluation.grading.judge import JudgeWords
from wethink_assets.evaluation.grading.verdicts import JUDGED
from wethink_assets.evaluation.grading.verdicts import LOGIC_VERSION as VERDICTS_VERSION
from wethink_assets.evaluation.runs.models import EMBEDDED_TOKENS, Contender
from wethink_assets.evaluation.runs.records import Decoding, Score, digest_of_settings, read_score, score_folder
from wethink_assets.evaluation.vlmevalkit.environment import kit_version
from wethink_assets.evaluation.vlmevalkit.scoring import LOGIC_VERSION as KIT_VERSION
from wethink_assets.identity import sha256_hex
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store

Scorer = Literal["vlmevalkit", "own"]
KIT: Scorer = "vlmevalkit"


@dataclass(slots=True)
class Job:
    """One benchmark with one decoding, to be scored; `found` gathers what each row came to."""

    file: BenchmarkFile
    decoding: Decoding
    settings: dict[str, Any]
    digest: str
    rows: pl.DataFrame
    scorer: Scorer = "own"
    found: list[dict[str, Any]] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The benchmark."""
        return self.file.benchmark.key


def scorer_of(settings: Settings, file: BenchmarkFile) -> Scorer:
    """Who makes a benchmark's prompts and scores its replies.

    VLMEvalKit the fourteen, and choice files of one's own; it has no scoring for free answers of one's own, and stand-ins need none of it.
    """
    benchmark = file.benchmark
    taken = not benchmark.sample and (benchmark.suite != "own" or benchmark.form == "choice")
    return KIT if taken and settings.scoring.scorer == KIT else "own"


def decodings(settings: Settings, contender: Contender) -> list[Decoding]:
    """The decodings that the configuration asks for, greedy first."""
    told = settings.scoring
    tokens = min(told.max_tokens, EMBEDDED_TOKENS) if contender.embedded else told.max_tokens
    greedy = [Decoding(0.0, 1.0, tokens, 0)] if told.greedy else []
    return [*greedy, *(Decoding(told.temperature, told.top_p, tokens, seed) for seed in told.seeds)]


def style_of(settings: Settings, contender: Contender, scorer: Scorer = "own") -> tuple[str, str]:
    """In which words questions are put, and the system prompt (none for an embedded policy's words, which it was trained on without)."""
    told = settings.scoring
    auto = "embedded" if contender.embedded and scorer == "own" else "vlmevalkit"
    style = told.prompts if told.prompts != "auto" else auto
    return style, "" if style == "embedded" else told.system_prompt


def settings_of(
    settings: Settings, models: Models, words: JudgeWords, contender: Contender, file: BenchmarkFile, decoding: Decoding
) -> dict[str, Any]:
    """All that replies and verdicts of a benchmark follow from, beside the model's weights."""
    scorer = scorer_of(settings, file)
    style, system = style_of(settings, contender, scorer)
    judge: dict[str, Any] = {}
    if file.benchmark.form in JUDGED:
        model, revision = models.identity("judge")
        role = settings.role("judge")
        judge = {"model": model, "revision": revision, "prompts": words.digest, "temperature": role.temperature,
                 "max_tokens": role.max_tokens}  # fmt: skip
        if scorer == KIT:
            judge = {"model": model, "revision": revision, "max_tokens": role.max_tokens}
    version = f"{KIT} {kit_version()}.{KIT_VERSION}" if scorer == KIT else ""
    return {
        "file": file.md5,
        "form": file.benchmark.form,
        "decoding": {"temperature": decoding.temperature, "top_p": decoding.top_p, "max_tokens": decoding.max_tokens, "seed": decoding.seed},
        "prompts": {"style": style, "version": version or PROMPTS_VERSION, "system": sha256_hex(system.encode()) if system else ""},
        "verdicts": version or VERDICTS_VERSION,
        "judge": judge,
    }  # fmt: skip


def pairs(
    store: Store, settings: Settings, contender: Contender, files: Sequence[BenchmarkFile], models: Models | None = None
) -> Iterator[tuple[Job, Score | None]]:
    """Each usable file with each decoding, and its score where there is one. No model is asked."""
    words, identities = JudgeWords.of(settings), models or Models.open(settings)
    for file in files:
        if not file.usable:
            continue
        for decoding in decodings(settings, contender):
            told = settings_of(settings, identities, words, contender, file, decoding)
            digest = digest_of_settings(told)
            score = read_score(store, score_folder(contender.digest, file.benchmark.key, digest))
            yield Job(file, decoding, told, digest, rows_of(file.path), scorer_of(settings, file)), score
