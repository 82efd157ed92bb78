"""What a power cut leaves of a file system, by the log of its changes (`support.volatile_files`).

What was synced is there: the bytes of a file as they were at its last fsync, the names of a folder as they were at its own. Of anything since
then some may be there too, in any choice: of names each for itself, but a rename wholly or not at all; of a file's bytes none, all, the first ones,
or zeros in their place (Pillai et al. 2014, "All file systems are not created equal").
"""

import base64
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

ROOT = 1
Survivors = Literal["none", "names", "some"]
Change = tuple[Any, ...]


class _State:
    """The durable part after some changes, and what is still to be synced."""

    def __init__(self) -> None:
        self.folders: dict[int, dict[str, int]] = {ROOT: {}}
        self.files: dict[int, bytes] = {}
        self.written: dict[int, bytearray] = {}
        self.pending: list[Change] = []

    def apply(self, change: Change) -> None:
        kind = change[0]
        if kind == "new":
            if change[2]:
                self.folders[change[1]] = {}
            else:
                self.written[change[1]] = bytearray()
        elif kind == "write":
            _, inode, offset, data = change
            content = self.written[inode]
            content.extend(bytes(max(0, offset - len(content))))
            content[offset : offset + len(data)] = data
        elif kind == "truncate":
            _, inode, length = change
            content = self.written[inode]
            content[length:] = bytes(max(0, length - len(content)))
        elif kind == "sync" and change[1] in self.written:
            self.files[change[1]] = bytes(self.written[change[1]])
        elif kind in ("sync names", "sync"):
            folder = change[1]
            self.settle([one for one in self.pending if _concerns(one, folder)])
            self.pending = [one for one in self.pending if not _concerns(one, folder)]
        elif kind in ("name", "unname", "rename"):
            self.pending.append(change)

    def settle(self, changes: Sequence[Change]) -> None:
        """Make changes of names durable."""
        for change in changes:
            if change[0] == "name":
                self.folders[change[1]][change[2]] = change[3]
            elif change[0] == "unname":
                self.folders[change[1]].pop(change[2], None)
            else:
                _, before, name, after, other, inode = change
                if self.folders[before].get(name) == inode:
                    del self.folders[before][name]
                self.folders[after][other] = inode


def _concerns(change: Change, folder: int) -> bool:
    return change[1] == folder or (change[0] == "rename" and change[3] == folder)


def left_after(changes: Sequence[Change], survivors: Survivors, chance: random.Random, target: Path) -> list[str]:
    """Make in the folder `target` what a cut after `changes` leaves, and return what was noted until then.

    Args:
        survivors: of what was not synced: "none", all "names" but no bytes, or "some" of both, drawn.
    """
    state, noted = _State(), []
    for change in changes:
        if change[0] == "noted":
            noted.append(change[1])
        else:
            state.apply(change)
    if survivors != "none":
        state.settle([one for one in state.pending if survivors == "names" or chance.random() < 0.5])
    files = {inode: state.files.get(inode, b"") for inode in state.written}
    if survivors == "some":
        for inode, content in state.written.items():
            if content != files[inode]:
                torn = (files[inode], bytes(content), bytes(content[: len(content) // 2]), bytes(len(content)))
                files[inode] = chance.choice(torn)
    _write(state, files, ROOT, target)
    return noted


def _write(state: _State, files: dict[int, bytes], folder: int, target: Path) -> None:
    target.mkdir()
    for name, inode in state.folders[folder].items():
        if inode in state.folders:
            _write(state, files, inode, target / name)
        else:
            (target / name).write_bytes(files[inode])


def as_json(changes: list[Change]) -> list[list[Any]]:
    """A log that JSON can hold: bytes that were written as base64."""
    return [
        [base64.b64encode(part).decode() if isinstance(part, bytes) else part for part in change] for change in changes
    ]


def from_json(changes: list[list[Any]]) -> list[Change]:
    """The log again."""
    return [
        (*change[:-1], base64.b64decode(change[-1])) if change[0] == "write" else tuple(change) for change in changes
    ]
