"""Plots of the curves of a run, small enough to stand in the UI."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wethink_assets.kinds import KINDS

_PANELS: dict[str, dict[str, str]] = {
    "reward": {"reward": "reward", "accuracy": "accuracy", "format": "format"},
    "held-out accuracy": {"held_out": "accuracy", "held_out_low": "95% from", "held_out_high": "to"},
    "accuracy by kind": {},  # a line of each kind that there is
    "reward variance": {"reward_std": "standard deviation", "zero_variance": "groups without variance"},
    "KL and entropy": {"kl": "KL a token", "entropy": "entropy"},
    "length": {"length": "mean tokens", "longest": "longest"},
    "optimisation": {"grad_norm": "gradient norm", "clipped": "share clipped", "loss": "loss"},
    "throughput": {"tokens_per_second": "tokens/s"},
}
BARS = "▁▂▃▄▅▆▇█"


def panels() -> dict[str, dict[str, str]]:
    """Title of each panel, and its lines: the figure of a step, and what it is called."""
    return _PANELS | {"accuracy by kind": {f"accuracy/{kind}": kind for kind in KINDS}}


def smoothed(values: Sequence[float | None], window: int) -> list[float | None]:
    """Mean over the last `window` steps, of the values that are there."""
    means: list[float | None] = []
    for index in range(len(values)):
        near = [value for value in values[max(0, index + 1 - window) : index + 1] if value is not None]
        means.append(sum(near) / len(near) if near else None)
    return means


def column(lines: Sequence[Mapping[str, Any]], name: str) -> list[float | None]:
    """A figure over the steps."""
    return [line.get(name) for line in lines]


def sparkline(values: Sequence[float | None], width: int = 40) -> str:
    """A curve as one line of text, scaled from its lowest to its highest value.

    >>> sparkline([0, 1, 2, 3])
    '▁▃▆█'
    """
    known = [value for value in values if value is not None]
    if not known:
        return ""
    size = max(1, -(-len(known) // width))
    means = [sum(known[i : i + size]) / len(known[i : i + size]) for i in range(0, len(known), size)]
    low, high = min(means), max(means)
    span = (high - low) or 1.0
    return "".join(BARS[round((value - low) / span * (len(BARS) - 1))] for value in means)


def draw_curves(lines: Sequence[Mapping[str, Any]], title: str, titles: Sequence[str], dpi: int = 100) -> bytes:
    """Some of the `panels` as a PNG; panels without a single value are left out. Thin: each step; thick: mean of the last tenth."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    all_panels = panels()
    wanted = [
        name for name in titles if any(any(v is not None for v in column(lines, key)) for key in all_panels[name])
    ]
    columns = min(3, max(1, len(wanted)))
    rows = max(1, -(-len(wanted) // columns))
    figure = Figure(figsize=(3.4 * columns, 2.3 * rows), dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=9)
    steps = [line["step"] for line in lines]
    for number, name in enumerate(wanted):
        axes = figure.add_subplot(rows, columns, number + 1)
        for color, (key, label) in enumerate(all_panels[name].items()):
            values = column(lines, key)
            if all(value is None for value in values):
                continue
            known = [(step, value) for step, value in zip(steps, values, strict=True) if value is not None]
            axes.plot(*zip(*known, strict=True), color=f"C{color}", linewidth=0.5, alpha=0.4)
            plain = [value for _, value in known]
            mean = smoothed(plain, max(1, len(plain) // 10))
            axes.plot([step for step, _ in known], mean, color=f"C{color}", linewidth=1.4, label=label)  # type: ignore[arg-type]
        axes.set_title(name, fontsize=8)
        axes.tick_params(labelsize=6)
        axes.legend(fontsize=6, frameon=False)
        axes.set_xlabel("step", fontsize=6)
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


def small(png: bytes, limit: int) -> bytes:
    """The same plot in few colours; empty where it would still be larger than `limit` bytes."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as opened:
        reduced = opened.convert("RGB")
    for colors in (24, 12, 8):
        buffer = io.BytesIO()
        reduced.quantize(colors, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
            buffer, "PNG", optimize=True
        )
        if buffer.tell() <= limit:
            return buffer.getvalue()
    return b""


def write_plots(lines: Sequence[Mapping[str, Any]], title: str, folder: Path) -> None:
    """`curves.png` with all panels, and `preview.png`, which is small enough for the UI's metadata."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "curves.png").write_bytes(draw_curves(lines, title, list(panels()), dpi=130))
    preview = small(
        draw_curves(lines, title, ("reward", "held-out accuracy", "accuracy by kind", "length"), dpi=70), 12_000
    )
    if preview:
        (folder / "preview.png").write_bytes(preview)
