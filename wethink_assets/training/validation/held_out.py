"""Accuracy on held-out rows, and the gain over the model before training."""

import gc
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import polars as pl

from wethink_assets.config import RecipeSettings
from wethink_assets.intervals import wilson
from wethink_assets.training.data.chat import encoded, image_token_ids
from wethink_assets.training.data.prompts import RowPrompts
from wethink_assets.training.trainers.guards import out_of_memory
from wethink_assets.training.trainers.rewards import GradedCompletion, Rewarder

BATCH = 32
LoadImage = Callable[[Mapping[str, Any]], Any]
ANSWERS = pl.Schema(
    {
        "row_id": pl.String(),
        "kind": pl.String(),
        "completion": pl.String(),
        "accuracy": pl.Float64(),  # null: not graded
        "format": pl.Float64(),
    }
)


def answer_rows(
    model: Any,
    processor: Any,
    rows: Sequence[Mapping[str, Any]],
    prompts: RowPrompts,
    load_image: LoadImage,
    rewarder: Rewarder,
    recipe: RecipeSettings,
    *,
    share: tuple[int, int] = (0, 1),
    batch: int = BATCH,
    halve: bool = True,
) -> pl.DataFrame:
    """Answer rows greedily and grade the answers as in training: a table of `ANSWERS`.

    Args:
        share: number of this process and how many there are; batches go round them, and each returns the table of its own. All generate equally
            often, as sharded weights demand: who has no batch left repeats its last one.
        batch: rows at a time; where memory runs out they are halved, and stay so.
        halve: whether this may be done; sharded weights forbid it, as all processes must go on alike.

    Raises whatever the model raises, out of memory at one row included.
    """
    number, processes = share
    model.eval()
    submitted: list[tuple[Sequence[Mapping[str, Any]], Future[list[GradedCompletion]]]] = []
    size = batch
    starts = list(range(0, len(rows), size))
    for round_start in range(0, len(starts), processes):
        own = round_start + number
        start = starts[min(own, len(starts) - 1)]
        chosen = [rows[index] for index in range(start, min(start + size, len(rows)))]
        while chosen:
            part = chosen[:batch]
            try:
                texts = _greedy(model, processor, part, prompts, load_image, recipe)
            except Exception as error:
                if not halve or len(part) == 1 or out_of_memory(error) is None:
                    raise
                error.__traceback__ = None  # it holds the tensors that took the memory
                texts = None
            if texts is None:
                batch = len(part) // 2
                _free_memory()
                continue
            if own < len(starts):
                submitted.append((part, rewarder.submit(part, texts)))
            chosen = chosen[len(part) :]
    answers = [
        {
            "row_id": row["row_id"],
            "kind": row["kind"],
            "completion": graded.text,
            "accuracy": graded.accuracy,
            "format": graded.reward.format,
        }
        for part, future in submitted
        for row, graded in zip(part, future.result(), strict=True)
    ]
    return pl.DataFrame(answers, schema=ANSWERS)


def _greedy(
    model: Any,
    processor: Any,
    rows: Sequence[Mapping[str, Any]],
    prompts: RowPrompts,
    load_image: LoadImage,
    recipe: RecipeSettings,
) -> list[str]:
    """Texts of greedy answers to a batch of rows."""
    import torch
    from trl.data_utils import prepare_multimodal_messages

    conversations = [prepare_multimodal_messages(prompts.messages(row), images=[load_image(row)]) for row in rows]
    asked = encoded(conversations, processor).to(model.device)
    with torch.inference_mode():
        generated = model.generate(
            **asked,
            do_sample=False,
            max_new_tokens=recipe.max_completion_length,
            suppress_tokens=image_token_ids(model.config, processor),
            pad_token_id=processor.tokenizer.pad_token_id,
        )
    texts: list[str] = processor.batch_decode(generated[:, asked["input_ids"].shape[1] :], skip_special_tokens=True)
    return texts


def _free_memory() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def accuracy_figures(answers: pl.DataFrame) -> dict[str, float | int | None]:
    """What answers to held-out rows come to: `n` graded ones, `accuracy` with its 95% interval `low` to `high`, `format`, and `ungraded`.

    Accuracy and format are None without any. Grades between 0 and 1 give an interval that is rather too wide (Wilson's of their mean: no grades of
    that mean vary more than those of 0 and 1).
    """
    grades = answers["accuracy"].drop_nulls()
    low, high = wilson(float(grades.sum()), len(grades))
    return {
        "n": len(grades),
        "accuracy": round(float(grades.mean()), 6) if len(grades) else None,  # type: ignore[arg-type]
        "low": round(low, 6),
        "high": round(high, 6),
        "format": round(float(answers["format"].mean()), 6) if answers.height else None,  # type: ignore[arg-type]
        "ungraded": answers.height - len(grades),
    }


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
