"""Peer distilabel: the calls of a file made by one step with its OpenAI client. Runs in an environment of its own (`support/synthesis_peers.py`).

    python distilabel_calls.py CALLS URL BATCH

Its client makes the calls of one batch at once and waits for the last of them, so the batch size is its concurrency.
"""

import base64
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from distilabel.models.llms import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import Task
from results import print_figures


class Ask(Task):  # type: ignore[misc]
    """Puts one call to the model as it stands in the file; an image is read when its call is made."""

    @property
    def inputs(self) -> list[str]:
        return ["system", "user", "image"]

    @property
    def outputs(self) -> list[str]:
        return ["generation", "model_name"]

    def format_input(self, input: dict[str, Any]) -> list[dict[str, Any]]:
        if not input["image"]:
            return [{"role": "system", "content": input["system"]}, {"role": "user", "content": input["user"]}]
        data = base64.b64encode(Path(input["image"]).read_bytes()).decode()
        picture = {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}"}}
        text = {"type": "text", "text": f"{input['system']}\n\n{input['user']}"}
        return [{"role": "user", "content": [picture, text]}]

    def format_output(self, output: str | None, input: dict[str, Any] | None = None) -> dict[str, Any]:
        return {"generation": output}


def main() -> None:
    calls, url, batch = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    rows = [json.loads(line) for line in calls.read_text().splitlines()]
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as cache, Pipeline(name="calls", cache_dir=cache) as pipeline:
        load = LoadDataFromDicts(data=rows, batch_size=batch)
        ask = Ask(
            llm=OpenAILLM(model="scripted", base_url=url, api_key="none", generation_kwargs={"max_new_tokens": 1024}),
            input_batch_size=batch,
            add_raw_output=False,
            add_raw_input=False,
        )
        load >> ask
        dataset = pipeline.run(use_cache=False)
        answered = sum(bool(text) for text in dataset["default"]["train"]["generation"])
    print_figures(answered, began)


if __name__ == "__main__":
    main()
