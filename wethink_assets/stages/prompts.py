"""The prompts that stages ask models with: whose model, with which variables, and whether the image goes along.

A prompt pack has a file for each of them. A stage of one's own registers its prompts here, and may bring their files in a folder of its own.
"""

from dataclasses import dataclass

from wethink_assets.extensions.registry import Registry
from wethink_assets.models.chat import Role

__all__ = ["PROMPTS", "PromptUse"]

_QUESTION = ("question", "kind", "options")


@dataclass(frozen=True, slots=True)
class PromptUse:
    """Who is asked with a prompt, with which variables, and whether the image goes first.

    feeds: prompts whose calls are made from its replies, so that another reply is another call.
    folder: where its file lies if the pack has none.
    """

    role: Role
    image: bool
    variables: tuple[str, ...]
    feeds: tuple[str, ...] = ()
    folder: str = ""


PROMPTS: Registry[PromptUse] = Registry(
    "prompt",
    {
        "describe": PromptUse("describer", True, (), feeds=("refine", "details", "merge")),
        "refine": PromptUse("reasoner", False, ("description", "dialogue"), feeds=("refine", "details", "merge")),
        "details": PromptUse("describer", True, ("request",), feeds=("refine", "merge")),
        "merge": PromptUse("describer", True, ("description", "dialogue")),
        "question": PromptUse(
            "reasoner", False, ("description", "kind", "abilities", "asked"), feeds=("question", "screen")
        ),
        "screen": PromptUse("reasoner", False, ("description", *_QUESTION)),
        "answer_image": PromptUse("describer", True, _QUESTION, feeds=("judge", "adjudicate")),
        "answer_text": PromptUse("reasoner", False, ("description", *_QUESTION), feeds=("judge", "adjudicate")),
        "judge": PromptUse("judge", False, ("question", "reference", "candidate"), feeds=("adjudicate",)),
        "adjudicate": PromptUse("adjudicator", True, ("description", *_QUESTION, "first", "second")),
        "rewrite": PromptUse("describer", True, (*_QUESTION, "answer", "raw"), feeds=("judge",)),
    },
)
