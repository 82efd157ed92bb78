"""Pages in HTML, from templates that escape whatever a model, a file name or a reader says.

Every value that a template shows goes through `visible`, and Jinja escapes it; no template marks a value as safe, none puts one into a script, a
style or the address of anything but our own pages.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from markupsafe import Markup

from wethink_assets.plain_text import visible

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["ASSETS", "asset", "compile_templates", "rendered"]

ASSETS = {"browse.css": "text/css", "browse.js": "text/javascript", "written.js": "text/javascript"}
"""Files that pages load, by name, with their media types."""


def asset(name: str) -> str:
    """Text of a file that pages load."""
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


def rendered(template: str, **values: Any) -> str:
    """A page."""
    return _environment().get_template(template).render(**values)


def compile_templates() -> None:
    """Read all templates, so that the first page takes no longer than others."""
    for name in ("list", "row", "duplicates", "fault"):
        _environment().get_template(f"{name}.html")


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    folder = files(__package__) / "templates"
    environment = Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters["query"] = _query
    return environment


def _shown(value: Any) -> Any:
    if isinstance(value, Markup):
        return value
    return "" if value is None else visible(str(value))


def _query(parameters: Mapping[str, str], **more: Any) -> str:
    """Parameters of an address, with others beside them; empty without any."""
    chosen = {name: str(value) for name, value in {**parameters, **more}.items() if value not in ("", None)}
    return f"?{urlencode(chosen)}" if chosen else ""
