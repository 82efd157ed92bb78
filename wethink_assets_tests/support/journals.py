"""A journal to test, and calls to put into it."""

from wethink_assets.models.chat import Completion
from wethink_assets.storage.journal.calls import Call, now
from wethink_assets.storage.journal.journal import Journal
from wethink_assets.storage.store import Store

FOLDER = "journal/answers/coco.000001"


def call(key: str, text: str) -> Call:
    """A call that was replied to."""
    return Call(key, "describer", "describe", "item", 0, Completion(text, 3, 4, "stop", "m"), 0.5, now())


def opened(store: Store) -> Journal:
    """The journal as a run of its own opens it."""
    return Journal(store, "answers", "coco.000001")
