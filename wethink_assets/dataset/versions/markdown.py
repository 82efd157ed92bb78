"""Markdown tables of cards."""

import re
from typing import Any

__all__ = ["table"]


def table(header: list[str], rows: list[list[Any]]) -> str:
    """A Markdown table."""
    if not rows:
        return "None.\n"
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    """A value as table text: names of sources and licences come from a configuration and may hold anything."""
    return re.sub(r"[<>&]", lambda match: f"&#{ord(match[0])};", str(value)).replace("|", "\\|").replace("\n", " ")
