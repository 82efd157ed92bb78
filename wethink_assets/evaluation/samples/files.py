"""Files of the stand-ins: TSV in VLMEvalKit's form in the folder of the benchmark files, drawn once."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

from wethink_assets.evaluation.benchmarks.catalog import SAMPLES, Benchmark
from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets.storage.local_files import replace_file

DRAWING = 1
"""Version of the drawing: another one draws all of them anew."""
STATE = ".sample_benchmarks.json"
FIRST = ("index", "image", "question", "answer")


def ensure_samples(folder: Path, questions: int, on_drawn: Callable[[str], None] | None = None) -> list[Path]:
    """Draw the stand-ins that are not there, or were drawn otherwise; the same arguments give the same bytes.

    Args:
        folder: where the benchmark files lie.
        questions: rows of each, about: whole groups are drawn.
        on_drawn: called with the name of each one drawn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {"drawing": DRAWING, "questions": questions}
    state = folder / STATE
    known = state.exists() and json.loads(state.read_text()) == wanted
    paths = []
    for benchmark in SAMPLES:
        path = folder / f"{benchmark.key}.tsv"
        paths.append(path)
        if known and path.exists():
            continue
        replace_file(path, table_of(benchmark, questions))
        if on_drawn:
            on_drawn(benchmark.key)
    replace_file(state, json.dumps(wanted).encode())
    return paths


def table_of(benchmark: Benchmark, questions: int) -> bytes:
    """The TSV of a stand-in."""
    rows = list(BENCHMARK_FORMS[benchmark.form].stand_in(benchmark.key, questions))
    names = list(dict.fromkeys([*FIRST, *(name for row in rows for name in sorted(row))]))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, restval="", delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")
