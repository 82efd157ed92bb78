"""The benchmark files of this machine as an observed asset, with the signatures by which data sets are kept apart from them."""

from collections import Counter

import dagster as dg
import polars as pl

from wethink_assets.config import Settings
from wethink_assets.defs.graph import EVALUATION, MODEL_TEAM
from wethink_assets.defs.metadata.previews import plain, sample_table
from wethink_assets.defs.resources import Progress
from wethink_assets.defs.stages.publication import fitting
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile, benchmark_files, lmu_folder
from wethink_assets.evaluation.benchmarks.signatures import sign_file, sign_questions
from wethink_assets.identity import digest_of
from wethink_assets.storage.store import Store

KEY = dg.AssetKey("benchmarks")


def benchmarks_asset() -> dg.AssetsDefinition:
    """The asset: data version of what files there are, by md5."""
    spec = dg.AssetSpec(
        KEY,
        group_name=EVALUATION,
        kinds={"benchmark"},
        owners=MODEL_TEAM,
        description=(
            "Benchmark files in the folder that `scoring.lmu_data` names: which are there, whether they are VLMEvalKit's, and the "
            "signatures of their rows. Nothing is fetched: a missing one says how to get it, and its score is *not run*."
        ),
    )

    @dg.multi_observable_source_asset(specs=[spec], name="observe_benchmarks")
    def observe(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        store: dg.ResourceParam[Store],
        progress: dg.ResourceParam[Progress],
    ) -> dg.ObserveResult:
        files = benchmark_files(settings)
        for file in files:
            if file.readable:
                sign_file(store, file, progress.of("signing", file.benchmark.key), settings.dedup)
                sign_questions(store, file)
            if file.remedy and file.state != "missing":
                context.log.warning(f"{file.benchmark.key}: {plain(file.remedy, 500)}")
        return dg.ObserveResult(
            data_version=dg.DataVersion(digest_of([[file.benchmark.key, file.md5] for file in files])),
            metadata=fitting(observed(settings, files)),
        )

    return observe


def observed(settings: Settings, files: list[BenchmarkFile]) -> dict[str, object]:
    """Metadata of an observation: how many are in which state, one line a benchmark, and what to do about those that are not right."""
    states = Counter(file.state for file in files)
    rows = pl.DataFrame(
        [
            {"benchmark": file.benchmark.key, "state": file.state, "rows": str(file.rows or ""), "md5": file.md5,
             "drawn stand-in": "yes" if file.benchmark.sample else "", "scored by": file.benchmark.headline}
            for file in files
        ]
    )  # fmt: skip
    wrong = [
        {"benchmark": f.benchmark.key, "state": f.state, "what to do": plain(f.remedy, 500)} for f in files if f.remedy
    ]
    return {
        **{f"files {state}": count for state, count in states.items()},
        "folder": str(lmu_folder(settings)),
        "benchmarks": sample_table(rows, rows.height, rows.columns),
        "what to do": dg.MetadataValue.json(wrong) if wrong else None,
    }
