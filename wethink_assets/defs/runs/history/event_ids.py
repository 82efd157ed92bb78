"""New ids of events, in the order of the old ones, and the same ids wherever anything refers to them.

SQLite counts the events of each run by themselves, and those of assets, checks and ends of runs once more in an index, whose ids Dagster refers to:
provenance of data versions, checks, positions of sensors. PostgreSQL has one count for all. An event that the index has takes its place there; one
that it has not follows the last one of its run that it has. So each run's log keeps its order, and so does the index.
"""

import base64
import hashlib
import json
import re
import zlib
from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from itertools import accumulate

from wethink_assets.defs.runs.history.sqlite_files import Event, SqliteFiles

__all__ = ["EventIds"]

_POINTER = re.compile(r'(?<!\\)("dagster/input_event_pointer/(?:[^"\\]|\\.)*": ")(\d+)"')
_TARGET = re.compile(r'("__class__": "AssetCheckEvaluationTargetMaterializationData"[^{}]*?"storage_id": )(\d+)')
_LAST = re.compile(r'("storage_id": )(\d+)(\})$')
_POSITION = re.compile(r'("(?:last_event_id|max_storage_id|record_id|latest_storage_id)": )(\d+)')
Place = tuple[int, int]
"""Position among the events of the index that an event stands at or after (before the first: -1 with it), and how far behind that."""


class EventIds:
    """The new ids of all events. `len` is how many there are; memory goes by the events of the index, 24 bytes each."""

    def __init__(self, files: SqliteFiles) -> None:
        self._files = files
        with files.connected(files.index) as connection:
            self._indexed = [row[0] for row in connection.execute("SELECT id FROM event_logs ORDER BY id")]
            owners = [row[0] for row in connection.execute("SELECT DISTINCT run_id FROM event_logs")]
        self.runs = sorted({*files.run_ids(), *(owner or "" for owner in owners)})
        before, after = [0] * len(self._indexed), [0] * len(self._indexed)
        self._tails: dict[str, int] = {}  # of runs that the index knows nothing of: where they begin
        tail = 0
        for run_id in self.runs:
            for place, _ in self._places(run_id):
                if place is None:
                    self._tails.setdefault(run_id, tail)
                    tail += 1
                elif place[1] < 0:
                    before[place[0]] += 1
                elif place[1] > 0:
                    after[place[0]] += 1
        self._before = before
        sizes = (b + 1 + a for b, a in zip(before, after, strict=True))
        self._starts = list(accumulate(sizes, initial=1))
        self._total = self._starts[-1] - 1 + tail

    def __len__(self) -> int:
        return self._total

    def events(self, run_id: str) -> Iterator[tuple[int, Event]]:
        """The events of a run with their new ids, in its order, and what they refer to renamed."""
        tail = self._starts[-1] + self._tails.get(run_id, 0)
        for place, event in self._places(run_id):
            if place is None:
                new = tail
                tail += 1
            else:
                anchor, behind = place
                middle = self._starts[anchor] + self._before[anchor]
                new = middle + behind if behind >= 0 else self._starts[anchor] + (-behind - 1)
            yield new, (event[0], self.in_event(event[1]), *event[2:])

    def of(self, old: int) -> int:
        """The new id of an event of the index, or of the last one before it where it was deleted; 0 where none is before it."""
        position = bisect_right(self._indexed, old) - 1
        return self._starts[position] + self._before[position] if position >= 0 else 0

    def in_event(self, text: str) -> str:
        """An event as text, whose references to others are renamed: the inputs of a materialization, and what a check was about."""
        if '"dagster/input_event_pointer/' in text:
            text = _POINTER.sub(lambda found: f'{found[1]}{self.of(int(found[2]))}"', text)
        if "AssetCheckEvaluationTargetMaterializationData" in text:
            text = _TARGET.sub(lambda found: f"{found[1]}{self.of(int(found[2]))}", text)
        return text

    def in_last_record(self, text: str) -> str:
        """The record of an asset's last materialization, with its own id and those that it refers to renamed."""
        return _LAST.sub(lambda found: f"{found[1]}{self.of(int(found[2]))}{found[3]}", self.in_event(text))

    def in_sensor(self, text: str) -> str:
        """The state of a sensor or schedule, with the event up to which it has looked renamed."""
        state = json.loads(text)
        for key in ("instigator_data", "job_specific_data"):
            data = state.get(key)
            if isinstance(data, dict) and isinstance(data.get("cursor"), str):
                data["cursor"] = self._in_cursor(data["cursor"])
        return json.dumps(state)

    def _in_cursor(self, cursor: str) -> str:
        """The position of a sensor of Dagster's own; what other sensors write there is theirs and stays."""

        def rename(text: str) -> str:
            return _POSITION.sub(lambda found: f"{found[1]}{self.of(int(found[2]))}", text)

        if cursor[:1] in ("0", "1"):  # of automation conditions: a version, then compressed JSON
            return _recoded(cursor, rename)
        return rename(cursor) if '"__class__": "RunStatusSensorCursor"' in cursor else cursor

    def _places(self, run_id: str) -> Iterator[tuple[Place | None, Event]]:
        """The place of each event of a run: in the index by what it says, else after the last one that is there; None in a run without any."""
        waiting: defaultdict[bytes, deque[int]] = defaultdict(deque)
        only_there: dict[int, None] = {}
        for number, event in self._files.indexed(run_id):
            waiting[_digest(event[1])].append(number)
            only_there[number] = None
        if not only_there:
            yield from ((None, event) for event in self._files.events(run_id))
            return
        first = bisect_right(self._indexed, next(iter(only_there))) - 1
        anchor, behind = first, 0
        begun = False
        for event in self._files.events(run_id):
            found = waiting.get(_digest(event[1]))
            if found:
                number = found.popleft()
                del only_there[number]
                place = bisect_right(self._indexed, number) - 1
                if place >= anchor or not begun:
                    anchor, behind, begun = place, 0, True
                yield (place, 0), event
            else:
                behind += 1
                yield (anchor, behind if begun else -behind), event
        for number, event in self._files.indexed(run_id) if only_there else ():
            if number in only_there:  # the run's own file was lost, or its last write
                yield (bisect_right(self._indexed, number) - 1, 0), event


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _recoded(cursor: str, rename: Callable[[str], str]) -> str:
    try:
        text = zlib.decompress(base64.b64decode(cursor[1:], validate=True)).decode("utf-8")
    except (ValueError, zlib.error):
        return cursor
    return cursor[0] + base64.b64encode(zlib.compress(rename(text).encode("utf-8"))).decode("ascii")
