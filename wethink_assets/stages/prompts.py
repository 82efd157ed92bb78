"""The prompts that stages ask models with: whose model, with which variables, and whether the image goes along.

A prompt pack has a file for each of them. A stage of one's own registers its prompts here, and may bring their files in a folder of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wethink_assets.errors import ConfigError
from wethink_assets.extensions.registry import Registry
from wethink_assets.models.chat import Role

if TYPE_CHECKING:
    from wethink_assets.config import Settings

__all__ = ["PROMPTS", "PromptUse", "asked_prompts"]

_QUESTION = ("question", "kind", "options")


@dataclass(frozen=True, slots=True)
class PromptUse:
    """Who is asked with a prompt, with which variables, and whether the image goes first.

    feeds: prompts whose calls are made from its replies, so that another reply is another call.
    folder: where its file lies if the pack has none.
    setting: the one of `[pipeline]` without which nobody is asked with it; a pack needs its file only where that is set.
    """

    role: Role
    image: bool
    variables: tuple[str, ...]
    feeds: tuple[str, ...] = ()
    folder: str = ""
    setting: str = ""

    def asked_under(self, settings: "Settings") -> bool:
        """Whether models are asked with it under these settings. Raises `ConfigError` where its setting is none of `[pipeline]`."""
        known = type(settings.pipeline).model_fields
        if self.setting and self.setting not in known:
            raise ConfigError(
                f"unknown setting {self.setting!r} of a prompt; those of [pipeline] are {', '.join(known)}"
            )
        return not self.setting or bool(getattr(settings.pipeline, self.setting))


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
        "premise": PromptUse("describer", True, _QUESTION, setting="premise_check"),
        "blind": PromptUse("reasoner", False, _QUESTION, feeds=("judge",), setting="blind_samples"),
    },
)


def asked_prompts(settings: "Settings", names: Iterable[str] | None = None) -> tuple[str, ...]:
    """Those among some prompts, by default all, that models are asked with under these settings."""
    return tuple(name for name in (PROMPTS if names is None else names) if PROMPTS[name].asked_under(settings))
