"""Tracebacks and unforeseen ends of `wethink` under faults: every command, on disks, mounts and S3 services that fail in every way.

    python benchmarks/faults.py [--faults denied,full,...] [--commands cut,export,...] [--seconds 8] [--sample N --seed S] [--state FILE]
        [--json]

The commands are read from the application, so a new one is among them. A project of two versions, a policy and an unregistered picture lies on a
file system of FUSE (`support.faulty_files`) that fails at the store, at Dagster's databases, at the configuration or everywhere. Counted, and exit
status 1 where there are any: tracebacks, failures that nobody foresaw, failures without a sentence, commands without an end. With `--state` the
combinations done so far are kept in a file, and the same call goes on from there; with `--sample` so many are drawn at random. It needs Linux, FUSE
and `pip install mfusepy`.
"""

import argparse
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from wethink_assets_tests.support.every_command import (
    Commands,
    Ended,
    command_names,
    configure,
    forked_commands,
    make_home,
)
from wethink_assets_tests.support.s3_server import free_port, s3_server

HERE = Path(__file__).parent
ON_DISK = (
    "none",
    "read-only",
    "full",
    "filling.data",
    "quota.data",
    "denied",
    "denied.data",
    "denied.wethink.toml",
    "denied.pictures",
    "unwritable.data",
    "unwritable..dagster",
    "faulty.data",
    "faulty-writes.data",
    "faulty..dagster",
    "faulty-writes..dagster",
    "stale.data",
    "silent.data",
    "missing.data",
    "missing..dagster",
    "missing.pack",
    "file.data",
    "file..dagster",
    "no-text.data",
    "no-text.wethink.toml",
    "no-text.dagster.yaml",
    "no-text.pack",
)
ON_S3 = ("refused", "silent", "unknown host", "wrong secret", "unknown key", "no credentials", "no bucket")


@contextmanager
def mounted(below: Path, mount: Path) -> Iterator[None]:
    """The folder `below`, seen at `mount` through the file system that fails."""
    mount.mkdir()
    program = f"from support.faulty_files import serve; serve({str(below)!r}, {str(mount)!r})"
    with subprocess.Popen([sys.executable, "-c", program], cwd=HERE) as process:
        until = time.monotonic() + 20
        while not os.path.ismount(mount):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit("no file system could be mounted: it needs FUSE and `pip install mfusepy`")
            time.sleep(0.05)
        try:
            yield
        finally:
            begin("none", mount)
            subprocess.run(["fusermount", "-u", "-z", str(mount)], check=False)
            process.wait(20)


def begin(fault: str, mount: Path) -> None:
    """Let a fault begin."""
    os.path.lexists(mount / f".fault-{fault}")


def restore(kept: Path, folder: Path) -> None:
    """A folder as it was."""
    for entry in folder.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    shutil.copytree(kept, folder, dirs_exist_ok=True)


def on_disk(
    folder: Path, faults: list[str], commands: list[str], done: set[str], seconds: float
) -> Iterator[tuple[str, Ended]]:
    """Each command under each fault of a disk."""
    kept, below, mount = folder / "kept", folder / "below", folder / "mount"
    kept.mkdir()
    below.mkdir()
    names = make_home(kept)
    with mounted(below, mount), forked_commands(names) as run:
        for fault in faults:
            begin("none", mount)
            restore(kept, below)
            yield from _each(fault, run, mount, commands, done, seconds)


def on_s3(
    folder: Path, faults: list[str], commands: list[str], done: set[str], seconds: float
) -> Iterator[tuple[str, Ended]]:
    """Each command on a service of S3 that refuses in each way."""
    home = folder / "on-s3"
    (folder / "server").mkdir()
    home.mkdir()
    with s3_server(folder / "server") as server, socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"s3://{server.bucket}/store"
        names = make_home(home, url, server.options)
        wrong: dict[str, tuple[str, dict[str, Any]]] = {
            "refused": (url, {"endpoint_url": f"http://127.0.0.1:{free_port()}"}),
            "silent": (url, {"endpoint_url": f"http://127.0.0.1:{silent.getsockname()[1]}"}),
            "unknown host": (url, {"endpoint_url": "http://no-such-host.invalid"}),
            "wrong secret": (url, {"secret": "wrong"}),
            "unknown key": (url, {"key": "unknown"}),
            "no credentials": (url, {"key": None, "secret": None}),
            "no bucket": ("s3://no-such-bucket/store", {}),
        }
        with forked_commands(names) as run:
            for fault in faults:
                at, changed = wrong[fault]
                options = {name: value for name, value in {**server.options, **changed}.items() if value is not None}
                configure(home, at, options)
                yield from _each(f"S3: {fault}", run, home, commands, done, seconds)


def _each(
    fault: str, run: Commands, home: Path, commands: list[str], done: set[str], seconds: float
) -> Iterator[tuple[str, Ended]]:
    for command in commands:
        if f"{fault}/{command}" not in done:
            begin("none" if fault.startswith("S3") else fault, home)  # space for so many bytes anew
            yield fault, run.run(command, home, seconds, AWS_EC2_METADATA_DISABLED="true", WETHINK_SYNC="1")


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__), formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", default=",".join((*ON_DISK, *(f"S3: {name}" for name in ON_S3))))
    parser.add_argument("--commands", default=",".join(command_names()))
    parser.add_argument("--seconds", type=float, default=8.0, help="that a command may train, serve or ask models")
    parser.add_argument("--sample", type=int, help="how many combinations, drawn at random; all by default")
    parser.add_argument("--seed", type=int, default=0, help="of the drawing")
    parser.add_argument("--state", type=Path, help="file in which the combinations done are kept")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    faults, commands = arguments.faults.split(","), arguments.commands.split(",")
    disk, services = (
        [one.removeprefix("S3: ") for one in faults if one.startswith("S3: ") is s3] for s3 in (False, True)
    )
    told = _kept(arguments.state)
    done = {f"{one['fault']}/{one['command']}" for one in told}
    if arguments.sample is not None:
        pairs = [f"{fault}/{command}" for fault in faults for command in commands]
        drawn = random.Random(arguments.seed).sample(pairs, min(arguments.sample, len(pairs)))
        done |= set(pairs).difference(drawn)
    with tempfile.TemporaryDirectory() as name:
        for chosen, work in ((disk, on_disk), (services, on_s3)):
            for fault, ended in work(Path(name), chosen, commands, done, arguments.seconds) if chosen else ():
                told.append({"fault": fault, **asdict(ended), "complaints": ended.complaints()})
                if told[-1]["complaints"]:
                    print(f"{fault} / {ended.command}: {'; '.join(ended.complaints())}", file=sys.stderr, flush=True)
                if arguments.state:
                    with arguments.state.open("a") as file:
                        file.write(json.dumps(told[-1]) + "\n")
    wrong = [one for one in told if one["complaints"]]
    summary = {
        "combinations": len(told),
        "commands": len({one["command"] for one in told}),
        "faults": len({one["fault"] for one in told}),
        "exit codes": dict(Counter(str(one["code"]) for one in told)),
        "wrong": len(wrong),
        "tracebacks": sum("Traceback" in one["errors"] for one in wrong),
    }
    print(
        json.dumps(summary, indent=1) if arguments.json else "\n".join(f"{key}: {one}" for key, one in summary.items())
    )
    sys.exit(bool(wrong))


def _kept(state: Path | None) -> list[dict[str, Any]]:
    return [json.loads(line) for line in state.read_text().splitlines()] if state and state.exists() else []


if __name__ == "__main__":
    main()
