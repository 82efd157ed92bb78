"""What did a prompt say whose hash stands in a commit? Its text is kept by hash: `prompts/<sha256>.md`, written once."""

from collections.abc import Iterable

from wethink_assets.identity import sha256_hex
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.prompt_packs import Prompt

FOLDER = "prompts"


def prompt_path(sha256: str) -> str:
    """Where the text of a prompt lies in the store."""
    return f"{FOLDER}/{sha256}.md"


def keep_prompts(store: Store, prompts: Iterable[Prompt]) -> None:
    """Keep the texts of prompts that the store does not have yet."""
    for prompt in prompts:
        store.create(prompt_path(prompt.sha256), prompt.text.encode("utf-8"))


def prompt_text(store: Store, sha256: str) -> str | None:
    """Text of the prompt with this hash; None where it was never kept, or what lies there is another text."""
    data = store.read_if_present(prompt_path(sha256))
    return data.decode("utf-8") if data is not None and sha256_hex(data) == sha256 else None
