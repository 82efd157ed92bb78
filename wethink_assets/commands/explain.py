"""`wethink explain`: the whole story of a row."""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

SECTIONS = (
    ("image", "Image"),
    ("description", "Description"),
    ("question", "Question"),
    ("screening", "Verdict of the filters"),
    ("answers", "Answers"),
    ("reasoning_path", "Reasoning path"),
    ("signature", "Signature"),
    ("neighbours", "Rows left out in favour of this one"),
    ("rejections", "Rejections"),
    ("made_by", "Made by"),
    ("calls", "Model calls"),
)
HIDDEN = {"schema_version", "started", "digest", "inputs", "sample", "finish_reason"}
MIN_WIDTH = 100


def explain(
    row_id: Annotated[str, typer.Argument(help="Row id, or the start of one where it is unique.")],
    version: Annotated[
        str | None, typer.Option(help="Tell it from this version; else from the newest that holds the row.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the story as JSON.")] = False,
) -> None:
    """Tell where a row came from: image and source file, dialogue, question, both answers, reasoning, models, prompts, runs."""
    from rich.console import Console
    from rich.tree import Tree

    from wethink_assets.config import load_settings
    from wethink_assets.dataset.explain import explain_row
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    story = explain_row(store, row_id, version)
    if as_json:
        typer.echo(json.dumps(story, indent=1, ensure_ascii=False, default=str))
        return
    tree = Tree(_line("row", story["row_id"]))
    tree.add(_line("slot", story["slot"]))
    for place in story["versions"]:
        survivor = f", {place['survivor']} stays in its place" if place["survivor"] else ""
        tree.add(_line(place["version"], f"{place['verdict']}{survivor}"))
    for name, title in SECTIONS:
        if story[name]:
            _grow(tree.add(_line(title, "")), story[name])
    console = Console()
    console.print(tree, width=max(console.width, MIN_WIDTH))


def _line(name: str, value: Any) -> "Text":
    """A line of the tree. Text objects are not read as markup, and control characters cannot reach the terminal."""
    from rich.text import Text

    line = Text(visible(name), style="bold", overflow="fold")
    if value not in ("", None):
        line.append(": ", style="default").append(visible(str(value)), style="not bold")
    return line


def visible(text: str) -> str:
    """Text with control and direction-changing characters, which a model may write, shown as U+FFFD."""
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else "\ufffd" for c in text)


def _grow(branch: "Tree", value: Any) -> None:
    for name, item in _entries(value):
        if isinstance(item, Mapping | list) and item and not _is_flat(item):
            _grow(branch.add(_line(name, "")), item)
        elif item not in (None, "", [], {}):
            branch.add(_line(name, ", ".join(map(str, item)) if isinstance(item, list) else item))


def _is_flat(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(item, Mapping | list) for item in value)


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((str(name), item) for name, item in value.items() if name not in HIDDEN)
    else:
        for number, item in enumerate(value, 1):
            named = isinstance(item, Mapping) and (item.get("prompt") or item.get("row_id") or item.get("batch"))
            yield str(named or number), item
