"""Model card: the making of the checkpoints, what they were measured to do, and what they cannot do."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wethink_assets.models.embedded.training.publication import RECORD
from wethink_assets.models.embedded.training.recipe import STAGES

FIGURES = "accuracy.json"
ABOUT = {
    "answer_image": "answers from the image",
    "answer_text": "answers from a description",
    "describe": "coarse descriptions, word for word",
    "details": "replies to a request, word for word",
    "merge": "fine descriptions exact in all facts",
    "adjudicate": "verdict on two answers",
    "rewrite": "short path, word for word",
    "refine": "what is missing, or nothing",
    "question": "well-posed question of the kind asked, its options holding the answer",
    "screen": "whether a question can be answered and checked",
    "judge": "tier of the grade",
}
INTRODUCTION = """# Embedded model

Three checkpoints of the Qwen2.5-VL architecture with {parameters} parameters each (bfloat16 safetensors, {size:.1f} MB in all), trained
from scratch by `wethink embedded train`. They let the whole pipeline run on a laptop with no account and no download; they are no
substitute for real models.

- `describer`: sees images. Describes them, gives details, merges descriptions, answers, adjudicates, rewrites chains of thought.
- `reasoner`: reads descriptions. Asks for what is missing, writes questions, screens them, answers, judges. Shares no weights with the
  describer.
- `policy`: an early state of the describer that learned to answer at once: about half of the families of questions it mostly answers without
  looking at the image item by item. Reinforcement learning has room there, since it can find out that looking pays.

Text decoder: hidden 192, 4 layers, 6 heads, tied embeddings; vision: 3 layers, hidden 96, patch 8, one token a grid cell. Every image
is brought to 48 x 48 pixels (9 tokens); the context is 1024 tokens. They load with transformers' `AutoModelForImageTextToText`,
`AutoTokenizer` and `AutoImageProcessor` (without torchvision, transformers 5.17 has the latter only as
`transformers.models.auto.image_processing_auto.AutoImageProcessor`); `AutoProcessor` needs torchvision, where it is missing the package's
`wethink_assets.models.embedded.processor.load_processor` loads the part for images.

## Data

Images that the project draws (`wethink_assets/sources/sample`): coloured shapes on a 3 x 3 grid, bar charts of 2 or 3 bars with values
1 to 9, figures of 1 to 4 shapes with one letter each, texts of 2 to 8 characters of a 16-character alphabet. A quarter is hard to read:
noise, low contrast, occlusion, clutter, small print (one or two of them in training; two or three in the sample sources and below, so
that the models err where larger ones would on real images). Prompts are those of the pack `embedded`; replies follow from the scene by rule.
Every example is drawn freshly from seed, stage and step; the figures below are on scenes of other seeds.

## Training
"""
LIMITS = """
## Limits

The models know nothing but these images, these words and these prompts. A photograph gets a confident description of shapes that are not there.
Replies are templates with few wordings; JSON is written by habit, not enforced. As adjudicator the describer decides nothing on images that are
hard to read, where it would only repeat a misreading, so nearly all disagreements end as rejections. Each checkpoint was trained once, with one seed;
a training of the same recipe before it (two wordings a question, a tenth fewer steps) came within 2.5 points at every task that stayed the same.
"""


def _share(row: Mapping[str, Any] | None) -> str:
    return f"{row['share']:.1%} ({row['low']:.0%} to {row['high']:.0%}, n {row['n']})" if row else "-"


def _training_lines(root: Path) -> list[str]:
    path = root / RECORD
    record = json.loads(path.read_text()) if path.exists() else {}
    return [_training_line(name, facts) for name, facts in record.items()]


def _training_line(name: str, facts: Mapping[str, Any]) -> str:
    recipe = facts["recipe"]
    stages = ", ".join(f"{stage} {recipe[stage]}" for stage in STAGES if recipe[stage])
    start = f"from the describer's joint step {recipe['starts_from']}: " if recipe["starts_from"] else "steps "
    late = recipe["learning_rate"] * recipe["late_factor"]
    rates = f"{recipe['learning_rate']:g}, joint {recipe['learning_rate'] * recipe['joint_factor']:g} with a cosine fall over the last half"
    if recipe["starts_from"]:
        rates = f"{late:g} with a cosine fall"
    elif recipe["hardening"]:
        rates += f", hardening {late:g} with a cosine fall"
    return (
        f"- `{name}`: {start}{stages} of {recipe['batch']} examples{' (vision: ' + str(recipe['vision_batch']) + ')' if recipe['vision'] else ''},"
        f" seed {recipe['seed']}, AdamW, rate {rates}, bfloat16 autocast; {facts['seconds'] / 60:.0f} minutes"
        f" ({facts['cpu_seconds'] / 60:.0f} of processor time) on {facts['machine']}."
        + (f" {facts['note']}" if "note" in facts else "")
    )


def _tables(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    cells = {(row["checkpoint"], row["task"], row["group"]): row for row in rows}
    lines = ["| checkpoint | task | what counts | clean | hard |", "|---|---|---|---|---|"]
    for name, task in dict.fromkeys((row["checkpoint"], row["task"]) for row in rows):
        clean, hard = cells.get((name, task, "clean")), cells.get((name, task, "hard"))
        lines.append(f"| {name} | {task} | {ABOUT[task]} | {_share(clean)} | {_share(hard)} |")
    lines += [
        "",
        "By visual kind (clean / hard):",
        "",
        "| checkpoint | task | shapes | chart | figure | text |",
        "|---|---|---|---|---|---|",
    ]
    for name, task in dict.fromkeys((row["checkpoint"], row["task"]) for row in rows):
        by_kind = []
        for kind in ("shapes", "chart", "figure", "text"):
            rows_of_kind = [cells.get((name, task, f"{kind} {hardness}")) for hardness in ("clean", "hard")]
            by_kind.append(" / ".join(f"{row['share']:.1%}" if row else "-" for row in rows_of_kind))
        lines.append(f"| {name} | {task} | {' | '.join(by_kind)} |")
    for label, wanted in (
        ("question kind", ("MC", "FIB", "DES")),
        ("letter", ("letter A", "letter B", "letter C", "letter D")),
    ):
        lines += [
            "",
            f"Answers by {label}, clean images:",
            "",
            f"| checkpoint | task | {' | '.join(wanted)} |",
            "|---|---|" + "---|" * len(wanted),
        ]
        for name, task in dict.fromkeys(
            (row["checkpoint"], row["task"]) for row in rows if row["task"].startswith("answer")
        ):
            lines.append(
                f"| {name} | {task} | "
                + " | ".join(_share(cells.get((name, task, f"{group} clean"))) for group in wanted)
                + " |"
            )
    others = [row for row in rows if row["group"].startswith("check: ")]
    lines += [
        "",
        "Other checks: "
        + "; ".join(f"{row['task']} {row['group'].removeprefix('check: ')} {row['share']:.1%}" for row in others)
        + ".",
    ]
    return lines


def write_card(
    root: Path, rows: Sequence[Mapping[str, Any]], both: Mapping[str, float], asked: Mapping[str, float]
) -> None:
    """Write `accuracy.json` and `README.md` beside the checkpoints.

    Args:
        rows: accuracies as JSON; both: what `agreement` measured; asked: what `coverage` measured.
    """
    from safetensors import safe_open

    weights = sorted(root.glob("*/model.safetensors"))
    size = sum(path.stat().st_size for path in root.glob("*/*") if path.is_file()) / 1e6
    parameters = 0
    if weights:
        with safe_open(weights[0], "pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118 (no iterator)
                count = 1
                for extent in tensors.get_slice(name).get_shape():
                    count *= extent
                parameters += count
    (root / FIGURES).write_text(
        json.dumps({"accuracies": list(rows), "agreement": dict(both), "coverage": dict(asked)}, indent=1) + "\n"
    )
    lines = [
        INTRODUCTION.format(parameters=f"{parameters:,}".replace(",", " "), size=size),
        *_training_lines(root),
        "",
        "## Measured",
        "",
    ]
    lines += [
        "Greedy decoding on held-out scenes; 95% Wilson intervals. Task by task what went before is right: `merge` reads a true dialogue, the",
        "reasoner true descriptions. How both do on their own output is said at the end.",
        "",
        *_tables(rows),
    ]
    if both:
        lines += ["", "Pipeline of both models on the full mix (a quarter hard), the reasoner reading the describer's own description: "
                  + ", ".join(f"{name} {value:.3g}" for name, value in both.items()) + "."]  # fmt: skip
    if asked:
        lines += ["", "Questions of the reasoner from true descriptions, sampled as the pipeline samples them: "
                  + ", ".join(f"{name} {value:.3g}" for name, value in asked.items()) + "."]  # fmt: skip
    (root / "README.md").write_text("\n".join(lines) + "\n" + LIMITS)
