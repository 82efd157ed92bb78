"""Examples in prompts: those of a prompt pack, of which each call shows others, by its item.

`examples.jsonl` beside the prompts of a pack has a question about an image a line, with its answer and the thought that leads there. A prompt shows
some where it says `<!-- examples: question -->` (a whole question of each kind) or `<!-- examples: answer -->` (thought and answer, of the kind that
is asked for). With one example a kind, all questions of a dataset become alike; so they rotate, and a copy of any of them is refused
(`example_copies`).
"""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from functools import lru_cache

from wethink_assets.errors import ConfigError
from wethink_assets.identity import digest_of
from wethink_assets.kinds import KINDS, QuestionKind, lettered

__all__ = ["FILE", "Example", "read_examples", "rotation_of", "with_examples"]

FILE = "examples.jsonl"
ROTATION = "rotation"
"""Variable of a template by which its examples are chosen."""
_MARK = re.compile(r"<!-- examples: (question|answer) -->")
_SHOWN = ("question", "options", "answer", "category", "abilities")


@dataclass(frozen=True, slots=True)
class Example:
    """A question about an image with its answer. `image` says what the image is of; `answer` is the text of an option where there are some."""

    kind: str
    image: str
    question: str
    options: list[str]
    answer: str
    category: str
    abilities: list[str]
    thought: str

    @property
    def written(self) -> str:
        """As the writer of questions is shown it."""
        shown = json.dumps({name: asdict(self)[name] for name in _SHOWN}, ensure_ascii=False)
        return f"Good ({self.kind}; {', '.join(self.abilities)}), image of {self.image}: {shown}"

    @property
    def answered(self) -> str:
        """As whoever answers is shown it."""
        letters = {option: letter for letter, option in lettered(self.options)}
        return f"<think>{self.thought}</think><answer>{letters.get(self.answer, self.answer)}</answer>"


@lru_cache(maxsize=16)
def read_examples(path: str, data: bytes) -> tuple[Example, ...]:
    """The examples of a file. Raises `ConfigError` that names the line which is none."""
    names = {field.name for field in fields(Example)}
    examples = []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except ValueError as error:
            raise ConfigError(f"{path}:{number}: {error}") from error
        if not isinstance(values, dict) or set(values) != names:
            raise ConfigError(f"{path}:{number}: an example is an object with the fields {', '.join(sorted(names))}")
        example = Example(**values)
        if KINDS[example.kind].has_options and example.answer not in example.options:
            raise ConfigError(f"{path}:{number}: the answer {example.answer!r} is none of the options")
        examples.append(example)
    return tuple(examples)


def rotation_of(prompt: str, item: str, sample: int) -> int:
    """Which examples a call shows: the same whenever it is made; another sample shows the next ones."""
    return int(digest_of(["example", prompt, item])[:12], 16) + sample


def with_examples(
    text: str, examples: tuple[Example, ...], kinds: Iterable[QuestionKind], path: str
) -> tuple[str, tuple[str, ...]]:
    """A template with what it says of examples in place of its marks, and the texts that a reply must not say again.

    Raises `ConfigError` when it has marks and there are no examples.
    """
    uses = dict.fromkeys(_MARK.findall(text))
    if not uses:
        return text, ()
    by_kind = {kind.code: [example for example in examples if example.kind == kind.code] for kind in kinds}
    if not any(by_kind.values()):
        raise ConfigError(f"prompt {path} shows examples of its pack, which has none: write {FILE} beside it")
    texts = {"question": _questions(by_kind), "answer": _answers(by_kind)}
    kept = tuple(example.question if use == "question" else example.thought for use in uses for example in examples)
    return _MARK.sub(lambda mark: texts[mark[1]], text), kept


def _questions(by_kind: dict[str, list[Example]]) -> str:
    """A line a kind; the kinds take turns at different paces, so that it is long until the same ones stand together again."""
    lines, pace = [], 1
    for examples in filter(None, by_kind.values()):
        shown = json.dumps([example.written for example in examples], ensure_ascii=False)
        lines.append(f"{{{{ {shown}[{ROTATION} // {pace} % {len(examples)}] }}}}")
        pace *= len(examples)
    return "\n".join(lines)


def _answers(by_kind: dict[str, list[Example]]) -> str:
    shown = {
        code: [example.answered for example in examples]
        or [f"<think>(the steps)</think><answer>{KINDS[code].words.example}</answer>"]
        for code, examples in by_kind.items()
    }
    return f"{{% set shown = {json.dumps(shown, ensure_ascii=False)}[kind] %}}{{{{ shown[{ROTATION} % (shown | length)] }}}}"
