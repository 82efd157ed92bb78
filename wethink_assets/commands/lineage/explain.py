"""`wethink explain`: the whole story of a row, as a tree."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wethink_assets.commands.terminal import json_text, printer
from wethink_assets.plain_text import visible

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

HIDDEN = {"schema_version", "slot", "occurrences", "item", "image_id"}


def explain(
    row_id: Annotated[str, typer.Argument(help="Row id, or a prefix of it that is unique.")],
    version: Annotated[
        str | None, typer.Option(help="Version to explain the row from; the newest that holds it by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the complete story as JSON.")] = False,
    proof: Annotated[
        bool,
        typer.Option(
            "--proof",
            help="Print, in place of the story, proofs as JSON that the version's Merkle root stands for the files that the row rests on.",
        ),
    ] = False,
) -> None:
    """Show where a row comes from: image and source file, dialogue, question, both answers, reasoning, models, prompts and runs."""
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.lineage.row import explain_row
    from wethink_assets.dataset.lineage.row_proof import prove_row
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    if proof:
        typer.echo(json.dumps(prove_row(store, row_id, version), indent=1))
        return
    story = explain_row(store, row_id, version)
    if as_json:
        typer.echo(json_text(story, default=str))
        return
    printer().print(story_tree(story))


def story_tree(story: Mapping[str, Any]) -> "Tree":
    """A story as a tree of plain text, from the image to the calls."""
    from rich.tree import Tree

    tree = Tree(_line("row", story["row_id"]))
    tree.add(_line("slot", story["slot"]))
    tree.add(_line("batch", f"{story['batch']}; explained from {story['told_from']}"))
    for version in story["versions"]:
        survivor = f", {version['survivor']} stays in its place" if version["survivor"] else ""
        tree.add(_line(version["version"], f"{version['verdict']}{survivor}"))
    if story.get("retracted"):
        gone = story["retracted"]
        tree.add(_line("taken down", f"{', '.join(gone['by'])}{', erased' if gone['erased'] else ''}"))
    for title, grow, value in (
        ("imported", _fields, story.get("import")),
        ("image", _image, story["image"]),
        ("description", _fields, story["description"]),
        ("question", _fields, story["question"]),
        ("verdict of the filters", _calls, story["screening"]),
        ("answers", _fields, story["answers"]),
        ("reasoning path", _fields, story["reasoning_path"]),
        ("signature", _fields, story["signature"]),
        ("rows left out in favour of this one", _neighbours, story["neighbours"]),
        ("rejections", _rejections, story["rejections"]),
        ("edits by hand", _edits, story["edits"]),
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


def _fields(branch: "Tree", value: Mapping[str, Any]) -> None:
    for name, item in value.items():
        if name == "dialogue":
            for turn in item:
                branch.add(_line("asked", turn["request"]))
                branch.add(_line("answered", turn["reply"]))
        elif name not in HIDDEN and item not in (None, "", []):
            branch.add(_line(name.replace("_", " "), ", ".join(map(str, item)) if isinstance(item, list) else item))


def _image(branch: "Tree", image: Mapping[str, Any]) -> None:
    _fields(branch, image)
    for file in image["occurrences"]:
        branch.add(
            _line(
                "file",
                f"{file['item']} of {file['source']} ({file['batch']}"
                + (f", commit {file['revision']}" if file.get("revision") else "")
                + f"), {file['licence'] or 'licence of its source'}",
            )
        )


def _neighbours(branch: "Tree", rows: list[Mapping[str, Any]]) -> None:
    for row in rows:
        branch.add(_line(row["row_id"], f"{row['reason']}, {row['batch']}"))


def _rejections(branch: "Tree", rows: list[Mapping[str, Any]]) -> None:
    for row in rows:
        branch.add(_line(row["stage"], f"{row['reason']}: {row['detail']}"))


def _edits(branch: "Tree", edits: list[Mapping[str, Any]]) -> None:
    for edit in edits:
        note = f" ({edit['note']})" if edit["note"] else ""
        state = "" if edit["applies"] else "; set aside: the stage makes another row now"
        line = branch.add(
            _line(edit["stage"], f"{edit['change']} by {edit['editor']} on {edit['edited'][:19]} UTC{note}{state}")
        )
        for name, values in edit["fields"].items():
            line.add(_line(name, f"{_short(values['before'])} is now {_short(values['after'])}"))


def _short(value: Any, limit: int = 300) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else f"{text[:limit]}..."


def _made_by(branch: "Tree", stages: Mapping[str, Mapping[str, Any]]) -> None:
    for stage, made_with in stages.items():
        facts = f"run {made_with['run_id'] or 'unknown'}, code {made_with['code_version'] or 'unknown'}, {made_with['finished'][:19]}"
        made = branch.add(_line(stage, facts))
        for role, model in made_with["models"].items():
            made.add(
                _line(role, ", ".join(f"{name} {value}" for name, value in model.items() if value not in ("", None)))
            )
        if made_with["prompts"]:
            made.add(
                _line("prompts", ", ".join(f"{name} {sha256[:16]}" for name, sha256 in made_with["prompts"].items()))
            )


def _trained(branch: "Tree", uses: list[Mapping[str, Any]]) -> None:
    from wethink_assets.dataset.lineage.downstream import standings

    for use in uses:
        run = branch.add(_line(use["key"], f"policy {str(use['digest'])[:16]}"))
        for one in standings(use["scores"]):
            run.add(_line(one["benchmark"], standing(one)))


def standing(one: Mapping[str, Any]) -> str:
    """Score of a model on a benchmark, out of 100."""
    greedy = f"{one['greedy']:.1f} ({_bound(one['low'])} to {_bound(one['high'])})" if one["greedy"] is not None else ""
    sampled = f"{one['sampled']:.1f} over {one['seeds']} seeds" if one["sampled"] is not None else ""
    return ", ".join(filter(None, (greedy, sampled)))


def _bound(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"


def _calls(branch: "Tree", calls: list[Mapping[str, Any]]) -> None:
    for call in calls:
        if call.get("missing"):
            branch.add(_line(call["key"][:16], call["missing"]))
            continue
        cost = f"{call['completion_tokens']} tokens in {call['seconds']:.2f} s"
        reply = branch.add(_line(call["prompt"], f"{call['role']}, {call['model']}, {cost}, key {call['key'][:16]}"))
        reply.add(_line("reply", call["text"]))
