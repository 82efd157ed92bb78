"""docs/api.md: the public modules, each name of their `__all__` with signature and docstring, read from the sources without importing them."""

import ast
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

from reference_markdown import anchor, docstring, first_sentence, table

ROOT = Path(__file__).resolve().parents[1]

INTRODUCTION = """# The public API

What is listed here keeps its promises from release to release ([versioning.md](versioning.md)); whatever else can be imported may change at any
time. A public module names its public names in `__all__`. Errors are those of [`wethink_assets.errors`](#wethink_assetserrors), raised where the
cause is known.

This page is made from the docstrings by `make docs`.
"""

# One line a module: a module whose `__all__` is listed here is public, in the order of the page.
PUBLIC = (
    "wethink_assets.config",
    "wethink_assets.errors",
    "wethink_assets.extensions.registry",
    "wethink_assets.kinds",
    "wethink_assets.stages.spec",
    "wethink_assets.stages.prompts",
    "wethink_assets.stages.order",
    "wethink_assets.stages.output",
    "wethink_assets.storage.store",
    "wethink_assets.dataset.versions.catalog",
    "wethink_assets.dataset.versions.manifest",
    "wethink_assets.dataset.versions.card",
    "wethink_assets.dataset.versions.releases",
    "wethink_assets.dataset.versions.rebuild",
    "wethink_assets.dataset.versions.verification",
    "wethink_assets.dataset.browse.collection",
    "wethink_assets.dataset.browse.index",
    "wethink_assets.dataset.browse.server",
    "wethink_assets.dataset.browse.written",
    "wethink_assets.dataset.exports.export",
    "wethink_assets.dataset.imports.format",
    "wethink_assets.dataset.imports.importer",
    "wethink_assets.dataset.exports.verification",
    "wethink_assets.dataset.edits.edits",
    "wethink_assets.dataset.lineage.version",
    "wethink_assets.dataset.takedown.takedown",
    "wethink_assets.dataset.takedown.erasure",
    "wethink_assets.models.chat",
    "wethink_assets.models.dialects.dialect",
    "wethink_assets.models.providers.provider",
    "wethink_assets.rewards",
    "wethink_assets.rewards.equivalence.answers",
    "wethink_assets.rewards.trl",
    "wethink_assets.training.policies.catalog",
)

SETTINGS = "Table"  # base of the tables of wethink.toml

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


def api_page() -> str:
    """The whole page."""
    modules = [(name, _tree(name)) for name in PUBLIC]
    lines = [[f"[`{name}`](#{anchor(name)})", first_sentence(_docstring(tree))] for name, tree in modules]
    parts = [INTRODUCTION, table(["module", ""], lines) + "\n"]
    for name, tree in modules:
        parts.append(f"## `{name}`\n\n{docstring(_docstring(tree))}\n")
        parts += [_section(public, *_definition(name, public)) for public in public_names(name, tree)]
    return "\n".join(parts)


def public_names(module: str, tree: ast.Module) -> list[str]:
    """`__all__` of a module. Raises `LookupError` when it has none."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            names: list[str] = ast.literal_eval(node.value)
            return names
    raise LookupError(f"{module} is named in PUBLIC of docs/reference_api.py and has no __all__")


def _tree(module: str) -> ast.Module:
    path = ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def _docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return ast.get_docstring(node) or ""


def _definition(module: str, name: str) -> tuple[Definition, str]:
    """The definition of a name and its module, through re-exports."""
    for node in _tree(module).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
            return node, module
        if isinstance(node, ast.Assign) and name in [ast.unparse(target) for target in node.targets]:
            return node, module
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name:
            return node, module
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _definition(node.module, alias.name)
    raise LookupError(f"{module}.{name} is public and defined nowhere")


def _section(name: str, node: Definition, module: str) -> str:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return f"### `{name}`\n\n```python\n{ast.unparse(node)}\n```\n"
    text = _docstring(node)
    if not text:
        raise LookupError(f"{module}.{name} is public and has no docstring")
    if isinstance(node, ast.ClassDef):
        return f"### `{name}`\n\n```python\n{_class(node)}\n```\n\n{docstring(text)}\n\n" + "\n".join(_methods(node))
    return f"### `{name}`\n\n```python\n{signature(node)}\n```\n\n{docstring(text)}\n"


def _class(node: ast.ClassDef) -> str:
    """Head, fields and constructor of a class; the fields of settings stand in configuration.md."""
    bases = [ast.unparse(base) for base in node.bases]
    fields = [
        f"    {ast.unparse(member)}"
        for member in node.body
        if isinstance(member, ast.AnnAssign) and not ast.unparse(member.target).startswith("_")
    ]
    if SETTINGS in bases:
        fields = ["    ...  # settings: docs/configuration.md"]
    constructors = [
        indent(signature(member), "    ")
        for member in node.body
        if isinstance(member, ast.FunctionDef) and member.name == "__init__"
    ]
    head = f"class {node.name}({', '.join(bases)})" if bases else f"class {node.name}"
    return "\n".join([head, *fields, *constructors])


def _methods(node: ast.ClassDef) -> Iterator[str]:
    """Public methods and properties with what their docstrings say."""
    for member in node.body:
        if not isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) or member.name.startswith("_"):
            continue
        is_property = "property" in [ast.unparse(decorator) for decorator in member.decorator_list]
        shown = f"{member.name}: {ast.unparse(member.returns)}" if is_property and member.returns else None
        yield f"- `{shown or signature(member, width=0)}`: {' '.join(_docstring(member).split())}"
    yield ""


def signature(node: ast.FunctionDef | ast.AsyncFunctionDef, width: int = 100) -> str:
    """How a function is called, without `self` and `cls`; an argument a line where one line is longer than `width`.

    >>> signature(ast.parse("def f(self, a: int, *, b: str = 'x', **more) -> int: ...").body[0])
    "f(a: int, *, b: str = 'x', **more) -> int"
    """
    arguments = list(_arguments(node.args))
    name = f"async {node.name}" if isinstance(node, ast.AsyncFunctionDef) else node.name
    returns = f" -> {ast.unparse(node.returns)}" if node.returns and node.name != "__init__" else ""
    line = f"{name}({', '.join(arguments)}){returns}"
    if not width or len(line) <= width:
        return line
    return "\n".join([f"{name}(", *(f"    {argument}," for argument in arguments), f"){returns}"])


def _arguments(args: ast.arguments) -> Iterator[str]:
    positional = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(positional) - len(args.defaults)) + list(args.defaults)
    for argument, default in zip(positional, defaults, strict=True):
        if argument.arg not in ("self", "cls"):
            yield _argument(argument, default)
        if args.posonlyargs and argument is args.posonlyargs[-1]:
            yield "/"
    if args.vararg:
        yield f"*{_argument(args.vararg, None)}"
    elif args.kwonlyargs:
        yield "*"
    for argument, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        yield _argument(argument, default)
    if args.kwarg:
        yield f"**{_argument(args.kwarg, None)}"


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    if default is None:
        return ast.unparse(argument)
    return f"{ast.unparse(argument)}{' = ' if argument.annotation else '='}{ast.unparse(default)}"
