"""Parquet for EasyR1, the trainer of the WeThink paper, with its reward function and the prompt that it puts around questions.

EasyR1 reads `problem`, in which `<image>` stands for the picture, `images` and an answer, and tells a reward function nothing but the answer:
`ground_truth` is therefore a JSON object of all that grading needs, `answer` the plain answer for people. Its system prompt is a template around
the question.
"""

import json
from pathlib import Path
from typing import Any

from wethink_assets.dataset.exports.export import ExportFormat, ShownVersion
from wethink_assets.dataset.exports.features import IMAGE, STRINGS, Feature
from wethink_assets.dataset.exports.files import Layout, embedded, image_file, write_parquet
from wethink_assets.dataset.exports.pictures import Picture
from wethink_assets.dataset.exports.reward_code import REWARD_CODE, REWARD_FILE, write_reward_function
from wethink_assets.dataset.exports.samples import GRADED, ORIGIN, PLACEHOLDER, SYSTEM, asked, carried, pass_rates

CONFIG = "easyr1.yaml"
TEMPLATE = "wethink_prompt.jinja"
SETTINGS = f"""\
# Settings of EasyR1 for these files; FOLDER is where this folder lies.
data:
  train_files: FOLDER/train.parquet
  val_files: FOLDER/validation.parquet
  prompt_key: problem
  answer_key: ground_truth
  image_key: images
  image_dir: FOLDER
  format_prompt: FOLDER/{TEMPLATE}
worker:
  reward:
    reward_function: FOLDER/{REWARD_FILE}:compute_score
"""


def write_easyr1_files(version: ShownVersion, folder: Path) -> Layout:
    """Write the rows, the prompt's template, the reward function and the settings that name them."""
    # Lists stay out of further columns: EasyR1 makes an array of each, whose shape would go by the rows of a batch.
    schema = version.rows.collect_schema()
    further = {name: feature for name, feature in {**ORIGIN, **pass_rates(schema)}.items() if isinstance(feature, str)}
    files_mode = version.images.mode == "files"
    features: dict[str, Feature] = {
        "problem": "string",
        "images": STRINGS if files_mode else [IMAGE],
        "answer": "string",
        "ground_truth": "string",
        "kind": "string",
        **further,
    }

    def row_of(row: dict[str, Any], picture: Picture) -> dict[str, Any]:
        return {
            "problem": asked(row, PLACEHOLDER),
            "images": [image_file(folder, picture) if files_mode else embedded(picture)],
            "answer": row["answer"],
            "ground_truth": json.dumps({"answer": row["answer"], **carried(row, GRADED)}, ensure_ascii=False),
            "kind": row["kind"],
            **carried(row, further),
        }

    files = write_parquet(version.pictured(), folder, features, row_of)
    write_reward_function(folder, "easyr1")
    (folder / TEMPLATE).write_text(f"{{{{ content | trim }}}}\n\n{SYSTEM}\n", encoding="utf-8")
    (folder / CONFIG).write_text(SETTINGS, encoding="utf-8")
    return Layout(
        "parquet", files, features, "images", "answer", "split", image_files="images/*/*" if files_mode else ""
    )


EASYR1 = ExportFormat(
    title="parquet for EasyR1, with its reward function and prompt",
    files=("train.parquet", "validation.parquet", REWARD_FILE, REWARD_CODE, TEMPLATE, CONFIG),
    write=write_easyr1_files,
    images=("embedded", "files"),
    reading=f"""\
```sh
python -m verl.trainer.main config=examples/config.yaml \\
  data.train_files=FOLDER/train.parquet data.val_files=FOLDER/validation.parquet data.prompt_key=problem \\
  data.answer_key=ground_truth data.image_key=images data.image_dir=FOLDER data.format_prompt=FOLDER/{TEMPLATE} \\
  worker.reward.reward_function=FOLDER/{REWARD_FILE}:compute_score
```

`{CONFIG}` has the same as settings. Name the files, not the folder, which EasyR1 would read as one kind of file.""",
)
