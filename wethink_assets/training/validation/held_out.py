"""Accuracy on held-out rows, and the gain over the model before training."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from wethink_assets.config import RecipeSettings
from wethink_assets.training.data.chat import encoded, image_token_ids
from wethink_assets.training.data.prompts import RowPrompts
from wethink_assets.training.trainers.rewards import Rewarder

BATCH = 32
LoadImage = Callable[[Mapping[str, Any]], Any]


def answer_rows(
    model: Any,
    processor: Any,
    rows: Sequence[Mapping[str, Any]],
    prompts: RowPrompts,
    load_image: LoadImage,
    rewarder: Rewarder,
    recipe: RecipeSettings,
) -> pl.DataFrame:
    """Answer rows greedily and grade the answers as in training: `row_id`, `kind`, `completion`, `accuracy` (null: not graded), `format`."""
    import torch
    from trl.data_utils import prepare_multimodal_messages

    model.eval()
    submitted = []
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        conversations = [prepare_multimodal_messages(prompts.messages(row), images=[load_image(row)]) for row in batch]
        asked = encoded(conversations, processor).to(model.device)
        with torch.inference_mode():
            generated = model.generate(
                **asked,
                do_sample=False,
                max_new_tokens=recipe.max_completion_length,
                suppress_tokens=image_token_ids(model.config, processor),
                pad_token_id=processor.tokenizer.pad_token_id,
            )
        texts = processor.batch_decode(generated[:, asked["input_ids"].shape[1] :], skip_special_tokens=True)
        submitted.append((batch, rewarder.submit(batch, texts)))
    answers = [
        {
            "row_id": row["row_id"],
            "kind": row["kind"],
            "completion": graded.text,
            "accuracy": graded.accuracy,
            "format": graded.reward.format,
        }
        for batch, future in submitted
        for row, graded in zip(batch, future.result(), strict=True)
    ]
    schema = {
        "row_id": pl.String,
        "kind": pl.String,
        "completion": pl.String,
        "accuracy": pl.Float64,
        "format": pl.Float64,
    }
    return pl.DataFrame(answers, schema=schema)


def paired(before: Sequence[float], after: Sequence[float]) -> dict[str, float]:
    """Mean difference of pairs with its 95% interval (normal approximation); values are shares from 0 to 1.

    Never nan: 0 pairs give zeros, and one pair tells nothing, so that its interval is all there can be.
    """
    differences = [late - early for early, late in zip(before, after, strict=True)]
    count = len(differences)
    if not count:
        return {"n": 0, "before": 0.0, "after": 0.0, "gain": 0.0, "low": 0.0, "high": 0.0}
    mean = sum(differences) / count
    variance = sum((value - mean) ** 2 for value in differences) / max(count - 1, 1)
    spread = 1.96 * math.sqrt(variance / count) if count > 1 else 2.0
    return {
        "n": count,
        "before": round(sum(before) / count, 4),
        "after": round(sum(after) / count, 4),
        "gain": round(mean, 4),
        "low": round(max(-1.0, mean - spread), 4),
        "high": round(min(1.0, mean + spread), 4),
    }


def gains(before: pl.DataFrame, after: pl.DataFrame) -> dict[str, dict[str, float]]:
    """Accuracy before and after with the paired difference, over all rows and by question kind; rows that were not graded both times are left out."""
    pairs = before.join(after, on="row_id", suffix="_after").filter(
        pl.col("accuracy").is_not_null() & pl.col("accuracy_after").is_not_null()
    )
    groups = {"all": pairs} | {str(kind): group for (kind,), group in sorted(pairs.group_by("kind"))}
    return {
        name: paired(group["accuracy"].to_list(), group["accuracy_after"].to_list()) for name, group in groups.items()
    }
