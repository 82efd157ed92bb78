"""Small plots for pages of the UI: a few kB each, as data URIs, since metadata of one event must stay below 32 kB."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BARS = 10  # of one panel; the rest is added up
COLOURS = 32  # of the picture's palette: plots have few, and each halving saves a fifth
INK, GRID, FILL = "#27303f", "#d8dde6", "#4f6fd8"


def data_uri(figure: "Figure") -> str:
    """A figure as a PNG with a palette, in a data URI."""
    return "data:image/png;base64," + base64.b64encode(small_png(figure)).decode("ascii")


def small_png(figure: "Figure", dpi: int = 80) -> bytes:
    """A figure as a PNG with a palette of few colours."""
    from PIL import Image

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, facecolor="white")
    buffer.seek(0)
    small = io.BytesIO()
    # An octree keeps the colours of thin lines, which are few pixels; the median cut takes them for one.
    flat = Image.open(buffer).convert("RGB").quantize(COLOURS, method=Image.Quantize.FASTOCTREE)
    flat.save(small, "PNG", optimize=True)
    return small.getvalue()


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure, drawn without a display and without matplotlib's global state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def bar_panels(counts: Mapping[str, Mapping[str, int]]) -> str:
    """Data URI of a picture with one panel of horizontal bars for each entry, most frequent first."""
    figure = new_figure(8.0, 2.2)
    panels = figure.subplots(1, len(counts), squeeze=False)[0]
    for axes, (title, counted) in zip(panels, counts.items(), strict=True):
        names, values = _largest(counted)
        axes.barh(range(len(names)), values, color=FILL)
        axes.set_yticks(range(len(names)), [name[:22] for name in names], fontsize=7, color=INK)
        axes.invert_yaxis()
        axes.set_title(f"rows by {title}", fontsize=8, color=INK, loc="left")
        axes.tick_params(axis="x", labelsize=6, colors=INK)
        axes.spines[["top", "right"]].set_visible(False)
    return data_uri(figure)


def _largest(counts: Mapping[str, int]) -> tuple[Sequence[str], Sequence[int]]:
    ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    rest = sum(value for _, value in ranked[BARS:])
    shown = [*ranked[:BARS], *([("all others", rest)] if rest else [])]
    return [name for name, _ in shown], [value for _, value in shown]
