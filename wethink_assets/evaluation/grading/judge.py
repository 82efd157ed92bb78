"""Judge of the scored replies: the questions that a form may ask it, their prompts, and how its replies to them are read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.evaluation.grading.extractions import can_be_extraction
from wethink_assets.evaluation.grading.rules import letters_of, option_of, yes_or_no
from wethink_assets.identity import sha256_hex
from wethink_assets.synthesis.calls.replies import MalformedReply, final_text, parse_json_reply
from wethink_assets.synthesis.calls.reply_schemas import Grade
from wethink_assets.synthesis.prompt_packs import Prompt, compiled, load_prompt

FOLDER = Path(__file__).parent / "prompts"
_GRADE = re.compile(r"(?:0(?:\.\d+)?|1(?:\.0+)?|\.\d+)")
UNKNOWN = "Unknown"
Variables = Mapping[str, Any]


@dataclass(frozen=True)
class JudgeQuestion:
    """A question to the judge, with the prompt `prompts/<its name>.md`.

    variables: of the prompt; read: what a reply says, raising `MalformedReply`; from_grade: what it is by the grade of a judge that only
    grades, None where such a one cannot be asked.
    """

    variables: tuple[str, ...]
    read: Callable[[str, Variables], Any]
    from_grade: Callable[[float], Any] | None = None


def _option(reply: str, variables: Variables) -> str:
    letter = option_of(reply, variables["options"])
    if letter is None:
        raise MalformedReply("no_option", repr(reply[:60]))
    return letter


def _letters(reply: str, _variables: Variables) -> str:
    letters = "z" if reply.strip(" .") == "Z" else letters_of(reply)
    if letters is None:
        raise MalformedReply("no_letters", repr(reply[:60]))
    return letters


def _yes_no(reply: str, _variables: Variables) -> str:
    if reply.strip(" .").casefold() == UNKNOWN.casefold():
        return UNKNOWN
    word = yes_or_no(reply)
    if word is None:
        raise MalformedReply("no_word", repr(reply[:60]))
    return word


def _extracted(reply: str, variables: Variables) -> str:
    if not can_be_extraction(reply, str(variables["reply"]), str(variables.get("instruction") or "")):
        raise MalformedReply("no_extraction", repr(reply[:60]))
    return "" if reply.strip(" .").casefold() == "null" else reply.splitlines()[0].strip()


def _consistent(reply: str, _variables: Variables) -> bool:
    if reply.strip(" .") not in ("0", "1"):
        raise MalformedReply("no_verdict", repr(reply[:60]))
    return reply.strip(" .") == "1"


def _grade(reply: str, _variables: Variables) -> float:
    if not _GRADE.fullmatch(reply):
        raise MalformedReply("no_grade", repr(reply[:60]))
    return float(reply)


JUDGE_QUESTIONS: Mapping[str, JudgeQuestion] = {
    "judge_option": JudgeQuestion(("question", "options", "reply"), _option),
    "judge_letters": JudgeQuestion(("question", "reply"), _letters),
    "judge_yes_no": JudgeQuestion(("question", "reply"), _yes_no),
    "judge_extract": JudgeQuestion(("question", "instruction", "reply"), _extracted),
    "judge_consistent": JudgeQuestion(("question", "reference", "reply"), _consistent, lambda grade: grade == 1),
    "judge_grade": JudgeQuestion(("question", "reference", "reply"), _grade, lambda grade: grade),
}
"""By name: which option a reply chooses; which letters it names; yes, no or unknown; a short answer extracted as an instruction says; whether two
answers are the same; a grade from 0 to 1. All their prompts are part of a score's settings: another one makes every judged score anew."""


@cache
def judge_prompt(name: str) -> Prompt:
    """The prompt of a question to the judge."""
    path = FOLDER / f"{name}.md"
    return compiled(name, str(path), path.read_bytes(), JUDGE_QUESTIONS[name].variables)


@dataclass(frozen=True)
class JudgePrompts:
    """The prompts by which the configured judge is asked.

    An embedded judge knows one task, grading by `judge.md` of its pack, so it decides by that or not at all; any other is asked for what
    the benchmark's own scoring asks for.
    """

    grades_only: bool
    grading: Prompt

    @classmethod
    def of(cls, settings: Settings) -> "JudgePrompts":
        """Prompts of the configured judge: its prompt pack decides."""
        return cls(settings.prompt_pack("judge") == "embedded", load_prompt(settings, "judge"))

    @property
    def digest(self) -> str:
        """sha256 over all prompts that may be used."""
        if self.grades_only:
            return self.grading.sha256
        return sha256_hex("".join(judge_prompt(name).sha256 for name in JUDGE_QUESTIONS).encode())

    def render(self, name: str, variables: Variables) -> tuple[str, str] | None:
        """System and user text of a question to the judge; None where this judge cannot be asked it."""
        if not self.grades_only:
            return judge_prompt(name).render(**variables)
        if JUDGE_QUESTIONS[name].from_grade is None:
            return None
        graded = {variable: variables[variable] for variable in ("question", "reference")}
        return self.grading.render(**graded, candidate=variables["reply"])

    def read(self, name: str, reply: str, variables: Variables) -> Any:
        """What a judge's reply says. Raises `MalformedReply`."""
        question = JUDGE_QUESTIONS[name]
        if self.grades_only and question.from_grade is not None:
            return question.from_grade(parse_json_reply(reply, Grade).score)
        return question.read(final_text(reply).strip(), variables)
