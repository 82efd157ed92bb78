"""The drawn stand-ins: in the form of the benchmarks, true, reproducible, and right for whoever reads the scenes."""

from pathlib import Path

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.config.evaluation import ScoringSettings
from wethink_assets.config.models import RoleSettings
from wethink_assets.evaluation.benchmarks.catalog import SAMPLES
from wethink_assets.evaluation.benchmarks.files import benchmark_files, rows_of
from wethink_assets.evaluation.benchmarks.tsv import images_of
from wethink_assets.evaluation.forms.yes_no import with_hallusion_ids
from wethink_assets.evaluation.runs.score import score_model
from wethink_assets.evaluation.samples import ensure_samples
from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets.models.chat import Sampling
from wethink_assets.models.embedded.checkpoints import checkpoint_digest
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.answering_model import Answering
from wethink_assets_tests.support.benchmark_files import evaluated_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("samples")
    ensure_samples(root / "LMUData", 24)
    return root


def sampled(folder: Path, **scoring: object) -> Settings:
    table = {"sample_questions": 24, "seeds": (), "resamples": 200, **scoring}
    return Settings(folder=str(folder), scoring=ScoringSettings(**table))  # type: ignore[arg-type]


def test_the_same_arguments_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for one in ensure_samples(tmp_path, 24):
        assert one.read_bytes() == (folder / "LMUData" / one.name).read_bytes(), one.name
    drawn: list[str] = []
    ensure_samples(tmp_path, 24, drawn.append)
    assert drawn == []
    (tmp_path / "sample_MMStar.tsv").unlink()
    ensure_samples(tmp_path, 24, drawn.append)
    assert drawn == ["sample_MMStar"]
    ensure_samples(tmp_path, 30, drawn.append)
    assert len(drawn) == 15


@pytest.mark.parametrize("key", [one.key for one in SAMPLES])
def test_each_stand_in_is_well_formed(folder: Path, key: str) -> None:
    (file,) = benchmark_files(sampled(folder), [key])
    assert file.state == "present" and file.benchmark.sample and key.startswith("sample_")
    rows = rows_of(file.path)
    assert 24 <= rows.height <= 32 and rows["index"].is_unique().all()
    form = BENCHMARK_FORMS[file.benchmark.form]
    for row in rows.iter_rows(named=True):
        options = form.options(row)
        if form.question_kind(row) == "MC":
            assert len(set(options.values())) == len(options) >= 2
            right = row["answer_option"] if file.benchmark.form == "mathvista" else form.right_option(row)
            assert right in options
        assert images_of(file.path, row)[0].read().startswith(b"\x89PNG")
        assert row["asked"] in form.embedded_prompt(row) and row["asked"] in form.prompt(row)


def test_forms_of_the_groups(folder: Path) -> None:
    frames = {
        file.benchmark.key: rows_of(file.path) for file in benchmark_files(sampled(folder)) if file.benchmark.sample
    }
    hallusion = with_hallusion_ids(frames["sample_HallusionBench"])
    assert set(hallusion.group_by("figure_id").len()["len"]) == {2} and set(hallusion.group_by("set").len()["len"]) == {
        4
    }
    assert set(hallusion["answer"]) == {"Yes", "No"}
    dynamath = frames["sample_DynaMath"]
    assert set(dynamath.group_by("qid").len()["len"]) == {3}
    firsts = dynamath.filter(pl.col("varid") == "1")
    assert firsts["index"].to_list() == firsts["qid"].to_list()
    circular = frames["sample_MMBench_DEV_EN_V11"]
    assert set(circular.group_by("g_index").len()["len"]) == {3}
    assert circular.filter(pl.col("g_index") == "0")["answer"].n_unique() == 3
    keys = frames["sample_WeMath"].group_by("ID").agg(pl.col("key"))["key"].to_list()
    assert all(len(parts) in (3, 4) and parts[-1].endswith("multi") for parts in keys)
    assert frames["sample_MMMU_DEV_VAL"].filter(pl.col("A").is_null()).height >= 4
    assert len(set(frames["sample_OCRBench"]["category"])) == 10


def test_who_knows_all_answers_scores_full_marks_on_every_stand_in(folder: Path, tmp_path: Path) -> None:
    settings = sampled(folder)
    files = [file for file in benchmark_files(settings) if file.benchmark.sample]
    answers: dict[tuple[str, str], list[str]] = {}
    for file in files:
        for row in rows_of(file.path).iter_rows(named=True):
            form = file.benchmark.form
            given = row["answer_option"] or row["answer"] if form == "mathvista" else row["answer"]
            answers.setdefault((BENCHMARK_FORMS[form].prompt(row), row["images"][0]), []).append(
                given.strip("[]'") if form == "ocr" else given
            )

    class Knowing(Answering):
        async def chat(self, messages, *, schema=None, sampling):  # type: ignore[no-untyped-def]
            self.script = lambda text, _: answers[text, messages[-1].images[0].sha256][0]
            return await super().chat(messages, schema=schema, sampling=sampling)

    def extracting(text: str, sampling: Sampling) -> str:
        asked, mark, _ = text.partition("\n</reply>\n\nExtracted answer:")
        return asked.partition("<reply>\n")[2] if mark else "1.0"

    judge = Answering(extracting, "judge")
    store = Store.open(str(tmp_path))
    judged = settings.model_copy(
        update={"roles": {"judge": RoleSettings(provider="endpoint", url="http://127.0.0.1:1/v1", model="judge")}}
    )
    with Models(judged, {"policy": Knowing(lambda text, sampling: ""), "judge": judge}) as models:
        scores = score_model(store, judged, evaluated_model(), files, models=models)
    assert {score.benchmark: score.value for score in scores} == {
        file.benchmark.key: file.benchmark.scale for file in files
    }
    assert all(score.sample and score.failed_inference == 0 for score in scores)


@pytest.mark.slow
def test_the_embedded_describer_does_better_than_the_weaker_policy(folder: Path, tmp_path: Path) -> None:
    from wethink_assets.evaluation.runs.models import EvaluatedModel

    keys = ["sample_MMStar", "sample_WeMath", "sample_MMVet"]
    settings = sampled(folder, benchmarks=tuple(keys))
    settings = settings.model_copy(
        update={"pipeline": settings.pipeline.model_copy(update={"prompt_pack": "embedded"})}
    )
    values = {}
    for name in ("policy", "describer"):
        digest = checkpoint_digest(name)
        model = EvaluatedModel(name, digest, {"model": name}, True, lambda name=name: RoleSettings(model=name))  # type: ignore[misc]
        scores = score_model(Store.open(str(tmp_path)), settings, model, benchmark_files(settings, keys))
        values[name] = sum(score.value or 0 for score in scores)
        assert all(score.failed_inference == score.failed_judging == 0 for score in scores)
    assert values["describer"] > values["policy"] + 20
