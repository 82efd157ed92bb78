"""Prompts of the scored model: a benchmark's row as a conversation.

For real models with the wording of VLMEvalKit's `build_prompt` of each data set, images before the text (MMMU's `<image 1>` marks stay where they
are); for an embedded policy with the prompt that it was trained on.
"""

from collections.abc import Sequence

from wethink_assets.evaluation.forms.form import Form, Row
from wethink_assets.models.chat import Image, Message

LOGIC_VERSION = "1"
MOST_OPTIONS = 8
"""Options that an embedded policy is shown; it was trained on fewer."""


def embedded_prompt(row: Row, form: Form) -> str:
    """The question in the embedded policy's words; a drawn stand-in has it apart from its benchmark's instructions."""
    from wethink_assets.models.embedded.tasks.examples import render_prompt

    question = str(row.get("asked") or row["question"])
    options = list(form.shown_options(row).values())[:MOST_OPTIONS]
    return render_prompt("answer_image", kind=form.question_kind(row), question=question, options=options)


def conversation(row: Row, form: Form, images: Sequence[Image], style: str, system: str) -> list[Message]:
    """What the model is sent. style: `embedded` or `vlmevalkit`; system: left out where empty."""
    text = embedded_prompt(row, form) if style == "embedded" else form.prompt(row)
    user = Message("user", text, tuple(images))
    return [Message("system", system), user] if system else [user]
