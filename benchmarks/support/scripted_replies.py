"""Replies of the scripted endpoint to prompts of the pack `standard`: always valid, a function of the request alone.

Each picture stands for a scene of discs and squares whose counts follow from its bytes, so descriptions, questions and answers fit
together: most questions are kept, some are screened out, on some the two sides differ and the adjudicator rules.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.stages.prompts import PROMPTS
from wethink_assets.synthesis.prompt_packs import load_prompts

SCENE = re.compile(r"Scene (\w+) shows (\d+) red discs and (\d+) blue squares")
DESCRIPTION = re.compile(r"<description>\n(.*?)\n</description>", re.DOTALL)
REPLIES = re.compile(r"^Reply: (.*)$", re.MULTILINE)
QUESTION = re.compile(r"^Question \((MC|FIB|DES)\): (.*)$", re.MULTILINE)
OPTION = re.compile(r"^[A-J]\. (.*)$", re.MULTILINE)
WANTED = re.compile(r"^Write one question of kind (MC|FIB|DES) that needs: (.*)\.$", re.MULTILINE)
WANTED_ENTRY = re.compile(r"^(\d+)\. kind (MC|FIB|DES), needs: (.*)$", re.MULTILINE)
SCREENED_ENTRY = re.compile(r"^(\d+)\. \((?:MC|FIB|DES)\) ", re.MULTILINE)
REQUEST_ENTRY = re.compile(r"^(\d+)\. (.*)$", re.MULTILINE)
ASKED = re.compile(r"^- .*$", re.MULTILINE)
FINAL = re.compile(r"^Final answer: (.*)$", re.MULTILINE)
GIVEN = re.compile(r"<reference>\n(.*?)\n</reference>.*<candidate>\n(.*?)\n</candidate>", re.DOTALL)
NOUNS = ("discs and squares together", "discs more than squares, or fewer", "squares once each disc is paired with two")


@dataclass(frozen=True)
class Asked:
    """A request as far as replies depend on it: prompt name, user text, digest of the picture, number that is even over requests."""

    prompt: str
    text: str
    picture: str
    chance: int


def _system_texts() -> dict[str, str]:
    """Prompt name by system message: those of the standard pack hold no variables."""
    prompts = load_prompts(Settings(), PROMPTS)
    return {p.system.render().strip("\n"): name for name, p in prompts.items() if p.system is not None}


SYSTEM_TEXTS = _system_texts()


def asked_of(body: Mapping[str, Any]) -> Asked:
    """What a chat completion request asks. Raises `KeyError` for a system message of another pack."""
    turns = [_text_and_images(message["content"]) for message in body["messages"]]
    picture = "".join(hashlib.sha256(image.encode()).hexdigest() for _, images in turns for image in images)
    (system, _), *others = turns
    if others:
        text = others[0][0]
    else:  # with an image, all is one turn
        turn = system
        (system,) = (known for known in SYSTEM_TEXTS if turn.startswith(known))
        text = turn.removeprefix(system).lstrip("\n")
    seed = body.get("seed", 0)
    return Asked(SYSTEM_TEXTS[system], text, picture, _number(system[:40], text, picture, str(seed)))


def _text_and_images(content: Any) -> tuple[str, list[str]]:
    """Text of a message and URLs of its images, whether it is one text or a list of parts."""
    if isinstance(content, str):
        return content, []
    texts = [part["text"] for part in content if part["type"] == "text"]
    return "".join(texts), [part["image_url"]["url"] for part in content if part["type"] == "image_url"]


def _number(*parts: str) -> int:
    return int(hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12], 16)


def reply_to(asked: Asked) -> str:
    """The reply: always valid, always the same for the same request."""
    return WRITERS[asked.prompt](asked)


def _describe(asked: Asked) -> str:
    name = asked.picture[:10]
    return (
        f"Scene {name} shows {2 + int(name[0], 16) % 7} red discs and {3 + int(name[1], 16) % 9} blue squares on a pale"
        f' ground. The discs stand on the left, the squares on the right. A sign at the top reads "{name[4:9]}".'
    )


def _refine(asked: Asked) -> str:
    done = bool(REPLIES.search(asked.text)) or asked.chance % 4 == 0
    requests = [] if done else ["How large are the discs beside the squares?", "What stands between discs and squares?"]
    return json.dumps({"complete": done, "requests": requests})


def _all_details(asked: Asked) -> str:
    requests = REQUEST_ENTRY.findall(asked.text)
    return json.dumps(
        {"details": [{"number": int(number), "detail": _detail(asked, text)} for number, text in requests]}
    )


def _details(asked: Asked) -> str:
    return _detail(asked, asked.text)


def _detail(asked: Asked, request: str) -> str:
    large = "How large" in request
    size = ("small", "middling", "large")[int(asked.picture[2], 16) % 3]
    return f"The discs are {size}." if large else f"A line of {1 + int(asked.picture[3], 16) % 5} grey dots."


def _description(asked: Asked) -> str:
    match = DESCRIPTION.search(asked.text)
    return match[1] if match else ""


def _merge(asked: Asked) -> str:
    return " ".join([_description(asked), *REPLIES.findall(asked.text)])


def _question(asked: Asked) -> str:
    wanted = WANTED.search(asked.text)
    scene = SCENE.search(_description(asked))
    if wanted is None or scene is None:
        return json.dumps({"question": "", "options": [], "answer": "", "category": "", "abilities": []})
    number = len(ASKED.findall(asked.text.partition("Questions already asked")[2]))
    return json.dumps(_written(asked, scene, wanted[1], wanted[2].split(", "), number))


def _questions(asked: Asked) -> str:
    scene = SCENE.search(_description(asked))
    before = len(ASKED.findall(asked.text.partition("Questions already asked")[2].partition("\nWrite ")[0]))
    entries = WANTED_ENTRY.findall(asked.text) if scene else []
    written = [
        {"number": int(number), **_written(asked, scene, kind, abilities.split(", "), before + int(number) - 1)}
        for number, kind, abilities in entries
        if scene
    ]
    return json.dumps({"questions": written})


def _written(asked: Asked, scene: re.Match[str], kind: str, abilities: list[str], number: int) -> dict[str, Any]:
    name, discs, squares = scene[1], int(scene[2]), int(scene[3])
    total = discs + squares + number
    thing = NOUNS[number % len(NOUNS)] + (f", plus {number}" if number else "")
    question, options, answer = f'In the scene whose sign reads "{name[4:9]}", how many {thing}?', [], str(total)
    if kind == "MC":
        options = [str(total + shift) for shift in (-1, 0, 2, 5)]
        options = options[asked.chance % 4 :] + options[: asked.chance % 4]
    if kind == "DES":
        question = f'Explain by two visible facts what the sign "{name[4:9]}" of picture {name} has to do with {thing}.'
        answer = f"It counts {total}."
    reply = {"question": question, "options": options, "answer": answer, "category": "counting"}
    return reply | {"abilities": abilities}


def _screenings(asked: Asked) -> str:
    numbers = [int(number) for number in SCREENED_ENTRY.findall(asked.text)]
    return json.dumps({"screenings": [{"number": number, **_screened(asked.chance + number)} for number in numbers]})


def _screened(chance: int) -> dict[str, Any]:
    fate = chance % 25
    return {"answerable": fate != 0, "verifiable": fate != 1, "reason": "Both counts are stated."}


def _screen(asked: Asked) -> str:
    return json.dumps(_screened(asked.chance))


def _answer(asked: Asked) -> str:
    match = QUESTION.search(asked.text)
    kind, question = (match[1], match[2]) if match else ("FIB", "")
    options = OPTION.findall(asked.text)
    number = _number("answer", question) + (asked.chance % 8 == 0)  # both sides alike, but for one in eight or so
    if kind == "MC":
        answer = "ABCDEFGHIJ"[number % max(1, len(options))]
    elif kind == "FIB":
        answer = str(number % 20)
    else:
        answer = f"The sign counts what is seen, which comes to {number % 20}, {'left' if asked.picture else 'first'} to right."
    return f"<think>I count the discs on the left and then the squares on the right.</think><answer>{answer}</answer>"


def _judge(asked: Asked) -> str:
    given = GIVEN.search(asked.text)
    numbers = [re.findall(r"\d+", text) for text in given.groups()] if given else [[], []]
    return json.dumps({"score": 1 if numbers[0] == numbers[1] else 0.25, "reason": "The counts were compared."})


def _adjudicate(asked: Asked) -> str:
    verdict = ("first", "second", "neither", "second")[asked.chance % 4]
    return json.dumps({"verdict": verdict, "reason": "Counted again."})


def _rewrite(asked: Asked) -> str:
    match = FINAL.search(asked.text)
    answer = match[1] if match else ""
    return f"<think>Discs stand on the left and squares on the right. Counting both leads there.</think><answer>{answer}</answer>"


WRITERS: Mapping[str, Callable[[Asked], str]] = {
    "describe": _describe,
    "refine": _refine,
    "details": _details,
    "all_details": _all_details,
    "merge": _merge,
    "question": _question,
    "questions": _questions,
    "screen": _screen,
    "screenings": _screenings,
    "answer_image": _answer,
    "answer_text": _answer,
    "judge": _judge,
    "adjudicate": _adjudicate,
    "rewrite": _rewrite,
}
