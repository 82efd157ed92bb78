"""How is a row put to the policy: as in the paper, or with the prompt by which the pipeline asks about images?"""

from collections.abc import Mapping
from typing import Any

from wethink_assets.config import RecipeSettings, Settings
from wethink_assets.identity import sha256_hex
from wethink_assets.synthesis.prompt_packs import Prompt, load_prompt

Message = dict[str, str]


class RowPrompts:
    """Prompts of a recipe. `identity` changes whenever their text does."""

    def __init__(self, settings: Settings, recipe: RecipeSettings) -> None:
        self._system = recipe.system if recipe.prompt == "paper" else ""
        self._pack: Prompt | None = load_prompt(settings, "answer_image", "policy") if recipe.prompt == "pack" else None

    @property
    def identity(self) -> dict[str, str]:
        """What the prompts are known by."""
        if self._pack is None:
            return {"prompt": "paper", "sha256": sha256_hex(self._system.encode())}
        return {"prompt": "pack", "sha256": self._pack.sha256}

    def messages(self, row: Mapping[str, Any]) -> list[Message]:
        """Messages of a row, whose image goes before the user's text."""
        if self._pack is None:
            system, user = self._system, str(row["problem"])
        else:
            system, user = self._pack.render(question=row["question"], kind=row["kind"], options=row["options"] or [])
        told = [{"role": "system", "content": system}] if system else []
        # Text of a dataset must not open a turn or an image of the chat template.
        return [*told, {"role": "user", "content": user.replace("<|", "< |")}]


def target_of(row: Mapping[str, Any]) -> str:
    """What supervised training wants as the reply to a row: its reasoning path, then its answer."""
    return f"<think>{row['refined_cot']}</think><answer>{row['answer']}</answer>"
