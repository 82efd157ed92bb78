"""The prompts that stages ask models with: whose model, with which variables, and whether the image goes along.

A prompt pack has a file for each of them. A stage of one's own registers its prompts here, and may bring their files in a folder of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from wethink_assets.errors import ConfigError
from wethink_assets.extensions.registry import Registry
from wethink_assets.models.chat import Role

if TYPE_CHECKING:
    from wethink_assets.config import Settings

__all__ = ["PACKS", "PROMPTS", "PromptUse", "asked_prompts", "pack_folder"]

PACKS = ("standard", "embedded")
_QUESTION = ("question", "kind", "options")


@dataclass(frozen=True, slots=True)
class PromptUse:
    """Who is asked with a prompt, with which variables, and whether the image goes first.

    feeds: prompts whose calls are made from its replies, so that another reply is another call.
    folder: where its file lies if the pack has none.
    setting: the one of `[pipeline]` without which nobody is asked with it; a pack needs its file only where that is set.
    groups: prompt of which it asks several at once; its setting is then `on`, `off`, or `auto`, which is on where the pack has its file.
    """

    role: Role
    image: bool
    variables: tuple[str, ...]
    feeds: tuple[str, ...] = ()
    folder: str = ""
    setting: str = ""
    groups: str = ""

    def asked_under(self, name: str, settings: "Settings") -> bool:
        """Whether models are asked with it, under this name, under these settings.

        Raises `ConfigError` where its setting is none of `[pipeline]`, or is `on` and the pack lacks it.
        """
        known = type(settings.pipeline).model_fields
        if self.setting and self.setting not in known:
            raise ConfigError(
                f"unknown setting {self.setting!r} of a prompt; those of [pipeline] are {', '.join(known)}"
            )
        chosen = getattr(settings.pipeline, self.setting) if self.setting else True
        if not self.groups or chosen == "off":
            return bool(chosen) and chosen != "off"
        pack = settings.prompt_pack(self.role)
        path = pack_folder(settings, pack) / f"{name}.md"
        has = bool(self.folder) or path.exists()
        if chosen == "on" and not has:
            raise ConfigError(
                f"prompt pack {pack!r} has no prompt {name!r}, which asks for several at once as {self.groups!r} asks for one, and "
                f'[pipeline] {self.setting} = "on" asks with: write {path}, or set {self.setting} = "off"'
            )
        return has


PROMPTS: Registry[PromptUse] = Registry(
    "prompt",
    {
        "describe": PromptUse("describer", True, (), feeds=("refine", "details", "all_details", "merge")),
        "refine": PromptUse(
            "reasoner", False, ("description", "dialogue"), feeds=("refine", "details", "all_details", "merge")
        ),
        "details": PromptUse("describer", True, ("request",), feeds=("refine", "merge")),
        "all_details": PromptUse(
            "describer", True, ("entries",), feeds=("refine", "merge"), groups="details", setting="requests_together"
        ),
        "merge": PromptUse("describer", True, ("description", "dialogue")),
        "question": PromptUse(
            "reasoner", False, ("description", "kind", "abilities", "asked"), feeds=("question", "screen", "screenings")
        ),
        "questions": PromptUse(
            "reasoner",
            False,
            ("description", "entries", "asked"),
            feeds=("questions", "screen", "screenings"),
            groups="question",
            setting="questions_together",
        ),
        "screen": PromptUse("reasoner", False, ("description", *_QUESTION)),
        "screenings": PromptUse(
            "reasoner", False, ("description", "entries"), groups="screen", setting="screenings_together"
        ),
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
    """Those among some prompts, by default all, that models are asked with under these settings.

    Of one and another that asks several of it at once it is the one that its setting and the pack choose.
    """
    asked = [name for name in (PROMPTS if names is None else names) if PROMPTS[name].asked_under(name, settings)]
    grouped = {PROMPTS[name].groups for name in asked}
    return tuple(name for name in asked if name not in grouped)


def pack_folder(settings: "Settings", pack: str) -> Path:
    """Folder of a prompt pack. Raises `ConfigError` when there is none."""
    folder = (
        Path(str(files("wethink_assets.synthesis"))) / "prompts" / pack
        if pack in PACKS
        else Path(settings.resolve(pack))
    )
    if not folder.is_dir():
        raise ConfigError(
            f"prompt pack {pack!r}: {folder} is not a folder; packs of the package are {', '.join(PACKS)}"
        )
    return folder
