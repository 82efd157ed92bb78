"""Parquet for verl, with the reward function that its rows name by `data_source`.

`RLHFDataset` wants as many `<image>` in a prompt as there are `images`. verl's own rewards go by `data_source` and know none of ours:
`wethink_reward.py` is the function, to be set as `custom_reward_function`, and `wethink_rewards.zip` the code that it needs where this package is
not installed.
"""

from itertools import count
from pathlib import Path
from typing import Any

from wethink_assets.dataset.exports.export import ExportFormat, ShownVersion
from wethink_assets.dataset.exports.features import IMAGE, Feature
from wethink_assets.dataset.exports.files import Layout, embedded, write_parquet
from wethink_assets.dataset.exports.formats.trl import MESSAGES
from wethink_assets.dataset.exports.pictures import Picture
from wethink_assets.dataset.exports.reward_code import REWARD_CODE, REWARD_FILE, write_reward_function
from wethink_assets.dataset.exports.reward_files.verl import DATA_SOURCE
from wethink_assets.dataset.exports.samples import PLACEHOLDER, SYSTEM, asked, carried, carried_features, target

CONFIG = "verl.yaml"
SETTINGS = f"""\
# Settings of verl for these files; FOLDER is where this folder lies.
data:
  train_files: FOLDER/train.parquet
  val_files: FOLDER/validation.parquet
  prompt_key: prompt
  image_key: images
  reward_fn_key: data_source
custom_reward_function:
  path: FOLDER/{REWARD_FILE}
  name: compute_score
"""


def write_verl_files(version: ShownVersion, folder: Path) -> Layout:
    """Write the rows in the form of verl's own examples, the reward function and the settings that name them."""
    further = carried_features(version.rows.collect_schema())
    features: dict[str, Feature] = {
        "data_source": "string",
        "prompt": MESSAGES,
        "images": [IMAGE],
        "ability": "string",
        "reward_model": {"style": "string", "ground_truth": "string"},
        "extra_info": {"index": "int64", "answer": "string", "target": "string", **further},
    }
    numbers = count()

    def row_of(row: dict[str, Any], picture: Picture) -> dict[str, Any]:
        return {
            "data_source": DATA_SOURCE,
            "prompt": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": asked(row, PLACEHOLDER)}],
            "images": [embedded(picture)],
            "ability": next(iter(row["abilities"] or []), row["category"]),
            "reward_model": {"style": "rule", "ground_truth": row["answer"]},
            "extra_info": {
                "index": next(numbers),
                "answer": row["answer"],
                "target": target(row),
                **carried(row, further),
            },
        }

    files = write_parquet(version.pictured(), folder, features, row_of)
    write_reward_function(folder, "verl")
    (folder / CONFIG).write_text(SETTINGS, encoding="utf-8")
    return Layout("parquet", files, features, "images", "reward_model.ground_truth", "extra_info.split")


VERL = ExportFormat(
    title="parquet for verl, with its reward function",
    files=("train.parquet", "validation.parquet", REWARD_FILE, REWARD_CODE, CONFIG),
    write=write_verl_files,
    images=("embedded",),
    reading=f"""\
```sh
python -m verl.trainer.main_ppo algorithm.adv_estimator=grpo \\
  data.train_files=FOLDER/train.parquet data.val_files=FOLDER/validation.parquet data.image_key=images \\
  custom_reward_function.path=FOLDER/{REWARD_FILE} custom_reward_function.name=compute_score ...
```

`{CONFIG}` has the same as settings.""",
)
