"""A chat model that follows a script, for replies and faults that a real model does not give on demand."""

import asyncio
import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from PIL import Image as Pixels

from wethink_assets.config import Settings
from wethink_assets.models.chat import Completion, Message, Sampling
from wethink_assets.stages.prompts import PROMPTS
from wethink_assets.stages.schemas import IMAGES
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store

Script = Callable[[str, dict[str, Any], int], str | Completion | Exception]


def write_pack(folder: Path, grouped: bool = False) -> str:
    """A prompt pack whose prompts are their own name and variables, so that a script can read them; with those that ask several at once, or not."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, use in PROMPTS.items():
        if use.groups and not grouped:
            continue
        values = ", ".join(f'"{variable}": {variable}' for variable in use.variables)
        (folder / f"{name}.md").write_text(f"{name}\n<!-- user -->\n{{{{ {{{values}}} | tojson }}}}\n")
    return str(folder)


class ScriptedModel:
    """Replies with what `script(prompt name, variables, sample)` returns; an exception is raised instead."""

    model_id = "scripted"
    revision = "1"

    def __init__(self, script: Script, delay: float = 0.0) -> None:
        self.script = script
        self.delay = delay
        self.asked: Counter[str] = Counter()
        self.in_flight = 0
        self.most_in_flight = 0
        self.seeds: list[int] = []
        self.closed = 0
        self._samples: Counter[str] = Counter()

    @property
    def calls(self) -> int:
        """Calls made so far."""
        return self.asked.total()

    async def chat(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, sampling: Sampling
    ) -> Completion:
        name, variables = messages[0].text, json.loads(messages[1].text)
        assert bool(messages[1].images) == PROMPTS[name].image
        for image in messages[1].images:
            variables["pixels"] = hashlib.sha256(image.read()).hexdigest()
        asked = f"{name} {messages[1].text} {variables.get('pixels')}"
        sample = self._samples[asked]
        self._samples[asked] += 1
        self.asked[name] += 1
        self.seeds.append(sampling.seed)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.delay)
            reply = self.script(name, variables, sample)
        finally:
            self.in_flight -= 1
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, Completion):
            return reply
        return Completion(reply, len(messages[1].text), len(reply), "stop", self.model_id)

    async def aclose(self) -> None:
        self.closed += 1


def good_script(name: str, variables: dict[str, Any], sample: int) -> str:
    """A sensible reply to each prompt: the picture shows a red circle, and the two sides agree on it."""
    single = PROMPTS[name].groups
    if single:
        return grouped_reply(name, [good_script(single, each, sample) for each in single_variables(name, variables)])
    kind = variables.get("kind")
    answer = {"MC": "B", "FIB": "red", "DES": "A red circle, alone."}.get(str(kind), "")
    if name == "describe":
        return f"<think>look</think>A circle. {variables['pixels'][:8]}"
    if name == "refine":
        done = bool(variables["dialogue"])
        return json.dumps({"complete": done, "requests": [] if done else ["What colour?", "Which size?"]})
    if name == "details":
        return "Red." if "colour" in variables["request"] else "Small."
    if name == "merge":
        return variables["description"] + " " + " ".join(turn["reply"] for turn in variables["dialogue"])
    if name == "question":
        number = len(variables["asked"])
        question = f"Which colour has the circle in picture {variables['description'][-20:]}, part {number}?"
        options = ["blue", "red", "green"] if kind == "MC" else []
        reply = {"question": question, "options": options, "answer": answer, "category": "colour"}
        return "```json\n" + json.dumps(reply | {"abilities": ["Recognition", "Reasoning"]}) + "\n```"
    if name == "screen":
        return '{"answerable": true, "verifiable": true, "reason": "shown"}'
    if name == "premise":
        return '{"holds": true, "reason": "a circle is there"}'
    if name == "blind":
        return "<think>Circles have any colour.</think><answer>unknown</answer>"
    if name in ("answer_image", "answer_text"):
        return f"<think>The circle is red ({name}).</think><answer>{answer}</answer>"
    if name == "judge":
        return '{"score": 1, "reason": "same"}'
    if name == "adjudicate":
        return '{"verdict": "first", "reason": "the image shows it"}'
    assert name == "rewrite"
    return f"<think>I see a red circle, so it is {variables['answer']}.</think><answer>{variables['answer']}</answer>"


def single_variables(name: str, variables: dict[str, Any]) -> list[dict[str, Any]]:
    """Variables of the single calls that a grouped one stands for: of questions each knows that those before it were asked."""
    shared = {key: value for key, value in variables.items() if key != "entries"}
    again = 10 if variables.get("asked") else 0  # so that what is asked for again is another question than all before
    asked = [f"earlier {number}" for number in range(again + len(variables["entries"]))] if name == "questions" else []
    return [
        {**shared, **entry, **({"asked": [*shared["asked"], *asked[: again + number]]} if name == "questions" else {})}
        for number, entry in enumerate(variables["entries"])
    ]


def grouped_reply(name: str, replies: Sequence[str]) -> str:
    """A grouped reply of single ones."""
    listed = {"questions": "questions", "screenings": "screenings", "all_details": "details"}[name]
    entries = [
        {"number": number, **({"detail": reply} if listed == "details" else json.loads(reply.strip("`json\n")))}
        for number, reply in enumerate(replies, 1)
    ]
    return json.dumps({listed: entries})


def scripted_settings(pack: str, **pipeline: Any) -> Settings:
    """Settings with the scripted pack."""
    return Settings.model_validate({"pipeline": {"prompt_pack": pack, "concurrency": 16, **pipeline}})


def drawn_images(store: Store, count: int) -> pl.DataFrame:
    """An images table of `count` small pictures, kept as blobs."""
    rows = []
    for number in range(count):
        buffer = io.BytesIO()
        Pixels.new("RGB", (32, 32), (number % 256, number // 256, 90)).save(buffer, "PNG")
        blob = Blobs(store).put(buffer.getvalue(), "png")
        rows.append(
            {
                "image_id": hashlib.sha256(buffer.getvalue()).hexdigest(),
                "item": f"{number}.png",
                "source": "coco",
                "batch": "coco.000001",
                "licence": "CC0",
                "blob": blob,
                "format": "PNG",
                "width": 32,
                "height": 32,
                "mode": "RGB",
                "frames": 1,
                "orientation": 1,
                "bytes": len(buffer.getvalue()),
                "phash": "0" * 16,
                "schema_version": 1,
            }
        )
    return pl.DataFrame(rows, schema=IMAGES)


def after(good: Script, **replies: Callable[[dict[str, Any], int], Any]) -> Script:
    """A script that follows `good` but for the prompts named, whose functions get variables and sample."""

    def script(name: str, variables: dict[str, Any], sample: int) -> Any:
        changed = replies[name](variables, sample) if name in replies else None
        return good(name, variables, sample) if changed is None else changed

    return script


def cut_off(text: str) -> Completion:
    """A reply that ran into its length."""
    return Completion(text, 1, 512, "length", "scripted")
