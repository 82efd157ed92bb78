"""VLMEvalKit itself, in its own environment: prompts and verdicts of the fourteen, on files made of the drawn stand-ins."""

import csv
import itertools
import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ModelError, SourceError
from wethink_assets.evaluation.benchmarks.catalog import OPENCOMPASS, SAMPLE
from wethink_assets.evaluation.benchmarks.files import benchmark_files, path_of
from wethink_assets.evaluation.runs.models import EvaluatedModel
from wethink_assets.evaluation.runs.records import Score, Waiting, read_replies, records_of, scores_of
from wethink_assets.evaluation.runs.score import score_model
from wethink_assets.evaluation.samples import ensure_samples
from wethink_assets.evaluation.vlmevalkit.process import Kit, KitError
from wethink_assets.models.chat import CallFailed, Completion, Sampling
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.answering_model import Answering
from wethink_assets_tests.support.benchmark_files import choice_rows, evaluated_model, scoring_settings, write_tsv

pytestmark = pytest.mark.slow
KEYS = [benchmark.key for benchmark in OPENCOMPASS]
COUNTED = ("OCRBench", "WeMath")  # VLMEvalKit counts on their full size


def real_files(settings: Settings, questions: int = 12) -> None:
    """Stand-ins under the names of the fourteen."""
    drawn = Path(settings.folder) / "drawn"
    for path in ensure_samples(drawn, questions):
        target = path_of(settings, path.stem.removeprefix(SAMPLE))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def run(
    store: Store, settings: Settings, policy: Answering, judge: Answering, kit: Kit, keys: list[str], digest: str = "a"
) -> list[Score]:
    with Models(settings, {"policy": policy, "judge": judge}) as models:
        return score_model(
            store,
            settings,
            evaluated_model(digest=digest * 64),
            benchmark_files(settings, keys),
            models=models,
            kit=kit,
        )


def judge_of(asked: str, _: Sampling) -> str:
    """A judge that grades 0.5, takes nothing for an option or a word, and finds one number in every answer."""
    if "Yes / No" in asked:
        return "Unknown"
    if "correctness score" in asked:
        return "<think>half of it</think><answer>0.5</answer>"
    return "Z" if "single character" in asked or "ONLY the letters" in asked else "1"


def test_one_process_asks_and_scores_all_fourteen(tmp_path: Path) -> None:
    settings, store = scoring_settings(tmp_path, own=(), scorer="vlmevalkit"), Store.open(str(tmp_path / "store"))
    real_files(settings)
    policy = Answering(lambda text, sampling: "<think>It may be A, or C.</think><answer>B</answer>")
    judge = Answering(judge_of, "judge")
    with Kit(settings) as kit:
        scores = {score.benchmark: score for score in run(store, settings, policy, judge, kit, KEYS)}
        again = run(store, settings, policy, judge, kit, KEYS, digest="b")
        assert kit.started == 1
    assert list(scores) == KEYS and [s.value for s in again] == [s.value for s in scores.values()]
    for key, score in scores.items():
        replies = read_replies(store, score)
        assert score.scorer == "vlmevalkit" and set(replies["prediction"]) == {"B"}
        assert score.flags[-1] == "other md5" and (len(score.flags) == 1 or key in COUNTED), score.flags
        assert score.value is not None and score.failed_judging == 0
        kept = store.names(f"{score.folder}/vlmevalkit")
        assert f"policy_{key}.tsv" in kept and (key == "OCRBench" or any("judge" in n or "auxmatch" in n for n in kept))
        written = pl.read_csv(
            store.read(f"{score.folder}/vlmevalkit/policy_{key}.tsv"), separator="\t", infer_schema=False
        )
        assert set(written["prediction"]) == {"B"} and "image" not in written.columns
    for key in ("MMStar", "AI2D_TEST", "RealWorldQA"):
        rows = read_replies(store, scores[key])
        assert rows["hit"].to_list() == [float(answer == "B") for answer in rows["answer"]]
        assert scores[key].value == pytest.approx(100 * (rows["answer"] == "B").mean())  # type: ignore[operator]
    assert scores["MMVet"].value == 50 and scores["HallusionBench"].parts["aAcc"] is not None
    prompts = {key: read_replies(store, scores[key])["prompt"][0] for key in KEYS}
    assert prompts["MMStar"].endswith("Please select the correct answer from the options above. \n")
    assert "## Answer Instruction Please provide an answer" in prompts["DynaMath"]
    assert any(message[-1].places for message in policy.messages) == any(
        "<image 1>" in question for question in read_replies(store, scores["MMMU_DEV_VAL"])["question"]
    )


def test_a_killed_scoring_goes_on_where_it_was(tmp_path: Path) -> None:
    settings, store = scoring_settings(tmp_path, own=(), scorer="vlmevalkit"), Store.open(str(tmp_path / "store"))
    real_files(settings)
    asked = 0

    def dies(text: str, sampling: Sampling) -> str | Exception:
        nonlocal asked
        asked += 1
        return ModelError("the server is gone") if asked > 20 else "B"

    keys = ["MMStar", "MMVet", "AI2D_TEST", "OCRBench"]
    judge = Answering(judge_of, "judge")
    with Kit(settings) as kit, pytest.raises(ModelError, match="the server is gone"):
        run(store, settings, Answering(dies), judge, kit, keys)
    rows = sum(file.rows for file in benchmark_files(settings, keys))
    policy = Answering(lambda text, sampling: "B")
    with Kit(settings) as kit:
        broken = Answering(lambda text, sampling: ModelError("no judge"), "judge")
        (needs_none,) = run(store, settings, policy, broken, kit, keys)
        assert needs_none.benchmark == "OCRBench"
        waiting = [record for record in records_of(store, "a" * 64) if isinstance(record, Waiting)]
        assert len(waiting) == 3 and {record.reason for record in waiting} == {"no judge"}
        assert len(policy.asked) == rows - 20
        assert len(run(store, settings, policy, judge, kit, keys)) == 4
        assert len(policy.asked) == rows - 20
    grades = len(judge.asked)
    with Kit(settings) as kit:
        assert len(run(store, settings, policy, judge, kit, [*keys, "RealWorldQA"])) == 5
    assert len(judge.asked) == grades + 1, "of a benchmark that was added, the greeting by which the judge is tried"


def test_its_process_reaches_nothing_and_fails_by_file(tmp_path: Path) -> None:
    settings, store = (
        scoring_settings(tmp_path, own=("mine", "bad"), scorer="vlmevalkit"),
        Store.open(str(tmp_path / "store")),
    )
    write_tsv(tmp_path / "mine.tsv", choice_rows(4))
    write_tsv(tmp_path / "bad.tsv", [{**row, "index": f"0{row['index']}"} for row in choice_rows(3)])
    policy, judge = Answering(lambda text, sampling: "<answer>B</answer>"), Answering(judge_of, "judge")
    with Kit(settings) as kit:
        with pytest.raises(SourceError, match=r"bad\.tsv"):
            run(store, settings, policy, judge, kit, ["mine", "bad"])
        (score,) = scores_of(store, "a" * 64)
        assert (score.benchmark, score.value, score.scorer) == ("mine", 100, "vlmevalkit")
        for key in ("MMStar", "MathVista_MINI"):  # one that is not there, and one of another md5: it would fetch both
            table = kit.tables / f"{key}.tsv"
            if key == "MathVista_MINI":
                table.write_text("index\tquestion\n")
            with pytest.raises(KitError, match="Failed to download"):
                kit.ask(do="prompts", key=key, md5="0" * 32, out=str(tmp_path / "prompts"))
            assert table.exists() == (key == "MathVista_MINI")
        assert table.read_text() == "index\tquestion\n"
        assert "no network in this process" in (kit.folder / "log").read_text()
        assert not (tmp_path / "prompts").exists()


def test_the_embedded_policy_is_scored(tmp_path: Path) -> None:
    from wethink_assets.config import RoleSettings
    from wethink_assets.models.embedded.checkpoints import checkpoint_digest

    settings, store = (
        scoring_settings(tmp_path, own=(), scorer="vlmevalkit", prompts="embedded"),
        Store.open(str(tmp_path / "s")),
    )
    settings = settings.model_copy(update={"roles": {}})
    real_files(settings)
    digest = checkpoint_digest("policy")
    model = EvaluatedModel(
        "base", digest, {"kind": "base", "model": "policy"}, True, lambda: RoleSettings(model="policy")
    )
    files = benchmark_files(settings, ["MMStar", "HallusionBench", "OCRBench", "AI2D_TEST", "MMVet"])
    with Kit(settings) as kit:
        scores = score_model(store, settings, model, files, kit=kit)
        assert kit.started == 1
    by_benchmark = {score.benchmark: score for score in scores}
    # The embedded judge knows one prompt, and VLMEvalKit has others: what it is asked for fails, and the score says so.
    assert by_benchmark.pop("MMVet").failed_judging == 1
    assert set(by_benchmark) == {"MMStar", "HallusionBench", "OCRBench", "AI2D_TEST"}
    assert (
        all(score.value is not None for score in by_benchmark.values())
        and max(s.percent or 0 for s in by_benchmark.values()) > 20
    )
    assert all(json.loads(store.read(f"{score.folder}/score.json"))["scorer"] == "vlmevalkit" for score in scores)


def repeated_files(settings: Settings, total: int) -> int:
    """Stand-ins under the names of the fourteen, their rows repeated under new indices until there are `total`; how many there are."""
    csv.field_size_limit(1 << 30)
    real_files(settings)
    rows = 0
    for key in KEYS:
        path = path_of(settings, key)
        with path.open(newline="") as file:
            drawn = list(csv.DictReader(file, delimiter="\t"))
        copies = -(-total // (len(KEYS) * len(drawn)))
        with path.open("w", newline="") as file:
            out = csv.DictWriter(file, list(drawn[0]), delimiter="\t", lineterminator="\n")
            out.writeheader()
            for copy, row in itertools.product(range(copies), drawn):
                out.writerow(row | _renamed(key, row, copy))
                rows += 1
    return rows


def _renamed(key: str, row: dict[str, str], copy: int) -> dict[str, str]:
    """Index and group of a copied row: those of another sample."""
    if key == "HallusionBench":
        parts = row["index"].split("_")
        parts[3] = str(int(parts[3]) + 1000 * copy)
        return {"index": "_".join(parts), "set_id": parts[3]}
    shift = 1000 * copy
    head, mark, number = row["index"].rpartition("_")
    names = {"index": f"{head}{mark}{int(number) + shift}"}
    return names | {name: str(int(row[name]) + shift) for name in ("g_index", "qid", "ID") if name in row}


def test_of_ten_thousand_failed_empty_and_cut_replies_none_is_credited(tmp_path: Path) -> None:
    settings, store = scoring_settings(tmp_path, own=(), scorer="vlmevalkit"), Store.open(str(tmp_path / "store"))
    assert repeated_files(settings, 10_000) >= 10_000
    kinds = itertools.cycle(
        [CallFailed("refused"), "", "<think>A, so", "<answer>A</answer><answer>B</answer>",
         *(Completion(text, 9, 9, "length", "cut") for text in ("A", "<answer>Yes</answer>", "1"))]
    )  # fmt: skip
    judge = Answering(lambda text, _: "1.0" if "correctness score" in text else "Yes" if "Yes / No" in text else "A")
    with Kit(settings) as kit:
        scores = run(store, settings, Answering(lambda text, _: next(kinds)), judge, kit, KEYS)
    assert [score.benchmark for score in scores] == KEYS
    for score in scores:
        assert score.value == 0 and read_replies(store, score)["hit"].sum() == 0, score.benchmark
    assert all("Hello" in text or "hello" in text.lower() for text in judge.asked), (
        "it is greeted, and asked about no row"
    )


NO_RULE = "the thing over there, which looks like the sky in the evening, with neither number nor letter"


@pytest.mark.parametrize(
    ("says", "keys"),
    [
        ("I would rather not say which", [key for key in KEYS if key != "OCRBench"]),
        (CallFailed("judge is tired"), ["DynaMath"]),  # of the others it asks up to ten times, with pauses
    ],
)
def test_a_judge_that_fails_or_talks_nonsense_is_flagged_wherever_it_judges(
    tmp_path: Path, says: str | CallFailed, keys: list[str]
) -> None:
    settings, store = scoring_settings(tmp_path, own=(), scorer="vlmevalkit"), Store.open(str(tmp_path / "store"))
    real_files(settings)

    def judge(text: str, _: Sampling) -> str | CallFailed:
        return "hi" if text.strip().lower().startswith("hello") else says

    with Kit(settings) as kit:
        scores = run(store, settings, Answering(lambda text, _: NO_RULE), Answering(judge, "judge"), kit, keys)
    for score in scores:
        replies = read_replies(store, score)
        assert score.failed_judging > 0.3 and "of verdicts failed" in " ".join(score.flags), (score.benchmark, says)
        assert replies.filter(pl.col("how") == "judge failed")["hit"].sum() == 0, score.benchmark


@pytest.mark.parametrize("times", [12, pytest.param(100, marks=pytest.mark.long)])
def test_the_same_replies_give_the_same_score_at_any_concurrency(tmp_path: Path, times: int) -> None:
    keys = ["MMStar", "MMMU_DEV_VAL", "RealWorldQA"]
    settings = scoring_settings(tmp_path, own=(), scorer="vlmevalkit")
    real_files(settings)
    replies = ["B", NO_RULE, "<answer>A or maybe C</answer>", "", "Cannot determine the answer", "the left one"]

    def policy(text: str, _: Sampling) -> str:
        return replies[sum(text.encode()) % len(replies)]

    found = set()
    with Kit(settings) as kit:
        for number in range(times):
            judge = Answering(lambda text, _: ("Q", "B", "what?")[sum(text.encode()) % 3], "judge")
            width = settings.pipeline.model_copy(update={"concurrency": 1 + number % 16})
            store = Store.open(str(tmp_path / f"store{number}"))
            scores = run(
                store, settings.model_copy(update={"pipeline": width}), Answering(policy), judge, kit,
                [keys[number % 3]],
            )  # fmt: skip
            found |= {(s.benchmark, s.value, s.low, s.high, s.failed_judging, json.dumps(s.reported)) for s in scores}
    assert sorted(name for name, *_ in found) == sorted(keys)
