"""Seconds that a run took, over all its attempts: loading, answering held-out rows and lost steps are part of them."""

import json
import os
import time
from pathlib import Path

FILE = "spent.json"


class SpentTime:
    """Seconds by the clock (`wall`) and of the processor (`cpu`) since the first attempt began, in `spent.json` of the working folder.

    What an attempt that was killed took after its last `save` is lost.
    """

    def __init__(self, work: Path) -> None:
        self._path = work / FILE
        self._before = _read(self._path)
        self._started = time.monotonic()
        self._cpu_started = time.process_time()

    def save(self) -> dict[str, float]:
        """Save the seconds so far, and return them."""
        now = {"wall": time.monotonic() - self._started, "cpu": time.process_time() - self._cpu_started}
        spent = {name: round(self._before.get(name, 0.0) + seconds, 3) for name, seconds in now.items()}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_name(f"{FILE}.writing")
        unfinished.write_text(json.dumps(spent))
        os.replace(unfinished, self._path)
        return spent


def _read(path: Path) -> dict[str, float]:
    try:
        return {name: float(value) for name, value in json.loads(path.read_text()).items()}
    except (OSError, ValueError, AttributeError):
        return {}
