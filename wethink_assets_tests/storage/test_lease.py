"""Leases: one holder at a time, and a dead holder keeps nobody waiting; on a disk and on a real S3 server."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from wethink_assets.storage.lease import Holder, holder_is_gone, leased, process_start, this_boot
from wethink_assets.storage.store import Store


def _hold_in_turn(url: str, options: dict[str, object], name: str) -> None:
    store = Store.open(url, **options)
    for turn in range(3):
        with leased(store, "work", poll=0.02):
            assert store.create("inside", name.encode()), "two holders at once"
            time.sleep(0.02)
            store.delete("inside")
            store.create(f"done/{name}-{turn}", b"")


def test_processes_hold_a_lease_in_turn(store: Store) -> None:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(_hold_in_turn, store.url, dict(store.fs.storage_options), name) for name in "ab"]
        for job in jobs:
            job.result(100)
    assert len(store.names("done")) == 6
    assert len([name for name in store.names("work") if name.startswith("lease-")]) == 1


def test_a_second_thread_waits_until_the_first_is_done(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store.open(str(tmp_path))
    order: list[str] = []

    def second() -> None:
        with leased(store, "work", poll=0.02):
            order.append("second")

    with leased(store, "work"):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.3)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert f"worked on by process {os.getpid()}" in caplog.text


def test_the_lease_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, time; from wethink_assets.storage.lease import leased; from wethink_assets.storage.store import Store\n"
        "with leased(Store.open(sys.argv[1]), 'work'): print('held', flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stdout.close()
    began = time.monotonic()
    with leased(Store.open(str(tmp_path)), "work"):
        assert time.monotonic() - began < 2


def _elsewhere(heartbeat: float) -> Holder:
    return Holder(
        host="elsewhere", boot="b", process=1, process_start="1", acquired=0, heartbeat=heartbeat, expiry=heartbeat + 20
    )


def test_another_hosts_lease_is_taken_over_when_its_heartbeat_stands_still(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    store.publish("work/lease-00000007.json", _elsewhere(time.time() + 300).model_dump_json().encode())  # a fast clock
    began = time.monotonic()
    with leased(store, "work", stale=0.6, poll=0.05):
        assert 0.5 < time.monotonic() - began < 5
        assert store.names("work") == ["lease-00000008.json"]


def test_another_hosts_lease_that_was_left_long_ago_is_taken_over_at_once(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    store.publish("work/lease-00000001.json", _elsewhere(time.time() - 3600).model_dump_json().encode())
    began = time.monotonic()
    with leased(store, "work"):
        assert time.monotonic() - began < 2


def test_a_beating_heart_is_waited_for(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(0.1):
            store.publish("work/lease-00000001.json", _elsewhere(time.time()).model_dump_json().encode())

    store.publish("work/lease-00000001.json", _elsewhere(time.time()).model_dump_json().encode())
    thread = threading.Thread(target=beat)
    thread.start()
    got = threading.Event()

    def wait() -> None:
        with leased(store, "work", stale=0.6, poll=0.05):
            got.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert not got.wait(1.5)
    stop.set()
    assert got.wait(10)
    thread.join()
    waiter.join()


def test_a_holder_that_stood_still_learns_that_it_lost(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    with leased(store, "work", heartbeat=0.05) as lease:
        store.create("work/lease-00000099.json", _elsewhere(time.time()).model_dump_json().encode())
        deadline = time.monotonic() + 5
        while not lease.lost and time.monotonic() < deadline:
            time.sleep(0.02)
        assert lease.lost
    assert store.names("work")[-1] == "lease-00000099.json"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_an_unreadable_lease_is_waited_out(tmp_path: Path, content: bytes) -> None:
    store = Store.open(str(tmp_path))
    store.publish("work/lease-00000001.json", content)
    began = time.monotonic()
    with leased(store, "work", stale=0.2, poll=0.02) as lease:
        assert time.monotonic() - began >= 0.2
        lease.require()
    assert store.names("work") == ["lease-00000002.json"]


def test_a_reused_process_id_is_no_living_holder() -> None:
    mine = _elsewhere(time.time()).model_copy(
        update={"host": os.uname().nodename, "boot": this_boot(), "process": os.getpid()}
    )
    start = process_start(os.getpid())
    assert start
    assert not holder_is_gone(mine.model_copy(update={"process_start": start}))
    assert holder_is_gone(mine.model_copy(update={"process_start": "1"}))
    assert not holder_is_gone(_elsewhere(time.time()))
