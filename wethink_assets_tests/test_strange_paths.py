"""The whole graph where every path holds what globs, URLs and shells give a meaning to, beside a store that a glob would match."""

import io
import json
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from wethink_assets.sources.sample import draw_samples
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.benchmark_files import choice_rows, write_tsv
from wethink_assets_tests.support.project import ROOT, Project
from wethink_assets_tests.support.s3_server import S3Server

STRANGE = "a[1] *?#%20 \"q\" 'r' {x,y} $HOME;`id` é日本"
MATCHED = "a1 bc#%20 \"q\" 'r' {x,y} $HOME;`id` é日本"  # by STRANGE as a glob
FOREIGN = "of the neighbour"
RECIPE = {
    "in_main_run": False,
    "prompt": "pack",
    "accuracy": "rules",
    "steps": 1,
    "num_generations": 2,
    "prompts_per_step": 2,
    "max_completion_length": 8,
    "micro_batch_size": 2,
    "gradient_checkpointing": False,
    "validation_rows": 2,
}
SCORING = {"samples": False, "scorer": "own", "seeds": [], "resamples": 200, "lmu_data": f"lmu {STRANGE}"}


@dataclass
class StrangeProject(Project):
    """A project with a DAGSTER_HOME of its own."""

    dagster: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "DAGSTER_HOME": str(self.dagster)}


def toml(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(name)} = {toml(inner)}' for name, inner in value.items())} }}"
    return json.dumps(value, ensure_ascii=False)


def make(folder: Path, url: str, options: dict[str, Any]) -> StrangeProject:
    """The project, with pictures beside those that its source's location would match as a glob, and a foreign DAGSTER_HOME likewise."""
    home, dagster = folder / f"project {STRANGE}", folder / f"dagster {STRANGE}"
    roles = {"describer": "describer", "adjudicator": "describer", "reasoner": "reasoner", "judge": "reasoner"}
    tables: dict[str, Any] = {
        "store": {"url": url, "options": options},
        "pipeline": {"prompt_pack": "embedded", "questions_per_image": 2, "refinement_turns": 1},
        "sources": {"coco": {"location": f"pictures {STRANGE}/images"}},
        "roles": {
            name: {"provider": "embedded", "model": model, "max_tokens": 200}
            for name, model in {**roles, "policy": "policy"}.items()
        },
        "recipes": {"tiny": RECIPE},
        "scoring": SCORING,
        "benchmarks": {"mine": {"path": f"lmu {STRANGE}/mine.tsv"}},
    }
    home.mkdir()
    lines = [
        f"[{name}]\n" + "".join(f"{key} = {toml(one)}\n" for key, one in table.items())
        for name, table in tables.items()
    ]
    (home / "wethink.toml").write_text("".join(lines), encoding="utf-8")
    for place in (dagster, folder / f"dagster {MATCHED}"):
        place.mkdir()
        shutil.copy(ROOT / "dagster.yaml", place)
    (folder / f"dagster {MATCHED}" / "dagster.yaml").write_text("storage: {sqlite: {base_dir: /proc/nowhere}}\n")
    write_tsv(home / f"lmu {STRANGE}" / "mine.tsv", choice_rows(3))
    return StrangeProject(home, dagster)


def altered(data: bytes) -> bytes:
    """A table whose texts are a neighbour's."""
    frame = pl.read_parquet(io.BytesIO(data))
    texts = [
        name
        for name in ("problem", "question", "answer", "final_answer", "refined_cot", "path")
        if frame.schema.get(name) == pl.String
    ]
    stream = io.BytesIO()
    frame.with_columns(pl.lit(FOREIGN).alias(name) for name in texts).write_parquet(stream)
    return stream.getvalue()


def make_neighbour(store: Store, neighbour: Store) -> list[str]:
    """Copy a store with other texts in its tables; the names of what was copied."""
    names = store.files("")
    for name in names:
        data = store.read(name)
        neighbour.publish(name, altered(data) if name.endswith(".parquet") else data)
    return names


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("where", ["local", "s3"])
def test_the_whole_graph_runs_where_paths_mean_something_elsewhere(
    request: pytest.FixtureRequest, tmp_path: Path, where: str
) -> None:
    base, options = str(tmp_path), {}
    if where == "s3":
        server: S3Server = request.getfixturevalue("s3")
        base, options = f"s3://{server.bucket}/{uuid.uuid4().hex}", server.options
    project = make(tmp_path, f"{base}/store {STRANGE}", options)
    draw_samples(project.home / f"pictures {STRANGE}", 18, 0, 0.25)
    foreign = project.home / f"pictures {MATCHED}" / "images"
    foreign.mkdir(parents=True)
    shutil.copy(next((project.home / f"pictures {STRANGE}" / "images").rglob("*.png")), foreign / "foreign.png")

    told = json.loads(project.wethink("run", "--json").stdout)
    assert told["version"] == "v0001" and not told["failures"] and told["rows"] > 1
    store = Store.open(f"{base}/store {STRANGE}", **options)
    neighbour = Store.open(f"{base}/store {MATCHED}", **options)
    names = make_neighbour(store, neighbour)
    assert FOREIGN in neighbour.read_parquet("versions/v0001/rows.parquet")["problem"]

    configured = project.home / "wethink.toml"
    configured.write_text(
        configured.read_text("utf-8").replace('"in_main_run" = false', '"in_main_run" = true'), "utf-8"
    )
    told = json.loads(project.wethink("run", "--json").stdout)
    assert told["policies"][0]["steps"] == {"grpo": 1} and "mine" in json.dumps(told["scores"])
    rows = store.read_parquet("versions/v0001/rows.parquet")
    folder = project.home / f"exported {STRANGE}"
    project.wethink("export", "v0001", folder.name, "--for", "jsonl")
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert FOREIGN.encode() not in written and rows["refined_cot"][0].encode() in written
    story = project.wethink("explain", rows["row_id"][0], "--json").stdout
    assert rows["row_id"][0] in story and FOREIGN not in story
    assert project.wethink("verify", "v0001").returncode == 0
    rebuilt = json.loads(project.wethink("rebuild", "v0001", "--json").stdout)
    assert rebuilt["same"] and not rebuilt["differences"]

    assert neighbour.files("") == names and set(names) < set(store.files(""))
    files = [path.name for path in tmp_path.iterdir()]
    own = {f"project {STRANGE}", f"dagster {STRANGE}", f"dagster {MATCHED}"}
    assert set(files) == own | ({f"store {STRANGE}", f"store {MATCHED}"} if where == "local" else set())
    assert [path.name for path in (tmp_path / f"dagster {MATCHED}").iterdir()] == ["dagster.yaml"]
