"""docs/commands.md: every command of `wethink` with its help, arguments and options, by the panels of `wethink --help`."""

import inspect
from collections.abc import Iterator
from typing import Any

import typer
from reference_markdown import anchor, first_sentence, table
from typer.main import get_command

from wethink_assets.cli import COMMANDS, app

INTRODUCTION = """# Commands

`wethink` stands in `.venv/bin/` (or activate `.venv`). All commands read `wethink.toml` ([configuration.md](configuration.md)). Exit status: 0 done,
1 failed with a message, 2 wrong usage, 130 interrupted. `wethink --debug COMMAND` shows the traceback of a failure
too, `wethink --version` prints the version, `--help` works after every command, and `--json` prints the result for programs where a command has it.

This page is made from the commands themselves by `make docs`.
"""
PAGES = {  # where to read on, by panel
    "Grow the dataset": "configuration, budgets, growing, serving, endpoints",
    "Dataset versions": "versions, growing",
    "Lineage and takedowns": "lineage",
    "Training and scoring": "training, studies, scoring, rewards",
    "Maintenance": "dagster, configuration",
}


def commands_page() -> str:
    """The whole page."""
    root: Any = get_command(app)
    overview, sections = [INTRODUCTION], []
    for panel, members in COMMANDS.items():
        links = ", ".join(f"[{page}.md]({page}.md)" for page in PAGES[panel].split(", "))
        lines = [
            [f"[`wethink {name}`](#{anchor(f'wethink {name}')})", _summary(root.commands[name])] for name in members
        ]
        overview.append(f"**{panel}** (more in {links})\n\n{table(['command', 'what it does'], lines)}\n")
        for name in members:
            sections += _sections(root.commands[name], f"wethink {name}")
    return "\n".join([*overview, *sections])


def _summary(command: Any) -> str:
    return first_sentence(inspect.cleandoc(command.help or ""))


def _sections(command: Any, name: str, level: int = 2) -> Iterator[str]:
    """A command, then its subcommands one level below."""
    context = typer.Context(command, info_name=name)
    parameters = [parameter for parameter in command.get_params(context) if parameter.name != "help"]
    arguments = [parameter for parameter in parameters if parameter.param_type_name == "argument"]
    options = [parameter for parameter in parameters if parameter.param_type_name == "option"]
    subcommands = getattr(command, "commands", {})
    usage = [
        name,
        *(["[OPTIONS]"] if options else []),
        *(["COMMAND"] if subcommands else []),
        *map(_spelling, arguments),
    ]
    yield f"{'#' * level} `{name}`\n\n{inspect.cleandoc(command.help or '')}\n\n```\n{' '.join(usage)}\n```\n"
    if arguments:
        lines = [[f"`{_spelling(argument)}`", argument.get_help_record(context)[1]] for argument in arguments]
        yield table(["argument", ""], lines) + "\n"
    if options:
        records = [option.get_help_record(context) for option in options]
        yield table(["option", ""], [[f"`{spelling}`", text] for spelling, text in records]) + "\n"
    for sub, member in subcommands.items():
        yield from _sections(member, f"{name} {sub}", level + 1)


def _spelling(argument: Any) -> str:
    """An argument as a usage line has it: `VERSION`, `[NAME]`, `[STAGE]...`."""
    name = argument.metavar or argument.name.upper()
    return (name if argument.required else f"[{name}]") + ("..." if argument.nargs == -1 else "")
