"""The whole path on real input through real models: `wethink run` with the shipped configuration and the embedded models."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.sources.known_sources import KNOWN_SOURCES
from wethink_assets_tests.support.project import ROOT, Project

IMAGES = 72


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_images_of_18_sources_become_a_version_that_can_be_explained_and_verified(tmp_path: Path) -> None:
    for name in ("wethink.toml", "dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    config = tmp_path / "wethink.toml"
    config.write_text(config.read_text().replace("images = 216", f"images = {IMAGES}"))
    project = Project(tmp_path)
    done = project.wethink("run", "--json", timeout=1_000)
    told = json.loads(done.stdout)
    names = {source.name for source in KNOWN_SOURCES}
    assert told["version"] == "v0001" and not told["failures"] and len(told["batches"]) == len(names) == 18
    assert {row["source"] for row in told["funnel"]} == names
    assert sum(row["images"] for row in told["funnel"]) == IMAGES
    assert set(told["kinds"]) == {"MC", "FIB", "DES"} and told["rows"] >= IMAGES / 2

    folder = tmp_path / "data" / "versions" / "v0001"
    rows = pl.read_parquet(folder / "rows.parquet")
    assert rows.height == told["rows"] and rows["row_id"].is_unique().all()
    assert set(rows["source"]) <= names and rows["refined_cot"].str.len_chars().min() > 0
    lines = [json.loads(line) for line in (folder / "wethink.jsonl").read_text().splitlines()]
    assert len(lines) == rows.height
    keys = {"problem", "answer", "category", "abilities", "refined_cot", "image_path", "reward", "images"}
    assert all(keys == set(line) and "Reasoning" in line["abilities"] for line in lines)
    assert all((tmp_path / "data" / line["image_path"]).is_file() for line in lines)
    assert all((folder / image).is_file() for line in lines for image in line["images"])

    story = json.loads(project.wethink("explain", rows["row_id"][0], "--json").stdout)
    assert rows["row_id"][0] in json.dumps(story)
    assert project.wethink("verify", "v0001").returncode == 0
    rebuilt = json.loads(project.wethink("rebuild", "v0001", "--json").stdout)
    assert rebuilt["same"] and set(rebuilt["files"].values()) == {"bytes"} and not rebuilt["differences"]
    assert "v0001" in project.wethink("versions").stdout
    [policy] = told["policies"]  # the recipe marked `in_main_run`, on the newest version
    assert policy["new"] and policy["key"] == "v0001.grpo-short" and policy["steps"] == {"grpo": 15}
    assert set(policy["accuracy"]) >= {"all"} and "on held-out rows" in done.stderr
    again = project.wethink("run")
    assert "nothing to do" in again.stderr and "training v0001" not in again.stderr
