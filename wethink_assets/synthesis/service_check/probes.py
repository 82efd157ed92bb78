"""Probes of a service: one call of each form that roles need, with the prompts of the pack and about a picture that is drawn here.

They are the calls that a batch begins with, so what is answered here is answered there: the same messages, parameters and schemas.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from wethink_assets.config import Settings
from wethink_assets.identity import sha256_hex
from wethink_assets.kinds import FILL_IN
from wethink_assets.models.chat import Completion, Image, Message, Role
from wethink_assets.stages.prompts import PROMPTS
from wethink_assets.synthesis.calls.non_replies import refusal_in
from wethink_assets.synthesis.calls.replies import MalformedReply, final_text, parse_json_reply, whole_text
from wethink_assets.synthesis.calls.reply_schemas import Adjudication, Grade, Refinement, json_schema
from wethink_assets.synthesis.prompt_packs import load_prompt

__all__ = ["FORMS", "Probe", "probes_of"]

FORMS = ("text", "image", "schema", "schema with image")
DESCRIPTION = 'A red circle on a white background. Below the circle, the number "42" is written in black.'
QUESTION: Mapping[str, Any] = {
    "question": "Which number is written below the circle?",
    "kind": FILL_IN.code,
    "options": [],
}
SHOWN = ("circle", "red", "42", "round", "圆", "红", "kreis", "rot", "cercle", "rouge", "círculo", "rojo")


@dataclass(frozen=True)
class Probe:
    """One call that shows whether a service takes what a role sends.

    Args:
        form: one of `FORMS`.
        prompt: whose text it sends.
        variables: of the prompt.
        reply: what a JSON reply is read as; None where the reply is a text.
        needed: whether the role makes such calls; others only tell what the service can do.
    """

    form: str
    prompt: str
    variables: Mapping[str, Any]
    reply: type[BaseModel] | None = None
    needed: bool = True

    @property
    def schema(self) -> dict[str, Any] | None:
        """The schema that it asks for."""
        return json_schema(self.reply) if self.reply else None

    def messages(self, settings: Settings, role: Role) -> list[Message]:
        """Its conversation, from the pack of the role. Raises `ConfigError` for a missing prompt."""
        system, user = load_prompt(settings, self.prompt, role).render(**self.variables)
        images = (picture(),) if PROMPTS[self.prompt].image else ()
        return [*([Message("system", whole_text(system))] if system else []), Message("user", whole_text(user), images)]

    def fault(self, reply: Completion, max_tokens: int) -> str:
        """What is wrong with a reply; empty where it can be used."""
        if reply.finish_reason == "length":
            return f"the reply was cut off at max_tokens = {max_tokens}"
        if reply.finish_reason != "stop":
            return f"the reply is none: {reply.finish_reason}{f' ({reply.text[:200]!r})' if reply.text.strip() else ''}"
        try:
            if self.reply is None:
                refusal = refusal_in(final_text(reply.text))
                return f"the model declined: {refusal}" if refusal else ""
            else:
                parse_json_reply(reply.text, self.reply)
        except MalformedReply as error:
            return f"the reply cannot be used: {error}"
        return ""

    def shows_image(self, reply: Completion) -> bool:
        """Whether a description speaks of what the picture shows; true of every other reply."""
        return self.form != "image" or any(word in reply.text.casefold() for word in SHOWN)


def probes_of(role: Role, every_form: bool = False) -> list[Probe]:
    """The probes of a role: of the forms that its calls have, and with `every_form` of text, image and schema too."""
    of_role = NEEDED[role]
    known = {probe.form.partition(" ")[0] for probe in of_role}
    return [*of_role, *(probe for probe in OTHERS if every_form and probe.form not in known)]


TEXT = Probe("text", "answer_text", {"description": DESCRIPTION, **QUESTION})
IMAGE = Probe("image", "describe", {})
SCHEMA = Probe("schema", "refine", {"description": DESCRIPTION, "dialogue": []}, Refinement)
NEEDED: Mapping[Role, tuple[Probe, ...]] = {
    "describer": (IMAGE,),
    "reasoner": (TEXT, SCHEMA),
    "adjudicator": (
        Probe(
            "schema with image",
            "adjudicate",
            {"description": DESCRIPTION, **QUESTION, "first": "42", "second": "24"},
            Adjudication,
        ),
    ),
    "judge": (
        Probe(
            "schema",
            "judge",
            {"question": QUESTION["question"], "reference": "42", "candidate": "The number is forty-two."},
            Grade,
        ),
    ),
    "policy": (IMAGE,),
}
OTHERS = tuple(
    Probe(probe.form, probe.prompt, probe.variables, probe.reply, needed=False) for probe in (TEXT, IMAGE, SCHEMA)
)


@cache
def _drawn() -> bytes:
    from PIL import Image as Pixels
    from PIL import ImageDraw, ImageFont

    picture = Pixels.new("RGB", (336, 336), "white")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((98, 40, 238, 180), fill="red")
    pen.text((138, 220), "42", fill="black", font=ImageFont.load_default(56))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def picture() -> Image:
    """The picture that probes are about: a red circle above the number 42."""
    return Image(sha256_hex(_drawn()), "image/png", _drawn)
