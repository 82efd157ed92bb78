"""Jobs: who scores what, and what a score follows from."""

from pathlib import Path

import pytest

from wethink_assets.config import Settings
from wethink_assets.config.evaluation import ScoringSettings
from wethink_assets.evaluation.benchmarks.catalog import BENCHMARKS, Benchmark
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile, benchmark_files
from wethink_assets.evaluation.grading.judge import JudgePrompts
from wethink_assets.evaluation.runs.jobs import decodings, scorer_of, settings_of
from wethink_assets.evaluation.runs.records import digest_of_settings
from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets.models.registry import Models
from wethink_assets_tests.support.benchmark_files import (
    ENDPOINT,
    choice_rows,
    evaluated_model,
    scoring_settings,
    write_tsv,
)


def test_who_scores_what(tmp_path: Path) -> None:
    settings = scoring_settings(tmp_path, own=("mine", "free"), samples=True, sample_questions=12, scorer="vlmevalkit")
    write_tsv(tmp_path / "mine.tsv", choice_rows(3))
    write_tsv(tmp_path / "free.tsv", [{"index": 1, "question": "How many?", "answer": "two"}])
    write_tsv(tmp_path / "LMUData" / "MMStar.tsv", choice_rows(3))
    scorers = {file.benchmark.key: scorer_of(settings, file) for file in benchmark_files(settings) if file.usable}
    assert {key: scorers[key] for key in ("mine", "free", "MMStar", "sample_MMStar")} == {
        "mine": "vlmevalkit",
        "free": "own",
        "MMStar": "vlmevalkit",
        "sample_MMStar": "own",
    }
    ours = scoring_settings(tmp_path, own=("mine",))
    assert {scorer_of(ours, file) for file in benchmark_files(ours)} == {"own"}


BY_OUR_OWN_RULES = {
    "mathvista": "321f80a79a872af599a618f9e9879a67",
    "mathvision": "3d8219e6daa559c7fd74066a9f7a3f0f",
    "mathverse": "ae523b674e5fcf29280a30b28999be28",
    "dynamath": "ed8cebf4eabf2590af7ea77ab0d8ff53",
    "wemath": "b8d7f1ae7d534ab32cf65ac02b55bcf0",
    "logicvista": "ff7430a16a4611e8fbebf607ca4bbb31",
    "circular": "b95978a9203400f986cddf4614c1edd9",
    "choice": "38d729c25deb02a9e1bbdd95c0e31702",
    "mmmu": "a033cc5d46f87934a8e85d806e1cb071",
    "yes_no": "e81f9c142bc18c08834ce4aec6d9d78d",
    "ocr": "cab482e6b66db45fa2c24bf84862355a",
    "mmvet": "f899d9f30e336cd97ee06a1116e188ea",
    "free": "ef6cc5d9257d9e59c95842cbdccbc160",
}
BY_VLMEVALKIT = {"MMStar": "57f4c292be8945ee875c00923565f974", "OCRBench": "0e273206a0ec3eeddc12961074924aa4"}
"""Settings digests as commit 5a3ff80 had them, but for those of the forms that compare values, whose rule changed since:
they name the folders of scores, so another one would lose all that was scored.

A changed prompt, rule (`LOGIC_VERSION`) or release of VLMEvalKit changes them rightly; nothing else does.
"""


def settings_digest(benchmark: Benchmark) -> str:
    """Digest of greedy replies by a fixed judge on a file whose md5 is all zeros."""
    settings = Settings(roles={"judge": ENDPOINT})
    file = BenchmarkFile(benchmark, Path("x.tsv"), "present", "0" * 32, 1)
    greedy = decodings(settings, evaluated_model())[0]
    models, judge_prompts = Models.open(settings), JudgePrompts.of(settings)
    return digest_of_settings(settings_of(settings, models, judge_prompts, evaluated_model(), file, greedy))


@pytest.mark.parametrize("form", BY_OUR_OWN_RULES)
def test_scores_by_our_own_rules_are_found_where_they_were(form: str) -> None:
    benchmark = Benchmark("sample_x", "a stand-in", form, "academic", "accuracy", stands_for="x")
    assert settings_digest(benchmark) == BY_OUR_OWN_RULES[form]


@pytest.mark.parametrize("key", BY_VLMEVALKIT)
def test_scores_by_vlmevalkit_are_found_where_they_were(key: str) -> None:
    assert settings_digest(BENCHMARKS[key]) == BY_VLMEVALKIT[key]


def test_every_form_that_ships_has_its_digest_here() -> None:
    shipped = {key for key, form in BENCHMARK_FORMS.items() if type(form).__module__.startswith("wethink_assets.")}
    assert set(BY_OUR_OWN_RULES) == shipped


def test_how_model_and_judge_are_asked_is_part_of_a_score_where_settings_say_so() -> None:
    benchmark = Benchmark("sample_x", "a stand-in", "free", "academic", "accuracy", stands_for="x")
    file = BenchmarkFile(benchmark, Path("x.tsv"), "present", "0" * 32, 1)
    model = evaluated_model()
    off = ENDPOINT.model_copy(update={"thinking": "off"})
    asked = {}
    for name, judge, policy in (("plain", ENDPOINT, ENDPOINT), ("judge", off, ENDPOINT), ("policy", ENDPOINT, off)):
        settings = Settings(roles={"judge": judge}, scoring=ScoringSettings(endpoints={model.name: policy}))
        models, judge_prompts = Models.open(settings), JudgePrompts.of(settings)
        asked[name] = settings_of(settings, models, judge_prompts, model, file, decodings(settings, model)[0])
    requests = {"fields": {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}}}
    assert "requests" not in asked["plain"] and "requests" not in asked["plain"]["judge"]
    assert asked["judge"]["judge"]["requests"] == requests == asked["policy"]["requests"]
