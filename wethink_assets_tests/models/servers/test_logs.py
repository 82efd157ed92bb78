"""Log of a server: what of it reaches a run's."""

import logging
import time
from pathlib import Path

from wethink_assets.models.servers.logs import LINES_A_MINUTE, LogTail


def test_a_log_is_followed_with_its_levels_and_within_bounds(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    path.write_bytes(b"before\n")
    heard: list[tuple[int, str]] = []
    tail = LogTail(path, lambda level, line: heard.append((level, line)), from_start=False, every=0.02)
    with path.open("ab") as file:
        file.write(b"INFO 11-22 ready\n\n(Worker) WARNING slow \xff\nhalf")
        file.flush()
        time.sleep(0.3)
        assert heard == [(logging.INFO, "INFO 11-22 ready"), (logging.WARNING, "(Worker) WARNING slow \ufffd")]
        file.write(b" a line\n" + b"INFO many\n" * 1000 + b"ERROR broken\n")
    time.sleep(0.5)
    tail.stop()
    assert (logging.INFO, "half a line") in heard and heard[-1] == (logging.ERROR, "ERROR broken")
    assert len(heard) == LINES_A_MINUTE + 1, "a chatty server does not fill the run's log"
    path.write_bytes(b"anew\n")
    again: list[tuple[int, str]] = []
    tail = LogTail(path, lambda level, line: again.append((level, line)), from_start=True, every=60)
    tail.stop()
    assert again == [(logging.INFO, "anew")]
