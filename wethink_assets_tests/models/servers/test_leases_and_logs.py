"""Who counts as a lessee, and what of a server's log reaches a run's."""

import logging
import os
import time
from pathlib import Path

from wethink_assets.models.servers.clients import Tenancy, read_lessees
from wethink_assets.models.servers.logs import LINES_A_MINUTE, LogTail
from wethink_assets.models.servers.runtime import Place
from wethink_assets.models.servers.spec import ServerSpec


def place_in(folder: Path) -> Place:
    return Place.of(ServerSpec(server="s", model="m", command=("true",), env={}), folder)


def test_a_lessee_counts_while_its_heartbeat_goes(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    tenancy = Tenancy(place, "a run", idle=7, heartbeat=0.05)
    time.sleep(0.3)
    present, gone, _ = read_lessees(place, stale=0.25)
    assert [lessee.who for lessee in present] == ["a run"] and not gone
    (path,) = place.lessees.glob("*.json")
    path.unlink()  # as a supervisor does with one that stood still
    time.sleep(0.3)
    assert path.exists(), "it comes back when its process goes on"
    tenancy.release()
    present, gone, idle = read_lessees(place)
    assert (present, gone, idle) == ([], [path], 7)


def test_a_heartbeat_that_stands_still_or_a_dead_process_ends_a_lease(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    tenancy = Tenancy(place, "a run", idle=0, heartbeat=60)
    (path,) = place.lessees.glob("*.json")
    os.utime(path, (time.time() - 100, time.time() - 100))
    assert read_lessees(place)[0] == []
    os.utime(path)
    text = path.read_text()
    path.write_text(text.replace(f'"process":{os.getpid()}', '"process":999999999'))
    assert read_lessees(place)[0] == [], "its process is not there"
    path.write_text(text.replace('"boot":"', '"boot":"another '))
    os.utime(path)
    assert len(read_lessees(place)[0]) == 1, "a process of another container cannot be looked at: its heartbeat counts"
    path.write_text("{")
    assert read_lessees(place)[1] == [path], "a damaged file holds nothing"
    tenancy.release()


def test_the_same_server_is_found_by_what_it_serves(tmp_path: Path) -> None:
    one = ServerSpec(server="s", model="m", command=("a", "b"), env={})
    assert one.model_copy(update={"server": "other name", "start_timeout": 5}).key == one.key
    for change in ({"command": ("a",)}, {"weights": "w"}, {"replica": 1}, {"share": 0.5}, {"env": {"A": "1"}}):
        assert one.model_copy(update=change).key != one.key


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
