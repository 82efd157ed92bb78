"""Clients of a server: who counts as one, and for how long."""

import os
import time
from pathlib import Path

from wethink_assets.models.servers.clients import ClientLease, read_clients
from wethink_assets.models.servers.runtime import ReplicaFolder
from wethink_assets.models.servers.spec import ServerSpec


def replica_folder(folder: Path) -> ReplicaFolder:
    return ReplicaFolder.of(ServerSpec(server="s", model="m", command=("true",), env={}), folder)


def test_a_client_counts_while_its_heartbeat_goes(tmp_path: Path) -> None:
    folder = replica_folder(tmp_path)
    lease = ClientLease(folder, "a run", idle=7, heartbeat=0.05)
    time.sleep(0.3)
    present, gone, _ = read_clients(folder, stale=0.25)
    assert [client.who for client in present] == ["a run"] and not gone
    (path,) = folder.clients.glob("*.json")
    path.unlink()  # as a supervisor does with one that stood still
    time.sleep(0.3)
    assert path.exists(), "it comes back when its process goes on"
    lease.release()
    present, gone, idle = read_clients(folder)
    assert (present, gone, idle) == ([], [path], 7)


def test_a_heartbeat_that_stands_still_or_a_dead_process_ends_a_lease(tmp_path: Path) -> None:
    folder = replica_folder(tmp_path)
    lease = ClientLease(folder, "a run", idle=0, heartbeat=60)
    (path,) = folder.clients.glob("*.json")
    os.utime(path, (time.time() - 100, time.time() - 100))
    assert read_clients(folder)[0] == []
    os.utime(path)
    text = path.read_text()
    path.write_text(text.replace(f'"process":{os.getpid()}', '"process":999999999'))
    assert read_clients(folder)[0] == [], "its process is not there"
    path.write_text(text.replace('"boot":"', '"boot":"another '))
    os.utime(path)
    assert len(read_clients(folder)[0]) == 1, "a process of another container cannot be looked at: its heartbeat counts"
    path.write_text("{")
    assert read_clients(folder)[1] == [path], "a damaged file holds nothing"
    lease.release()
