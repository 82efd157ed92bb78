"""A batch whose images were described and asked one question each, as the stage `answers` gets it."""

import polars as pl

from wethink_assets.identity import row_id
from wethink_assets.kinds import KINDS
from wethink_assets.stages.schemas import QUESTIONS
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.scripted_model import drawn_images


def asked_batch(store: Store, kind: str, count: int = 1) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Questions, descriptions and images."""
    images = drawn_images(store, count)
    options = ["blue", "red", "green"] if KINDS[kind].has_options else []
    questions = [
        {
            "slot": f"{image}:{kind}:0",
            "row_id": row_id(image, kind, "Which colour?", options),
            "image_id": image,
            "kind": kind,
            "ordinal": 0,
            "question": "Which colour?",
            "options": options,
            "proposed_answer": "green",
            "category": "colour",
            "abilities": ["Reasoning", "Recognition"],
            "calls": [],
            "schema_version": 1,
        }
        for image in images["image_id"]
    ]
    descriptions = images.select("image_id", fine=pl.lit("A red circle."))
    return pl.DataFrame(questions, schema=QUESTIONS), descriptions, images
