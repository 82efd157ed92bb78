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
    "mathvista": "be1a49186bf432a732ffbd15477ea64c",
    "mathvision": "e82d514f48e123abdf45a41df0fa22c1",
    "mathverse": "1019fed6cf2f4c9ed1e6bd20ac068147",
    "dynamath": "54b449dc8ff94baeefe997cd31857abb",
    "wemath": "fcbbe669b93b1a606cb67e5d811624af",
    "logicvista": "462393214e5689a4e4145e9ec51ea2d7",
    "circular": "c17c2238804cbfbf4b479dea8e9839a1",
    "choice": "e277d8eb364e2dc8586c4900c5a86d43",
    "mmmu": "0581f385c207c1a92ad42fdb79c8dc9a",
    "yes_no": "07c3729ef7519af31958572275e4a6db",
    "ocr": "d2f7fe990faab64c2b0f0f7f8bac7f94",
    "mmvet": "963782b8e53d8f5019cedfcd3996a7f8",
    "free": "e0b46586813376be12fef4fb2a4923d8",
}
BY_VLMEVALKIT = {"MMStar": "024ba36438f283debdef930dd1f14f1e", "OCRBench": "21980a0ae4de5845a89a201a00890fde"}
"""Settings digests, last changed with the rule that what failed or was cut earns nothing: they name the folders of scores, so another one would lose
all that was scored.

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
