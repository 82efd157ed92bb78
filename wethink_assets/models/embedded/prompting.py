"""How the prompts of the pack `embedded` are rendered for training: from the very files that the pipeline uses."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

PACK = Path(__file__).parents[2] / "synthesis" / "prompts" / "embedded"


@cache
def _template(task: str) -> Template:
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string((PACK / f"{task}.md").read_text())


def render_prompt(task: str, **variables: Any) -> str:
    """Text of the user message of a task (the pack has no system messages)."""
    return _template(task).render(**variables).strip("\n")
