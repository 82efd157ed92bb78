"""What is the judge asked, and how is its reply read?"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.evaluation.grading.rules import letters_of, option_of, yes_or_no
from wethink_assets.identity import sha256_hex
from wethink_assets.synthesis.calls.replies import MalformedReply, final_text, parse_json_reply
from wethink_assets.synthesis.calls.reply_schemas import Grade
from wethink_assets.synthesis.prompt_packs import Prompt, compiled, load_prompt

FOLDER = Path(__file__).parent / "prompts"
VARIABLES = {
    "judge_option": ("question", "options", "reply"),
    "judge_letters": ("question", "reply"),
    "judge_yes_no": ("question", "reply"),
    "judge_extract": ("question", "instruction", "reply"),
    "judge_consistent": ("question", "reference", "reply"),
    "judge_grade": ("question", "reference", "reply"),
}
_GRADE = re.compile(r"(?:0(?:\.\d+)?|1(?:\.0+)?|\.\d+)")
UNKNOWN = "Unknown"


@cache
def judge_prompt(name: str) -> Prompt:
    """One of the judge's prompts of this package."""
    path = FOLDER / f"{name}.md"
    return compiled(name, str(path), path.read_bytes(), VARIABLES[name])


@dataclass(frozen=True)
class JudgeWords:
    """How a judge is spoken to.

    An embedded judge knows one task, grading by `judge.md` of its pack, so it decides by that or not at all; any other is asked for what
    the benchmark's own scoring asks for.
    """

    grades_only: bool
    grading: Prompt

    @classmethod
    def of(cls, settings: Settings) -> "JudgeWords":
        """Words for the configured judge: its prompt pack decides."""
        return cls(settings.prompt_pack("judge") == "embedded", load_prompt(settings, "judge"))

    @property
    def digest(self) -> str:
        """sha256 over all prompts that may be used."""
        if self.grades_only:
            return self.grading.sha256
        return sha256_hex("".join(judge_prompt(name).sha256 for name in VARIABLES).encode())

    def render(self, name: str, variables: Mapping[str, Any]) -> tuple[str, str] | None:
        """System and user text of a question to the judge; None where this judge cannot be asked it."""
        if not self.grades_only:
            return judge_prompt(name).render(**variables)
        if name not in ("judge_consistent", "judge_grade"):
            return None
        named = {
            "question": variables["question"],
            "reference": variables["reference"],
            "candidate": variables["reply"],
        }
        return self.grading.render(**named)

    def read(self, name: str, reply: str, variables: Mapping[str, Any]) -> Any:
        """What a judge's reply says. Raises `MalformedReply`."""
        if self.grades_only:
            score = parse_json_reply(reply, Grade).score
            return score == 1 if name == "judge_consistent" else score
        return READERS[name](final_text(reply).strip(), variables)


def _option(said: str, variables: Mapping[str, Any]) -> str:
    letter = option_of(said, variables["options"])
    if letter is None:
        raise MalformedReply("no_option", repr(said[:60]))
    return letter


def _letters(said: str, _variables: Mapping[str, Any]) -> str:
    letters = "z" if said.strip(" .") == "Z" else letters_of(said)
    if letters is None:
        raise MalformedReply("no_letters", repr(said[:60]))
    return letters


def _yes_no(said: str, _variables: Mapping[str, Any]) -> str:
    if said.strip(" .").casefold() == UNKNOWN.casefold():
        return UNKNOWN
    word = yes_or_no(said)
    if word is None:
        raise MalformedReply("no_word", repr(said[:60]))
    return word


def _extracted(said: str, _variables: Mapping[str, Any]) -> str:
    return "" if said.strip(" .").casefold() == "null" else said.splitlines()[0].strip()


def _consistent(said: str, _variables: Mapping[str, Any]) -> bool:
    if said.strip(" .") not in ("0", "1"):
        raise MalformedReply("no_verdict", repr(said[:60]))
    return said.strip(" .") == "1"


def _grade(said: str, _variables: Mapping[str, Any]) -> float:
    if not _GRADE.fullmatch(said):
        raise MalformedReply("no_grade", repr(said[:60]))
    return float(said)


READERS: Mapping[str, Callable[[str, Mapping[str, Any]], Any]] = {
    "judge_option": _option,
    "judge_letters": _letters,
    "judge_yes_no": _yes_no,
    "judge_extract": _extracted,
    "judge_consistent": _consistent,
    "judge_grade": _grade,
}
