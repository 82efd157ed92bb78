"""Output of the programs that read exports with a consumer's loader: one line of JSON, with a digest of each row's decoded pixels.

The programs run in the consumers' environments, which do not have the package; they share this module alone.
"""

import hashlib
import io
import json
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

SPLITS = ("train", "validation")


def digest(image: Image.Image) -> str:
    """Size and sha256 of the pixels in RGB."""
    pixels = image.convert("RGB")
    return f"{pixels.width}x{pixels.height} {hashlib.sha256(pixels.tobytes()).hexdigest()}"


def opened(value: Any, folder: Path) -> Image.Image:
    """An image as loaders give it: decoded, as `{bytes, path}`, or as a path, absolute or below a folder."""
    if isinstance(value, Image.Image):
        return value
    if isinstance(value, dict):
        return Image.open(io.BytesIO(value["bytes"])) if value.get("bytes") else opened(value["path"], folder)
    if isinstance(value, bytes):
        return Image.open(io.BytesIO(value))
    return Image.open(folder / value)


def show(**results: Any) -> None:
    """Print the results as the last line."""
    print("\n" + json.dumps(results))


def probe(read: Callable[[Path], Iterator[tuple[str, bool]]], paths: list[str]) -> None:
    """Read each path as it is, and say whether its rows come with images, without them, or not at all.

    Args:
        read: gives the text of each row, and whether an image comes with it.
    """
    outcomes = {}
    for path in paths:
        try:
            rows = list(read(Path(path)))
        except Exception as error:  # whatever a consumer raises is its refusal
            print("".join(traceback.format_exception(error))[-1500:], file=sys.stderr)
            outcomes[path] = ["refused", f"{type(error).__name__}: {error}"[:300]]
            continue
        blind = sum(1 for _, shown in rows if not shown)
        if not rows:
            outcomes[path] = ["refused", "no rows"]
        else:
            outcomes[path] = (
                ["blind", f"{blind} of {len(rows)}: {rows[0][0][:200]}"] if blind else ["shown", f"{len(rows)}"]
            )
    show(outcomes=outcomes)
