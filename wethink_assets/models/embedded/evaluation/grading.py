"""Grading of the embedded model's replies by rule, from the scene, task by task."""

import json
import re
from typing import Any

from wethink_assets.models.embedded.tasks import descriptions
from wethink_assets.models.embedded.tasks.examples import Example
from wethink_assets.sources.sample.audit import is_true, recognise, solve
from wethink_assets.sources.sample.scenes import graph_of


def payload_of(reply: str) -> str:
    """What stands inside `<answer>`, or after `</think>`, or all."""
    if match := re.search(r"<answer>(.*?)(?:</answer>|$)", reply, re.S):
        return match[1].strip()
    return reply.split("</think>")[-1].strip()


def json_of(reply: str) -> dict[str, Any] | None:
    """The JSON object of a reply, or None."""
    try:
        value = json.loads(payload_of(reply))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def question_is_right(example: Example, value: dict[str, Any]) -> bool:
    """Well-posed for the scene, of the wanted kind, its options distinct and holding the answer once."""
    text, options = value.get("question"), value.get("options")
    if not isinstance(text, str) or not isinstance(options, list) or bool(options) != (example.kind == "MC"):
        return False
    query = recognise(text, example.scene)
    return (
        query is not None
        and example.kind in query.family.question_kinds
        and solve(text, options, example.scene) is not None
    )


def checks(example: Example, reply: str) -> dict[str, bool]:
    """Named checks of one reply; `right` is the task's own measure."""
    answer = payload_of(reply)
    match example.task:
        case "describe" | "details":
            wanted = (
                descriptions.coarse(example.scene)
                if example.task == "describe"
                else descriptions.details(example.scene, example.gold["topic"])
            )
            return {"right": answer == wanted}
        case "merge":
            return {"right": descriptions.read_description(answer) == (example.scene.kind, graph_of(example.scene))}
        case "answer_image" | "answer_text":
            assert example.query is not None
            return {"right": bool(is_true(example.query.text, example.options, answer, example.scene))}
        case "rewrite":
            return {"right": reply == example.reply, "keeps answer": answer == example.gold["answer"]}
    value = json_of(reply)
    if value is None:
        return {"right": False, "parses": False}
    match example.task:
        case "refine":
            wanted_json = json_of(example.reply) or {}
            topic = next(
                (pair for pair in descriptions.REQUESTS.values() if set(wanted_json["requests"]) <= set(pair)), ()
            )
            fits = value.get("complete") == wanted_json["complete"] and set(value.get("requests", ["?"])) <= set(topic)
            return {"right": fits and (value["complete"] or bool(value["requests"])), "parses": True}
        case "question":
            wanted_abilities = set(example.gold["abilities"]) & set(value.get("abilities", []))
            return {
                "right": question_is_right(example, value),
                "ability as asked": bool(wanted_abilities) or not example.gold["possible"],
                "new": value.get("question") not in example.gold["asked"],
                "parses": True,
            }
        case "screen":
            return {"right": value.get("verifiable") == example.gold["good"], "parses": True}
        case "judge":
            return {"right": value.get("score") == example.gold["score"], "parses": True}
        case _:
            return {"right": value.get("verdict") == example.gold["verdict"], "parses": True}
