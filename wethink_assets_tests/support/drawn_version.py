"""A dataset version of drawn pictures with true answers, made in a second: for trainings whose gain is to be measured, not the pipeline's."""

import io
import random
from datetime import UTC, datetime
from typing import Any

import polars as pl

from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.manifest import MANIFEST, Manifest, VersionFile, version_folder
from wethink_assets.dataset.versions.rows import EXCLUDED, problem_text, rows_schema
from wethink_assets.identity import data_version, row_id, sha256_hex, slot_id, split_of
from wethink_assets.models.embedded.tasks import draw_example
from wethink_assets.models.embedded.tasks.examples import Example, training_scene
from wethink_assets.sources.sample.rendering import render
from wethink_assets.stages.order import stage_names
from wethink_assets.stages.schemas import SCHEMA_VERSION
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store

SIDE = 96


def drawn_row(store: Store, seed: str, split: str, hard_share: float = 0.25) -> dict[str, Any]:
    """One row, its picture in the store; drawn again until its picture falls into the wanted split."""
    rng = random.Random(f"drawn version/{seed}")
    while True:
        scene = training_scene(rng, hard_share)
        example: Example = draw_example("describer", rng, scene, "answer_image")
        buffer = io.BytesIO()
        render(scene, rng, SIDE).save(buffer, "PNG")
        image = sha256_hex(buffer.getvalue())
        if split_of(image) == split:
            break
    assert example.query is not None
    thought = example.reply.partition("<think>")[2].partition("</think>")[0]
    return {
        "row_id": row_id(image, example.kind, example.query.text, example.options),
        "slot": slot_id(image, example.kind, 0),
        "image_id": image,
        "image_path": Blobs(store).put(buffer.getvalue(), "png", image),
        "source": "coco",
        "licence": "CC0-1.0",
        "split": split,
        "kind": example.kind,
        "problem": problem_text(example.query.text, list(example.options)),
        "question": example.query.text,
        "options": list(example.options),
        "answer": example.gold["answer"],
        "category": example.query.family.category,
        "abilities": list(example.query.family.abilities),
        "refined_cot": thought,
        "raw_cot": thought,
        "reward": "judge" if example.kind == "DES" else "rule",
        "agreed": True,
        "agreement": "text",
        "score": 1.0,
        "verdict": "",
        "width": SIDE,
        "height": SIDE,
        "occurrences": 1,
        "batch": "coco.000001",
        "calls": {"descriptions": [], "questions": [], "answers": [], "reasoning_paths": []},
        "schema_version": SCHEMA_VERSION,
    }


def draw_version(store: Store, version: str = "v0001", train: int = 40, validation: int = 8, seed: int = 0) -> Manifest:
    """Publish a version with so many rows of each split."""
    told = [drawn_row(store, f"{seed}/train/{number}", "train") for number in range(train)]
    told += [drawn_row(store, f"{seed}/validation/{number}", "validation") for number in range(validation)]
    rows = pl.DataFrame(told, schema=rows_schema(stage_names())).unique("row_id").sort("row_id")
    store.write_parquet(f"{version_folder(version)}/rows.parquet", rows)
    excluded = pl.DataFrame(schema=EXCLUDED)
    store.write_parquet(f"{version_folder(version)}/excluded.parquet", excluded)
    store.publish(f"{version_folder(version)}/README.md", f"# WeThink {version}\n".encode())
    now = datetime.now(UTC)
    manifest = Manifest(
        version=version,
        created=now,
        built=now,
        cut_digest=f"drawn {seed}",
        recipe=CutRecipe(),
        schema_version=SCHEMA_VERSION,
        code={},
        rows=rows.height,
        images=rows["image_id"].n_unique(),
        considered=rows.height,
        excluded={},
        counts={"kind": dict(rows["kind"].value_counts().iter_rows())},
        files={
            "rows.parquet": _described(store, version, "rows.parquet", rows),
            "excluded.parquet": _described(store, version, "excluded.parquet", excluded),
            "README.md": _described(store, version, "README.md"),
        },
        models=(),
        prompts=(),
        inputs=(),
    )
    manifest = manifest.sealed()
    store.publish(f"{version_folder(version)}/{MANIFEST}", manifest.model_dump_json().encode())
    return manifest


def _described(store: Store, version: str, name: str, table: pl.DataFrame | None = None) -> VersionFile:
    data = store.read(f"{version_folder(version)}/{name}")
    sha256 = sha256_hex(data)
    if table is None:
        return VersionFile(sha256=sha256, bytes=len(data), content=sha256)
    return VersionFile(sha256=sha256, bytes=len(data), rows=table.height, content=data_version(table))
