"""Journal of the grades that a judge gave in a run: what was paid for once is not asked for again, and a resumed run gets the grades that it had."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from wethink_assets.rewards import Reward


class GradeJournal:
    """Rewards by row and completion, those that a judge gave alone; a line of a file each, written as soon as the grade is there.

    Each process of a run has a file of its own: `path` is that of this one. A line that a kill cut short is left out, and its grade asked for again;
    so is one that the judge failed to give.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Reward] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = self._read()
        if whole is not None:  # what comes next would be written behind a line that was cut short
            unfinished = path.with_name(f"{path.name}.writing")
            unfinished.write_text(whole)
            unfinished.rename(path)
        self._file = path.open("a", buffering=1)

    def _read(self) -> str | None:
        """Take in the lines that are whole; returns them where others are there, too."""
        if not self._path.exists():
            return None
        text = self._path.read_text(errors="replace")
        lines = []
        for line in text.splitlines(keepends=True):
            try:
                if not line.endswith("\n"):
                    continue
                entry = json.loads(line)
                self._known[entry["key"]] = Reward(**entry["reward"])
            except (ValueError, KeyError, TypeError):
                continue
            lines.append(line)
        return None if len("".join(lines)) == len(text) else "".join(lines)

    def __len__(self) -> int:
        return len(self._known)

    def reward(self, row_id: str, text: str) -> Reward | None:
        """The reward that a completion of a row got; None where the judge was not asked for it."""
        return self._known.get(_key(row_id, text))

    def add(self, row_id: str, text: str, reward: Reward) -> None:
        """Keep a reward, if a judge gave it. Raises `OSError` where the file cannot be written."""
        if reward.method != "judge" or reward.failed:
            return
        key = _key(row_id, text)
        self._file.write(json.dumps({"key": key, "reward": asdict(reward)}) + "\n")
        self._known[key] = reward

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def grades_in(folder: Path) -> int:
    """How many grades the processes of a run were given, by their journals in a folder."""
    return sum(path.read_bytes().count(b"\n") for path in folder.glob("*.jsonl"))


def _key(row_id: str, text: str) -> str:
    return hashlib.sha256(json.dumps([row_id, text]).encode()).hexdigest()[:32]
