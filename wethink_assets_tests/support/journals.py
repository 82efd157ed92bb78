"""A journal to test, and calls to put into it."""

import polars as pl

from wethink_assets.models.chat import Completion
from wethink_assets.storage.journal.calls import Call, now
from wethink_assets.storage.journal.files import part_names, write_part
from wethink_assets.storage.journal.journal import Journal, journal_folder, journaled_calls
from wethink_assets.storage.store import Store

FOLDER = "journal/answers/coco.000001"


def call(key: str, text: str) -> Call:
    """A call that was replied to."""
    return Call(key, "describer", "describe", "item", 0, Completion(text, 3, 4, "stop", "m"), 0.5, now())


def opened(store: Store) -> Journal:
    """The journal as a run of its own opens it."""
    return Journal(store, "answers", "coco.000001")


def without_one_call(store: Store, stage: str, batch: str, prompt: str) -> None:
    """Write a journal anew without one of its calls with a prompt, as if that had never been asked."""
    folder, calls = journal_folder(stage, batch), journaled_calls(store, stage, batch)
    parts = part_names(store, folder)
    gone = calls.filter(pl.col("prompt") == prompt)["key"].min()
    write_part(store, folder, calls.filter(pl.col("key") != gone))
    for name in parts:
        store.delete(f"{folder}/{name}")
