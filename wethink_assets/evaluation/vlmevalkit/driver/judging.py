"""Judging in VLMEvalKit's process: a row without an answer never reaches its judge, and where the judge gave nothing usable the row is wrong.

VLMEvalKit itself shows its judge every row, guesses an option where the judge failed (`random.choice` in as many threads as ask, so that each
scoring gave another number), and takes whatever the judge says as an extraction. Here no verdict hangs on chance: what failed earns nothing, and is
known as failed. All else is left as it is.
"""

import ast
import importlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from wethink_assets.evaluation.grading.extractions import can_be_extraction

KIT = "vlmeval.dataset"
NO_OPTION = "Z"


@dataclass
class Watch:
    """The scoring at work. unanswered: indices of rows without an answer; failed: where the judge failed, with the question of a rotation."""

    unanswered: frozenset[str] = frozenset()
    failed: set[str] = field(default_factory=set)


current = Watch()


class Recorded:
    """A judge that remembers what it said about one row."""

    def __init__(self, judge: Any) -> None:
        self._judge = judge
        self.said: list[str] = []

    def generate(self, *given: Any, **options: Any) -> Any:
        """As the judge's."""
        reply = self._judge.generate(*given, **options)
        self.said.append(str(reply))
        return reply


@dataclass(frozen=True)
class Judged:
    """One of its functions that ask the judge about a row.

    wrong: what it returns for a wrong answer; usable: whether its result rests on what the judge said, by result, replies of the judge and row.
    """

    module: str
    name: str
    wrong: Any
    usable: Callable[[Any, list[str], Mapping[str, Any]], bool]


def _option(result: Any, said: list[str], _row: Mapping[str, Any]) -> bool:
    log = str(result["log"])  # the reply that decided: of the judge, else of the model
    return log == said[-1] if said else not log.startswith("Failed in Prefetch")


def _yes_no(result: Any, said: list[str], _row: Mapping[str, Any]) -> bool:
    return bool(result != "Unknown" or any(reply.strip(" .").casefold() == "unknown" for reply in said))


def _succeeded(log: str) -> Callable[[Any, list[str], Mapping[str, Any]], bool]:
    return lambda result, said, row: not said or str(result[log]).endswith("Succeed")


def _extracted(name: str, log: str) -> Callable[[Any, list[str], Mapping[str, Any]], bool]:
    def usable(result: Any, said: list[str], row: Mapping[str, Any]) -> bool:
        if not said:
            return True
        text, wanted = str(result[name]), str(row.get("answer_type", ""))
        options = {} if str(row.get("question_type", "multi_choice")) != "multi_choice" else _choices(row)
        if options:
            wanted = "an option letter"
            if importlib.import_module("vlmeval.utils").can_infer(text, dict(options)):
                return True
        return str(result[log]).endswith("Succeed") and can_be_extraction(text, str(row["prediction"]), wanted)

    return usable


def _choices(row: Mapping[str, Any]) -> dict[str, str]:
    with suppress(ValueError, SyntaxError, TypeError):
        listed = ast.literal_eval(str(row.get("choices", "[]")))
        return {chr(ord("A") + number): str(option) for number, option in enumerate(listed)}
    return {}


def _short_answer(result: Any, said: list[str], row: Mapping[str, Any]) -> bool:
    if not said:
        return True
    wanted = "float" if row["answer_type"] == "float" else "an option letter"
    return can_be_extraction(said[-1], "", wanted) and "Failed to obtain answer" not in said[-1]


JUDGED = (
    Judged("utils.multiple_choice", "extract_answer_from_item", {"opt": NO_OPTION, "log": "no answer"}, _option),
    Judged("utils.yorn", "YOrN_auxeval", "Unknown", _yes_no),
    Judged("utils.mathvista", "MathVista_auxeval", {"log": "no answer", "res": NO_OPTION}, _extracted("res", "log")),
    Judged("utils.mathv", "MATH_V_auxeval", {"log": "no answer", "res": NO_OPTION}, _extracted("res", "log")),
    Judged("utils.mathverse", "MathVerse_auxeval_extract", {"log_extract": "no answer", "extract": ""},
           _extracted("extract", "log_extract")),
    Judged("utils.mathverse", "MathVerse_auxeval_score", {"log_score": "no answer", "score": False}, _succeeded("log_score")),
    Judged("utils.logicvista", "LogicVista_auxeval", {"log": "no answer", "res": "", "hit": 0}, _succeeded("log")),
    Judged("utils.mmvet", "MMVet_auxeval", {"log": "no answer", "score": 0.0}, _succeeded("log")),
    Judged("dynamath", "DynaMath_auxeval", {"parse": False, "extracted": None, "correct": False}, _short_answer),
)  # fmt: skip


@cache
def watch_judging() -> None:
    """Put our watch around its functions, once per process. Raises `AttributeError` for a VLMEvalKit that has them no more."""
    for judged in JUDGED:
        module: Any = importlib.import_module(f"{KIT}.{judged.module}")
        setattr(module, judged.name, _watched(judged, getattr(module, judged.name)))


def _watched(judged: Judged, act: Callable[..., Any]) -> Callable[..., Any]:
    def verdict(model: Any, line: Any, **options: Any) -> Any:
        index = str(line["index"])
        if index in current.unanswered or (index in current.failed and judged.name.endswith("_score")):
            return _copied(judged.wrong)
        judge = None if model is None else Recorded(model)
        result = act(judge, line, **options)
        if judged.usable(result, judge.said if judge else [], line):
            return result
        current.failed.add(index)
        with suppress(
            KeyError, ValueError, TypeError
        ):  # the question of which a row of circular evaluation is a rotation
            current.failed.add(str(int(float(line["g_index"]))))
        return _copied(judged.wrong)

    return verdict


def _copied(result: Any) -> Any:
    return dict(result) if isinstance(result, dict) else result
