"""`wethink explain`: the whole story of a row."""

import json
import unicodedata
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

HIDDEN = {"schema_version", "slot", "occurrences", "item", "image_id"}
MIN_WIDTH = 100


def explain(
    row_id: Annotated[str, typer.Argument(help="Row id, or the start of one where it is unique.")],
    version: Annotated[
        str | None, typer.Option(help="Tell it from this version; else from the newest that holds the row.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the story, with all there is to know, as JSON.")
    ] = False,
) -> None:
    """Tell where a row came from: image and source file, dialogue, question, both answers, reasoning, models, prompts, runs."""
    from rich.console import Console

    from wethink_assets.config import load_settings
    from wethink_assets.dataset.explain import explain_row
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    story = explain_row(store, row_id, version)
    if as_json:
        typer.echo(json.dumps(story, indent=1, ensure_ascii=False, default=str))
        return
    console = Console()
    console.print(story_tree(story), width=max(console.width, MIN_WIDTH))


def story_tree(story: Mapping[str, Any]) -> "Tree":
    """A story as a tree of plain text, from the image to the calls."""
    from rich.tree import Tree

    tree = Tree(_line("row", story["row_id"]))
    tree.add(_line("slot", story["slot"]))
    tree.add(_line("batch", f"{story['batch']}, told from {story['told_from']}"))
    for place in story["versions"]:
        survivor = f", {place['survivor']} stays in its place" if place["survivor"] else ""
        tree.add(_line(place["version"], f"{place['verdict']}{survivor}"))
    if story.get("retracted"):
        gone = story["retracted"]
        tree.add(_line("taken down", f"{', '.join(gone['by'])}{', erased' if gone['erased'] else ''}"))
    for title, grow, value in (
        ("image", _image, story["image"]),
        ("description", _fields, story["description"]),
        ("question", _fields, story["question"]),
        ("verdict of the filters", _calls, story["screening"]),
        ("answers", _fields, story["answers"]),
        ("reasoning path", _fields, story["reasoning_path"]),
        ("signature", _fields, story["signature"]),
        ("rows left out in favour of this one", _neighbours, story["neighbours"]),
        ("rejections", _rejections, story["rejections"]),
        ("made by", _made_by, story["made_by"]),
        ("trained on it", _trained, story.get("trained")),
    ):
        _branch(tree, title, grow, value)
    for stage, calls in story["calls"].items():
        _branch(tree, f"calls of {stage}", _calls, calls)
    return tree


def _branch(tree: "Tree", title: str, grow: Callable[["Tree", Any], None], value: Any) -> None:
    if value:
        grow(tree.add(_line(title, "")), value)


def _line(name: str, value: Any) -> "Text":
    """A line of the tree. Text objects are not read as markup, and control characters cannot reach the terminal."""
    from rich.text import Text

    line = Text(visible(name), style="bold", overflow="fold")
    if value not in ("", None):
        line.append(": ", style="not bold").append(visible(str(value)), style="not bold")
    return line


def visible(text: str) -> str:
    """Text with control and direction-changing characters, which a model may write, shown as U+FFFD."""
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else "\ufffd" for c in text)


def _fields(branch: "Tree", value: Mapping[str, Any]) -> None:
    for name, item in value.items():
        if name == "dialogue":
            for turn in item:
                branch.add(_line("asked", turn["request"]))
                branch.add(_line("told", turn["reply"]))
        elif name not in HIDDEN and item not in (None, "", []):
            branch.add(_line(name.replace("_", " "), ", ".join(map(str, item)) if isinstance(item, list) else item))


def _image(branch: "Tree", image: Mapping[str, Any]) -> None:
    _fields(branch, image)
    for place in image["occurrences"]:
        branch.add(
            _line(
                "file",
                f"{place['item']} of {place['source']} ({place['batch']}), {place['licence'] or 'licence of its source'}",
            )
        )


def _neighbours(branch: "Tree", rows: list[Mapping[str, Any]]) -> None:
    for row in rows:
        branch.add(_line(row["row_id"], f"{row['reason']}, {row['batch']}"))


def _rejections(branch: "Tree", rows: list[Mapping[str, Any]]) -> None:
    for row in rows:
        branch.add(_line(row["stage"], f"{row['reason']}: {row['detail']}"))


def _made_by(branch: "Tree", stages: Mapping[str, Mapping[str, Any]]) -> None:
    for stage, told in stages.items():
        facts = f"run {told['run_id'] or 'unknown'}, code {told['code_version'] or 'unknown'}, {told['finished'][:19]}"
        made = branch.add(_line(stage, facts))
        for role, model in told["models"].items():
            made.add(
                _line(role, ", ".join(f"{name} {value}" for name, value in model.items() if value not in ("", None)))
            )
        if told["prompts"]:
            made.add(_line("prompts", ", ".join(f"{name} {sha256[:16]}" for name, sha256 in told["prompts"].items())))


def _trained(branch: "Tree", uses: list[Mapping[str, Any]]) -> None:
    for use in uses:
        run = branch.add(_line(use["key"], f"policy {str(use['digest'])[:16]}"))
        for score in use["scores"]:
            run.add(_line(score["benchmark"], score.get("score", "scored")))


def _calls(branch: "Tree", calls: list[Mapping[str, Any]]) -> None:
    for call in calls:
        if call.get("missing"):
            branch.add(_line(call["key"][:16], call["missing"]))
            continue
        cost = f"{call['completion_tokens']} tokens in {call['seconds']:.2f} s"
        reply = branch.add(_line(call["prompt"], f"{call['role']}, {call['model']}, {cost}, key {call['key'][:16]}"))
        reply.add(_line("reply", call["text"]))
