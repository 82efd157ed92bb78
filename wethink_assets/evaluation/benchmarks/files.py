"""Benchmark files of this machine: where each lies, its state, its rows, and how to get one that is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.config.evaluation import BenchmarkSettings
from wethink_assets.dedup.contamination import SignedBenchmark
from wethink_assets.dedup.methods import Comparison
from wethink_assets.errors import ConfigError, SourceError
from wethink_assets.evaluation.benchmarks.catalog import BENCHMARKS, OPENCOMPASS, SAMPLES, Benchmark, default_form
from wethink_assets.evaluation.benchmarks.tsv import MEDIA, damaged_picture, md5_of, read_tsv
from wethink_assets.evaluation.forms.form import Form
from wethink_assets.evaluation.samples import ensure_samples
from wethink_assets.extensions.builtin import BENCHMARK_FORMS

State = Literal["present", "missing", "other md5", "unreadable", "malformed"]
"""`malformed`: its rows can be read, and are held against versions, but not scored."""


@dataclass(frozen=True, slots=True)
class BenchmarkFile:
    """A benchmark and its file. md5: empty where the file is missing or unreadable; remedy: what is wrong, and what to do about it."""

    benchmark: Benchmark
    path: Path
    state: State
    md5: str = ""
    rows: int = 0
    remedy: str = ""

    @property
    def usable(self) -> bool:
        """Whether it can be scored: a file of another md5 can, and says so wherever its score appears."""
        return self.state in ("present", "other md5")

    @property
    def readable(self) -> bool:
        """Whether its rows can be held against a version."""
        return bool(self.md5)

    @property
    def faulty(self) -> bool:
        """Whether it is there and cannot be scored."""
        return self.state in ("unreadable", "malformed")


def lmu_folder(settings: Settings) -> Path:
    """Folder of the benchmark files."""
    return Path(settings.resolve(settings.scoring.lmu_data))


def benchmarks_of(settings: Settings) -> dict[str, Benchmark]:
    """All benchmarks of the configuration: the fourteen, those of one's own, and the drawn stand-ins where they are wanted."""
    own = {
        key: Benchmark(key, table.title or key, table.form or "", "own", _own_headline(table))
        for key, table in settings.benchmarks.items()
        if key not in BENCHMARKS
    }
    return {one.key: one for one in (*OPENCOMPASS, *own.values(), *(SAMPLES if settings.scoring.samples else ()))}


def _own_headline(table: BenchmarkSettings) -> str:
    return BENCHMARK_FORMS[table.form].headline if table.form else "accuracy"


def path_of(settings: Settings, key: str) -> Path:
    """Where the file of a benchmark is looked for."""
    table = settings.benchmarks.get(key, BenchmarkSettings())
    return Path(settings.resolve(table.path)) if table.path else lmu_folder(settings) / f"{key}.tsv"


def benchmark_files(settings: Settings, keys: Sequence[str] = ()) -> list[BenchmarkFile]:
    """State of each benchmark's file, of `keys` only if they are given; stand-ins are drawn where they are missing.

    Raises `ConfigError` for a key that is no benchmark.
    """
    known = benchmarks_of(settings)
    unknown = sorted(set(keys) - set(known))
    if unknown:
        raise ConfigError(
            f"unknown benchmark {unknown[0]!r}; there are {', '.join(known)}, or give it a table [benchmarks.{unknown[0]}]"
        )
    if settings.scoring.samples:
        ensure_samples(lmu_folder(settings), settings.scoring.sample_questions)
    return [file_of(settings, benchmark) for key, benchmark in known.items() if not keys or key in keys]


def wanted_files(settings: Settings, keys: Sequence[str] = ()) -> list[BenchmarkFile]:
    """The files to score: of the benchmarks that `keys`, else the configuration, names; of all there are if neither does."""
    return benchmark_files(settings, keys or settings.scoring.benchmarks)


def file_of(settings: Settings, benchmark: Benchmark) -> BenchmarkFile:
    """State of one benchmark's file. Nothing is ever fetched."""
    path = path_of(settings, benchmark.key)
    if not path.is_file():
        return BenchmarkFile(benchmark, path, "missing", remedy=how_to_get(benchmark, path))
    try:
        rows = rows_of(path)
    except SourceError as error:
        return BenchmarkFile(benchmark, path, "unreadable", remedy=str(error))
    md5 = md5_of(path)
    if benchmark.suite == "own":
        benchmark = replace(benchmark, form=benchmark.form or default_form(rows.columns))
    other = bool(benchmark.md5) and md5 != benchmark.md5
    if benchmark.suite == "own" or other:
        fault = _fault_of(path, benchmark.form, rows, every_row=benchmark.suite == "own")
        if fault:
            return BenchmarkFile(benchmark, path, "malformed", md5, rows.height, f"{path}{fault}")
    if other:
        remedy = f"its md5 is {md5}, VLMEvalKit's {benchmark.md5}: another release, or damaged; {how_to_get(benchmark, path)}"
        return BenchmarkFile(benchmark, path, "other md5", md5, rows.height, remedy)
    return BenchmarkFile(benchmark, path, "present", md5, rows.height)


def _fault_of(path: Path, form_key: str, rows: pl.DataFrame, *, every_row: bool) -> str:
    """What a form misses, the first row that would be asked in vain, or why rows cannot be added up; empty where nothing is wrong.

    every_row: whether rows, pictures and groups are looked at one by one, as those of no published benchmark are: of a part of one a group may be
    short of a row, which its flag tells.
    """
    form = BENCHMARK_FORMS[form_key]
    lost = [name for name in form.columns if name not in rows.columns]
    if lost:
        return f" has no column {lost[0]!r}, which a benchmark of the form {form_key} needs"
    if not every_row:
        return _not_added_up(form, rows)
    for row in rows.iter_rows(named=True):
        for column, fault in (*_common_faults(row).items(), *form.row_faults(row).items()):
            return f": row {row['index']!r}, column {column}: {fault}"
    fault = picture_fault(path) or form.table_fault(rows)
    return _not_added_up(form, rows) if not fault else fault if fault.startswith(" ") else f": {fault}"


def _not_added_up(form: Form, rows: pl.DataFrame) -> str:
    """Why the headline cannot be taken, as it would turn out after all calls were paid for."""
    try:
        form.clusters(rows.with_columns(hit=pl.lit(0.0)))
    except (pl.exceptions.PolarsError, ValueError, KeyError) as error:
        return f": its rows cannot be added up as the benchmark's are ({str(error).splitlines()[0][:200]})"
    return ""


def _common_faults(row: Mapping[str, Any]) -> dict[str, str]:
    faults = {} if (row["question"] or "").strip() else {"question": "it is empty"}
    return faults | ({"image": "its bytes are no picture"} if "" in row[MEDIA] else {})


def how_to_get(benchmark: Benchmark, path: Path) -> str:
    """What to do for a file that is missing."""
    if not benchmark.address:
        return f"put it at {path}, or set `path` in [benchmarks.{benchmark.key}]"
    return f"download {benchmark.address} to {path}"


def rows_of(path: Path) -> pl.DataFrame:
    """All rows of a benchmark's file without its images, read once for an unchanged file. Raises `SourceError`."""
    status = path.stat()
    return _rows(str(path), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _rows(path: str, _size: int, _changed: int) -> pl.DataFrame:
    return read_tsv(Path(path))


def picture_fault(path: Path) -> str:
    """The first picture of a file that is cut off or damaged, or not there, with its row; looked at once for an unchanged file."""
    status = path.stat()
    return _picture_fault(str(path), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _picture_fault(path: str, _size: int, _changed: int) -> str:
    return damaged_picture(Path(path), rows_of(Path(path)))


def signature_path(file: BenchmarkFile, comparison: Comparison) -> str:
    """Where the signatures of a file's rows lie in the store, by the file's content and the methods that signed it."""
    return SignedBenchmark.latest(file.benchmark.key, file.md5).path(comparison)
