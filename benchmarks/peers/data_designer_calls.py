"""Peer NeMo Data Designer: the calls of a file made by its text columns. Runs in an environment of its own (`support/synthesis_peers.py`).

    python data_designer_calls.py CALLS URL CONCURRENCY

Each call is a row of the seed dataset, with its image as base64, which is how its documentation gives images.
"""

import base64
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ |= {"NEMO_TELEMETRY_ENABLED": "false", "HF_HUB_OFFLINE": "1"}

import data_designer.config as dd
import pandas as pd
from data_designer.interface import DataDesigner
from results import print_figures


def answered_of(rows: list[dict[str, Any]], url: str, concurrency: int, folder: Path) -> int:
    """Make the calls of rows that all have an image, or none; how many were answered."""
    images = [base64.b64encode(Path(row["image"]).read_bytes()).decode() for row in rows if row["image"]]
    seed = pd.DataFrame({"system": [row["system"] for row in rows], "user": [row["user"] for row in rows]})
    context = None
    if images:
        seed["image"] = images
        kind = {"data_type": dd.ModalityDataType.BASE64, "image_format": dd.ImageFormat.JPEG}
        context = [dd.ImageContext(column_name="image", **kind)]
    provider = dd.ModelProvider(name="scripted", endpoint=url, provider_type="openai", api_key="none")
    parameters = dd.ChatCompletionInferenceParams(
        temperature=0.0, top_p=1.0, max_tokens=1024, max_parallel_requests=concurrency
    )
    model = dd.ModelConfig(
        alias="scripted",
        model="scripted",
        provider="scripted",
        inference_parameters=parameters,
        skip_health_check=True,
    )
    builder = dd.DataDesignerConfigBuilder(model_configs=[model])
    builder.with_seed_dataset(dd.DataFrameSeedSource(df=seed))
    builder.add_column(
        dd.LLMTextColumnConfig(
            name="generation",
            model_alias="scripted",
            system_prompt="{{ system }}",
            prompt="{{ user }}",
            multi_modal_context=context,
        )
    )
    designer = DataDesigner(artifact_path=folder, model_providers=[provider])
    designer.set_run_config(dd.RunConfig(disable_early_shutdown=True, max_in_flight_tasks=4 * concurrency))
    made = designer.create(builder, num_records=len(rows)).load_dataset()
    return int(made["generation"].astype(bool).sum())


def main() -> None:
    calls, url, concurrency = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    rows = [json.loads(line) for line in calls.read_text().splitlines()]
    began = time.perf_counter()
    answered = 0
    with tempfile.TemporaryDirectory() as folder:
        for some in ([row for row in rows if row["image"]], [row for row in rows if not row["image"]]):
            if some:
                answered += answered_of(some, url, concurrency, Path(folder))
    print_figures(answered, began)


if __name__ == "__main__":
    main()
