"""Answers held-out rows where memory ends at a few of them: `python -m ... CHECKPOINT STORE`; prints the sizes of the batches."""

import json
import resource
import sys
from typing import Any

ROW = 256 << 20


def main(checkpoint: str, folder: str) -> None:
    import torch

    from wethink_assets.config import RecipeSettings, Settings
    from wethink_assets.storage.blobs import Blobs
    from wethink_assets.storage.store import Store
    from wethink_assets.training.data.prompts import RowPrompts
    from wethink_assets.training.data.rows import version_rows
    from wethink_assets.training.policies.base_model import BaseModel, image_for, load_base_processor, load_model
    from wethink_assets.training.trainers.rewards import Rewarder
    from wethink_assets.training.validation.held_out import answer_rows
    from wethink_assets_tests.support.tiny_checkpoint import TINY

    torch.set_num_threads(1)
    settings = Settings.model_validate({"folder": folder, "pipeline": {"prompt_pack": "embedded"}})
    recipe = RecipeSettings.model_validate(TINY)
    store = Store.open(settings.store_url)
    rows = version_rows(store, "v0001", "train").head(9).collect().to_dicts()
    base = BaseModel(checkpoint, "", True, {"model": "tiny", "revision": ""})
    processor, model = load_base_processor(base), load_model(base, "float32")
    generate, tried = model.generate, []

    def hungry(**inputs: Any) -> Any:
        count = len(inputs["input_ids"])
        tried.append(count)
        kept = torch.zeros(count * ROW, dtype=torch.uint8)  # as a cache of keys and values takes it
        written = generate(**inputs)
        del kept
        return written

    model.generate = hungry
    with Rewarder(settings, recipe) as rewarder:

        def answered() -> list[str]:
            prompts = RowPrompts(settings, recipe, processor)
            load = lambda row: image_for(base, Blobs(store).read(row["image_path"]))  # noqa: E731
            table = answer_rows(model, processor, rows, prompts, load, rewarder, recipe, batch=8)
            assert table["row_id"].to_list() == [row["row_id"] for row in rows]
            return table["completion"].to_list()

        free = answered()
        tried.clear()
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()  # noqa: SIM115
        resource.setrlimit(resource.RLIMIT_AS, (used + 3 * ROW, resource.RLIM_INFINITY))
        assert answered() == free
    print(json.dumps(tried))


if __name__ == "__main__":
    main(*sys.argv[1:])
