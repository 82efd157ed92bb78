"""Prompt packs: the prompt of a role, and the archive of what prompts said, by the hash that stands in a commit.

A pack is a folder of `<name>.md` files: `standard` and `embedded` come with the package, any other name is a path. A prompt is a Jinja2
template; what stands before a line `<!-- user -->` is the system message, what follows it the user message. The words of question kinds are
put where a file says `<!-- kinds: question -->`, `<!-- kinds: answer -->` (a line of each kind) or `<!-- kinds: example -->` (that of the
kind asked for): those of the paper's three kinds always, those of another kind in its own prompts only, so that a kind which is added
changes no call that was made before. Examples of whole questions rotate (`prompt_examples`).

The text of a prompt is kept in the store by its hash, `prompts/<sha256>.md`, written once: so whoever meets the hash in a commit can read it.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from wethink_assets.config import Settings
from wethink_assets.errors import ConfigError
from wethink_assets.identity import sha256_hex
from wethink_assets.kinds import KINDS, PAPER_KINDS, QuestionKind
from wethink_assets.models.chat import Role
from wethink_assets.stages.prompts import PROMPTS, asked_prompts, pack_folder
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.prompt_examples import FILE, ROTATION, read_examples, with_examples

_USER_LINE = re.compile(r"^<!-- user -->[ \t]*\r?$", re.MULTILINE)
_DELIMITER = re.compile(
    r"<(?=\||/?(?:description|dialogue|notes|reference|candidate|question|think|answer|image|system|user|assistant|instructions?"
    r"|(?:start|end)_of_turn|s)>)",
    re.IGNORECASE,
)
_KIND_WORDS = re.compile(r"<!-- kinds: (question|answer|example) -->")


def _environment() -> jinja2.Environment:
    return ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt of a pack, compiled. `text` is all that its file says with the words of `kinds`, `sha256` that of this text.

    `examples` are the texts of all examples that it can show, which no reply may say again.
    """

    name: str
    path: str
    sha256: str
    system: jinja2.Template | None
    user: jinja2.Template
    text: str
    source: bytes
    variables: tuple[str, ...]
    kinds: tuple[QuestionKind, ...]
    examples: tuple[str, ...]
    example_source: bytes
    instructions: str | None = None
    """System text where it is the same in every call."""

    def render(self, rotation: int = 0, **variables: Any) -> tuple[str, str]:
        """System text (empty where the prompt has none) and user text. What is put in cannot pose as part of the prompt: see `inert`.

        `rotation` chooses the examples of a prompt that shows some.

        Raises `ConfigError` when a variable that the prompt uses is missing, `UnknownName` for an unknown `kind`.
        """
        if self.kinds and ("kind" in variables or "entries" in variables):
            asked = [variables["kind"]] if "kind" in variables else [each["kind"] for each in variables["entries"]]
            kinds = named_kinds(asked)  # of each call: no hash of whole kinds
            if kinds != self.kinds:
                other = compiled(self.name, self.path, self.source, self.variables, kinds, self.example_source)
                return other.render(rotation, **variables)
        variables = {name: inert(value) for name, value in variables.items()}
        if self.examples:
            variables[ROTATION] = rotation
        try:
            system = self.instructions
            if system is None:
                system = self.system.render(**variables).strip("\n") if self.system else ""
            return system, self.user.render(**variables).strip("\n")
        except jinja2.TemplateError as error:
            raise ConfigError(f"prompt {self.path}: {error.message}") from error


def inert(value: Any) -> Any:
    """A value whose texts, also inside lists and dicts, hold no delimiter of a prompt and no chat token: their `<` becomes U+2039.

    Descriptions quote what is written in pictures, and models write what they like: neither may close a `<description>` or open a turn.
    """
    if isinstance(value, str):
        return _DELIMITER.sub("\u2039", value) if "<" in value else value
    if isinstance(value, Mapping):
        return {name: inert(inner) for name, inner in value.items()}
    return [inert(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def load_prompt(settings: Settings, name: str, role: Role | None = None) -> Prompt:
    """The prompt of this name from the pack of the role that it is for, or of `role`.

    Raises `ConfigError` naming the file when it is missing, is no template, or uses a variable that its call does not have.
    """
    use = PROMPTS[name]
    path = pack_folder(settings, settings.prompt_pack(role or use.role)) / f"{name}.md"
    if use.folder and not path.exists():
        path = Path(use.folder) / f"{name}.md"
    try:
        data = path.read_bytes()
    except OSError as error:
        if use.setting and isinstance(error, FileNotFoundError):
            raise ConfigError(
                f"prompt pack {settings.prompt_pack(role or use.role)!r} has no prompt {name!r}, which [pipeline] {use.setting} asks with: "
                f"write {path}, or leave the setting out"
            ) from error
        needed = ", ".join(asked_prompts(settings))
        raise ConfigError(
            f"prompt {path} cannot be read: {error.strerror}; a pack needs a file for {needed}"
        ) from error
    asked = (code for code, share in sorted(settings.pipeline.kinds.items()) if share > 0)
    examples = path.with_name(FILE)
    return compiled(
        name, str(path), data, use.variables, named_kinds(asked), examples.read_bytes() if examples.exists() else b""
    )


def named_kinds(codes: Iterable[str]) -> tuple[QuestionKind, ...]:
    """The kinds that a prompt names when questions of these kinds are asked: the paper's, then the others among them."""
    return tuple(dict.fromkeys([*PAPER_KINDS, *(KINDS[code] for code in codes)]))


def _words_of(kinds: Iterable[QuestionKind], use: str) -> str:
    if use == "question":
        return "\n".join(f"- {kind.code} ({kind.title}): {kind.words.question}" for kind in kinds)
    if use == "answer":
        return "\n".join(f"- {kind.code}: {kind.words.answer}" for kind in kinds)
    examples = {kind.code: kind.words.example for kind in kinds}
    return "{{ " + json.dumps(examples, ensure_ascii=False) + "[kind] }}"


@lru_cache(maxsize=256)
def compiled(
    name: str,
    path: str,
    data: bytes,
    variables: tuple[str, ...],
    kinds: tuple[QuestionKind, ...] = PAPER_KINDS,
    examples: bytes = b"",
) -> Prompt:
    """A prompt from its file's bytes, and those of the file of its pack's examples.

    Raises `ConfigError` when it is no template, uses what is not among `variables`, or shows examples that there are not.
    """
    environment = _environment()
    try:
        file = data.decode("utf-8")
        worded = _KIND_WORDS.sub(lambda mark: _words_of(kinds, mark[1]), file)
        pool = read_examples(str(Path(path).with_name(FILE)), examples)
        text, shown = with_examples(worded, pool, kinds, path)
        known = {*variables, ROTATION} if shown else {*variables}
        unknown = jinja2.meta.find_undeclared_variables(environment.parse(text)) - known
        sections = _USER_LINE.split(text)
        templates = [environment.from_string(section.removeprefix("\n")) for section in sections]
        for template in templates:
            template.globals = dict(template.globals)  # a chain of maps is slow to read, and each call reads it
        constant = len(sections) == 2 and "{" not in sections[0]
        instructions = templates[0].render().strip("\n") if constant else None
    except UnicodeDecodeError as error:
        raise ConfigError(f"prompt {path} is not UTF-8: {error}") from error
    except jinja2.TemplateSyntaxError as error:
        raise ConfigError(f"prompt {path}:{error.lineno}: {error.message}") from error
    if unknown:
        names = ", ".join(variables) or "none"
        raise ConfigError(f"prompt {path} uses {', '.join(sorted(unknown))}; variables of {name!r} are: {names}")
    if len(templates) > 2:
        raise ConfigError(f"prompt {path} has {len(templates) - 1} lines '<!-- user -->'; one at most")
    system = templates[0] if len(templates) == 2 else None
    named = kinds if text != file else ()
    return Prompt(
        name,
        path,
        sha256_hex(text.encode()),
        system,
        templates[-1],
        text,
        data,
        variables,
        named,
        shown,
        examples,
        instructions,
    )


def load_prompts(settings: Settings, names: Iterable[str]) -> dict[str, Prompt]:
    """Several prompts by name."""
    return {name: load_prompt(settings, name) for name in names}


def prompt_hashes(settings: Settings, names: Iterable[str]) -> dict[str, str]:
    """sha256 of the text of each prompt, by prompt name."""
    return {name: load_prompt(settings, name).sha256 for name in names}


FOLDER = "prompts"


def prompt_path(sha256: str) -> str:
    """Where the text of a prompt lies in the store."""
    return f"{FOLDER}/{sha256}.md"


def keep_prompts(store: Store, prompts: Iterable[Prompt]) -> None:
    """Keep the texts of prompts that the store does not have yet."""
    for prompt in prompts:
        store.create(prompt_path(prompt.sha256), prompt.text.encode("utf-8"))


def prompt_text(store: Store, sha256: str) -> str | None:
    """Text of the prompt with this hash; None where it was never kept, or what lies there is another text."""
    data = store.read_if_present(prompt_path(sha256))
    return data.decode("utf-8") if data is not None and sha256_hex(data) == sha256 else None
