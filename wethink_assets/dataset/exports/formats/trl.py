"""Parquet for TRL: conversations with a system prompt, pictures in the rows, and the columns that reward functions are called with.

`GRPOTrainer` reads `prompt` and `images`, and hands each further column to the reward functions by its name: those of
`wethink_assets.rewards.trl` take `answer`, `kind`, `options`, `question`, `reward`, `accepted_answers`, `tolerance` and `edit_distance`.
`SFTTrainer` reads `completion`, too.
"""

from pathlib import Path
from typing import Any

from wethink_assets.dataset.exports.export import ExportFormat, ShownVersion
from wethink_assets.dataset.exports.features import IMAGE, Feature
from wethink_assets.dataset.exports.files import Layout, embedded, write_parquet
from wethink_assets.dataset.exports.pictures import Picture
from wethink_assets.dataset.exports.samples import SYSTEM, asked, carried, carried_features, target

MESSAGES: Feature = [{"role": "string", "content": "string"}]


def write_conversations(version: ShownVersion, folder: Path) -> Layout:
    """Write prompts, completions and images of the rows."""
    further = carried_features(version.rows.collect_schema())
    features: dict[str, Feature] = {
        "prompt": MESSAGES,
        "completion": MESSAGES,
        "images": [IMAGE],
        "answer": "string",
        **further,
    }

    def row_of(row: dict[str, Any], picture: Picture) -> dict[str, Any]:
        return {
            "prompt": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": asked(row)}],
            "completion": [{"role": "assistant", "content": target(row)}],
            "images": [embedded(picture)],
            "answer": row["answer"],
            **carried(row, further),
        }

    files = write_parquet(version.pictured(), folder, features, row_of)
    return Layout("parquet", files, features, "images", "answer", "split")


TRL = ExportFormat(
    title="conversations with pictures for TRL's trainers",
    files=("train.parquet", "validation.parquet"),
    write=write_conversations,
    images=("embedded",),
    reading="""\
```python
from datasets import load_dataset
from trl import GRPOConfig, GRPOTrainer
from wethink_assets.rewards.trl import reward_functions

rows = load_dataset(FOLDER)
functions, weights = reward_functions()
trainer = GRPOTrainer(
    model=MODEL, reward_funcs=functions, args=GRPOConfig(reward_weights=weights),
    train_dataset=rows["train"], eval_dataset=rows["validation"],
)
```

`SFTTrainer` reads the same files: it learns `completion`.""",
)
