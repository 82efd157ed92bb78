"""Small benchmark files, the settings that score them, and a model to score."""

import base64
import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from wethink_assets.config import Settings
from wethink_assets.config.data import PipelineSettings
from wethink_assets.config.evaluation import BenchmarkSettings, ScoringSettings
from wethink_assets.config.models import RoleSettings
from wethink_assets.evaluation.runs.models import EvaluatedModel

ENDPOINT = RoleSettings(provider="endpoint", url="http://127.0.0.1:1/v1", model="judge", revision="1")


def picture(colour: int) -> str:
    """A small PNG as base64."""
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), (colour % 256, 0, 0)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def write_tsv(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """A benchmark file with these rows; one without an image gets one of its own."""
    filled = [{"image": picture(number), **row} for number, row in enumerate(rows)]
    names = list(dict.fromkeys(name for row in filled for name in row))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, restval="", delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(filled)
    return path


def benchmark_of(folder: Path, key: str, pictures: Sequence[bytes]) -> None:
    """A file of multiple-choice questions about these pictures, under the name of a real benchmark."""
    asked = {"question": "Something else?", "A": "yes", "B": "no", "answer": "A"}
    rows = [
        {"index": number, "image": base64.b64encode(data).decode(), **asked} for number, data in enumerate(pictures)
    ]
    write_tsv(folder / "LMUData" / f"{key}.tsv", rows)


def choice_rows(count: int) -> list[dict[str, Any]]:
    """Multiple-choice rows whose right answer is B."""
    return [
        {
            "index": i,
            "question": f"What is in picture {i}?",
            "A": "a red dot",
            "B": "a blue dot",
            "C": "nothing",
            "answer": "B",
            "category": "dots",
        }
        for i in range(count)
    ]


def scoring_settings(folder: Path, own: Sequence[str] = ("mine",), **scoring: Any) -> Settings:
    """A configuration with benchmarks of its own in `folder`, a judge behind an endpoint, no stand-ins."""
    table = {"samples": False, "seeds": (), "resamples": 200, "lmu_data": "LMUData", "scorer": "own", **scoring}
    return Settings(
        folder=str(folder),
        pipeline=PipelineSettings(concurrency=4, prompt_pack="standard"),
        benchmarks={name: BenchmarkSettings(path=f"{name}.tsv") for name in own},
        scoring=ScoringSettings(**table),
        roles={"judge": ENDPOINT},
    )


def evaluated_model(name: str = "candidate", digest: str = "a" * 64) -> EvaluatedModel:
    """A model that is not embedded."""
    return EvaluatedModel(name, digest, {"kind": "policy", "model": name}, False, RoleSettings)
