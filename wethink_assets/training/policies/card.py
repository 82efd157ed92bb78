"""The model card of a policy: what it was trained from and how, what it gained, what it cost."""

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from wethink_assets.training.policies.plots import column, sparkline

LIBRARIES = ("wethink-assets", "trl", "transformers", "torch", "accelerate", "peft", "datasets", "vllm")


def library_versions() -> dict[str, str]:
    """Releases of the libraries that took part, and of Python."""
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def percent(value: float) -> str:
    """A share as a percentage.

    >>> percent(0.6349)
    '63.5%'
    """
    return f"{100 * value:.1f}%"


def points(gain: Mapping[str, float]) -> str:
    """A gain with its 95% interval, in points.

    >>> points({"gain": 0.078, "low": 0.04, "high": 0.116})
    '+7.8 (+4.0 to +11.6)'
    """
    return f"{100 * gain['gain']:+.1f} ({100 * gain['low']:+.1f} to {100 * gain['high']:+.1f})"


def gain_rows(accuracy: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    """Rows of a table: group, rows, before, after, gain in points with its interval."""
    return [
        [name, str(int(gain["n"])), percent(gain["before"]), percent(gain["after"]), points(gain)]
        for name, gain in accuracy.items()
    ]


def evaluation_rows(evaluations: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Rows of a table: step, graded rows, accuracy with its interval, format.

    >>> evaluation_rows([{"step": 50, "n": 8, "accuracy": 0.5, "low": 0.22, "high": 0.78, "format": 1.0}])
    [['50', '8', '50.0% (22.0% to 78.0%)', '100.0%']]
    """
    return [
        [
            str(line["step"]),
            str(line["n"]),
            "not known"
            if line["accuracy"] is None
            else f"{percent(line['accuracy'])} ({percent(line['low'])} to {percent(line['high'])})",
            percent(line["format"] or 0.0),
        ]
        for line in evaluations
    ]


def evaluation_lines(evaluations: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the card says of the evaluations while the policy was trained; nothing where there were none."""
    if not evaluations:
        return []
    rows = [f"| {' | '.join(row)} |" for row in evaluation_rows(evaluations)]
    return ["While it was trained:", "", "| step | n | accuracy (95%) | format |", "|---|---|---|---|", *rows, ""]


def step_of_weights(chosen: Mapping[str, Any], evaluations: int) -> str:
    """Which step a policy's weights are of.

    >>> step_of_weights({"choice": "best", "step": 30, "of": 45}, 4)
    'step 30 of 45, the best of 4 evaluations on the held-out rows, whose accuracy and gain below are therefore flattered'
    """
    if chosen["choice"] != "best":
        return f"step {chosen['step']} of {chosen['of']}, the last"
    return (
        f"step {chosen['step']} of {chosen['of']}, the best of {evaluations} evaluations on the held-out rows,"
        " whose accuracy and gain below are therefore flattered"
    )


def model_card(
    *,
    title: str,
    facts: Mapping[str, Any],
    settings: Mapping[str, Any],
    figures: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
) -> str:
    """The card as Markdown, for `model/README.md`.

    facts: what the policy came from, by label; settings: all that its digest goes by; figures: as in `policy.json`; lines: its curves.
    """
    text = [
        "---",
        "library_name: transformers",
        "pipeline_tag: image-text-to-text",
        f"base_model: {facts['base model']}",
        "---",
        f"# {title}",
        "",
        "A vision-language policy trained by WeThink on one version of its dataset.",
        "",
        *(f"- {label}: {value}" for label, value in facts.items()),
        "",
        *row_lines(figures),
        "## Held-out rows",
        "",
        "Greedy answers to validation rows of the version, graded as in training; 95% paired intervals. These rows were judged by the same"
        " rules and judge that gave the reward: scores on benchmarks are told apart from them.",
        "",
        "| rows | n | before | after | gain in points |",
        "|---|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in gain_rows(figures.get("accuracy", {}))),
        "",
        *evaluation_lines(figures.get("evaluations", ())),
        *ungraded_lines(figures),
        "## Cost",
        "",
        *(f"- {label.replace('_', ' ')}: {value}" for label, value in figures.get("cost", {}).items()),
        "",
        "## Curves",
        "",
        "From the first step to the last, each scaled to its own range; `curves.parquet` and `plots/curves.png` beside the model hold all of"
        " them.",
        "",
        "```",
        *curve_lines(lines),
        "```",
        "",
        "## Settings",
        "",
        "```json",
        json.dumps(settings, indent=1, sort_keys=True),
        "```",
        "",
        "## Libraries",
        "",
        *(f"- {name} {release}" for name, release in library_versions().items()),
        "",
    ]
    return "\n".join(text)


def row_lines(figures: Mapping[str, Any]) -> list[str]:
    """What the card says of the training rows: how many took part, and how many were left out why."""
    rows = figures.get("rows")
    if not rows:
        return []
    too_long = rows["chosen"] - rows["used"]
    reasons = {**rows["left_out"], **({"prompt too long": too_long} if too_long else {})}
    left_out = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in sorted(reasons.items()))
    return ["## Rows", "", f"{rows['used']:,} were trained on. Left out: {left_out or 'none'}.", ""]


def ungraded_lines(figures: Mapping[str, Any]) -> list[str]:
    """What the card says of completions that the judge left without a grade; nothing where there were none."""
    count = figures.get("without_grade", 0)
    if not count:
        return []
    share = count / figures["completions"]
    return [
        f"The judge gave no grade to {count} of {figures['completions']} completions ({share:.1%}): they moved nothing.",
        "",
    ]


CURVES = (
    "held_out",
    "reward",
    "accuracy",
    "format",
    "accuracy/MC",
    "accuracy/FIB",
    "accuracy/DES",
    "length",
    "entropy",
    "kl",
    "loss",
)


def curve_lines(lines: Sequence[Mapping[str, Any]], names: Sequence[str] = CURVES) -> list[str]:
    """Curves as lines of text: name, means of the first and last fifth, curve."""
    text = []
    for name in names:
        known = [value for value in column(lines, name) if value is not None]
        if not known:
            continue
        fifth = max(1, len(known) // 5)
        first, last = sum(known[:fifth]) / fifth, sum(known[-fifth:]) / fifth
        text.append(f"{name:13} {first:8.3f} -> {last:8.3f}  {sparkline(known)}")
    return text
