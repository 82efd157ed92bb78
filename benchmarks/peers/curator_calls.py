"""Peer bespokelabs-curator: the calls of a file made by its OpenAI client. Runs in an environment of its own (`support/synthesis_peers.py`).

    python curator_calls.py CALLS URL CONCURRENCY

Without internet tiktoken cannot load its vocabulary, so tokens are counted by length instead, which is quicker.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ |= {"TELEMETRY_ENABLED": "false", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "HF_HUB_OFFLINE": "1"}

import tiktoken
from datasets import Dataset
from results import print_figures


class ByLength:
    """Stands in for a vocabulary of tiktoken."""

    def encode(self, text: str, **_: Any) -> range:
        return range(len(text) // 4)


tiktoken.get_encoding = tiktoken.encoding_for_model = lambda *_: ByLength()

from bespokelabs import curator  # noqa: E402  (needs the environment and the stand-in above)


class Ask(curator.LLM):  # type: ignore[misc]
    """Puts one call to the model as it stands in the file."""

    def prompt(self, row: dict[str, Any]) -> Any:
        if row["image"]:
            return f"{row['system']}\n\n{row['user']}", curator.types.Image(url=row["image"], mime_type="image/jpeg")
        return [{"role": "system", "content": row["system"]}, {"role": "user", "content": row["user"]}]

    def parse(self, row: dict[str, Any], reply: str) -> dict[str, Any]:
        return {"generation": reply}


def main() -> None:
    calls, url, concurrency = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    rows = [json.loads(line) for line in calls.read_text().splitlines()]
    began = time.perf_counter()
    answered = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CURATOR_CACHE_DIR"] = folder
        # It takes one kind of prompt a data set: those with an image, and those without.
        for some in ([row for row in rows if row["image"]], [row for row in rows if not row["image"]]):
            model = Ask(
                model_name="scripted",
                backend="openai",
                backend_params={
                    "base_url": url,
                    "api_key": "none",
                    "max_concurrent_requests": concurrency,
                    "max_requests_per_minute": 10_000_000,
                    "max_tokens_per_minute": 10_000_000_000,
                },
                generation_params={"max_tokens": 1024},
            )
            replies = model(Dataset.from_list(some), working_dir=folder)
            replies = getattr(replies, "dataset", replies)
            answered += sum(bool(text) for text in replies["generation"])
    print_figures(answered, began)


if __name__ == "__main__":
    main()
