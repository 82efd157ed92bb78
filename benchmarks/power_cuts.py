"""Published records lost by power cuts: a store grows on a file system that drops what was not synced, and is opened as a cut leaves it.

    python benchmarks/power_cuts.py [--cuts 1000] [--seed 0] [--state FILE] [--unsynced] [--json]

A process registers and ingests batches, publishes stage tables and versions, journals calls and compacts journals, on a file system of FUSE that
notes every write, sync and name, in order (`support.volatile_files`). What is published is noted there too, as soon as it is. Then for each cut,
at a write drawn from all, what may be left is made on the disk, with none, all or some of the names and bytes that were not synced
(`support.power_cut_states`). Counted, and exit status 1 where there are any:

- records that were published before the cut and are gone or have other bytes;
- journaled calls that are gone;
- stores whose tables do not open, or on which, after 3 cuts of 30, the same work does not go on to the same tables.

With `--unsynced` nothing is synced, which shows that losses are seen. With `--state` the cuts done so far are kept in a file, and it goes on from
there. It needs Linux, FUSE and `pip install mfusepy`.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from support.power_cut_states import Change, Survivors, as_json, from_json, left_after

from wethink_assets.dataset.cuts.cut import Cut
from wethink_assets.dataset.cuts.decision import decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.models.chat import Completion
from wethink_assets.sources.batches import batch_path
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.claims import holder
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.stages.order import stage_names
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.journal.calls import Call, now
from wethink_assets.storage.journal.journal import Journal
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR, STORY
from wethink_assets_tests.support.stage_tables import Grower

ROUNDS = 3
IMAGES = 4  # a round
HERE = Path(__file__).parent
Noted = Callable[[str], None]


class Ingesting(Grower):
    """Grows batches of registered files."""

    source: Source

    def _images(self, batch: str, *_: Any) -> StageOutput:
        return ingest_batch(self.store, self.source, batch)


def grow(store: Store, pictures: Path, published: Noted) -> None:
    """The work, each step of which is skipped or gone on with where it is done already. Tells what is published, by path or `call <key>`."""
    source = Source("mine", "drawings", "drawings", "", "", "CC0-1.0", location=str(pictures))
    grower = Ingesting(store)
    grower.source = source
    for number in range(1, ROUNDS + 1):
        for place in range(IMAGES):
            picture = pictures / f"{number:02d}-{place}.png"
            if not picture.exists():
                picture.write_bytes(drawing(100 * number + place))
                os.utime(picture, (0, 0))  # the same file again when it goes on in another folder
    for number in range(1, ROUNDS + 1):
        register_source(store, source, batch_size=IMAGES)
        batch = f"mine.{number:06d}"
        published(batch_path(batch))
        data = [(pictures / f"{number:02d}-{place}.png").read_bytes() for place in range(IMAGES)]
        asked = [[COLOUR, CHOICE], [COLOUR, STORY]]
        grower.grow(batch, [(one, asked[place % 2]) for place, one in enumerate(data)])
        for asset in stage_names():
            commit = Tables(store).current(asset, batch)
            assert commit is not None
            published(f"tables/{asset}/{batch}/commits/{commit.number:06d}.json")
            for name in ("results", "rejections"):
                published(f"{commit.folder}/{name}.parquet")
        for one in data:
            image = hashlib.sha256(one).hexdigest()
            published(f"blobs/{image[:2]}/{image}.png")
            published(f"claims/{image[:2]}/{image}.json")
        journal_calls(store, batch, published)
        cut = decide_cut(store, CutRecipe())
        version = cut.version if isinstance(cut, Cut) else ""
        if version:
            published(f"cuts/{version}.json")
            build_version(store, version)
            for path in store.files(f"versions/{version}"):
                published(path)


def journal_calls(store: Store, batch: str, published: Noted) -> None:
    """Three flushes and a compaction."""
    journal = Journal(store, "answers", batch)
    for part in range(3):
        keys = [hashlib.sha256(f"{batch} {part} {n}".encode()).hexdigest() for n in range(4)]
        for key in keys:
            if journal.find(key) is None:
                reply = Completion(f"reply {key}", 3, 4, "stop", "m")
                journal.add(Call(key, "describer", "describe", "item", 0, reply, 0.5, now()))
        journal.flush()
        for key in keys:
            published(f"call {batch} {key}")
    journal.compact()
    journal.close()


def grow_noted(root: str, pictures: str) -> None:
    """`grow` in a store on the mounted file system; what is published is put into its log."""
    store = Store.open(f"{root}/store")

    def published(name: str) -> None:
        if not name.startswith("call "):
            name += f" {hashlib.sha256(store.read(name)).hexdigest()}"
        # A name has 255 bytes at most.
        os.path.exists(f"{root}/.noted-{name.encode().hex()}") if len(name) < 120 else _in_parts(root, name)

    grow(store, Path(pictures), published)


def _in_parts(root: str, name: str) -> None:
    parts = [name[start : start + 100] for start in range(0, len(name), 100)]
    for number, part in enumerate(parts):
        os.path.exists(f"{root}/.noted-{(part + ('+' if number < len(parts) - 1 else '')).encode().hex()}")


def joined(noted: list[str]) -> list[str]:
    """What was noted, put together from its parts; one that is not whole yet counts not."""
    whole, part = [], ""
    for one in noted:
        if one.endswith("+"):
            part += one[:-1]
        else:
            whole.append(part + one)
            part = ""
    return whole


def recorded(folder: Path, synced: bool) -> list[Change]:
    """The log of a process that grows a store."""
    mount, log, pictures = folder / "mount", folder / "log", folder / "pictures"
    mount.mkdir()
    pictures.mkdir()
    environ = {
        **os.environ,
        "WETHINK_SYNC": str(int(synced)),
        "PYTHONPATH": os.pathsep.join((str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", ""))),
    }
    serve = "import sys; from support.volatile_files import serve; serve(*sys.argv[1:])"
    server = subprocess.Popen([sys.executable, "-c", serve, str(mount), str(log)], env=environ)
    try:
        while not os.path.ismount(mount):
            if server.poll() is not None:
                raise SystemExit("no file system could be mounted: it needs FUSE and `pip install mfusepy`")
            time.sleep(0.05)
        grower = [sys.executable, str(HERE / "power_cuts.py"), "--grow", str(mount), "--pictures", str(pictures)]
        subprocess.run(grower, env=environ, check=True)
    finally:
        subprocess.run(["umount", str(mount)], check=False)
        server.wait(30)
    return from_json(json.loads(log.read_text()))


def tables_of(store: Store) -> dict[str, str]:
    """Data versions in force."""
    return {
        f"{asset}/{commit.batch}": commit.data_version
        for asset in stage_names()
        for commit in Tables(store).commits(asset)
    }


def after_cut(root: Path, noted: list[str], pictures: Path, expected: dict[str, str] | None) -> list[str]:
    """What is wrong with a store after a cut: records and calls lost, and work that does not go on."""
    faults, store = [], Store.open(str(root))
    calls: dict[str, Journal] = {}
    for record in noted:
        if record.startswith("call "):
            _, batch, key = record.split()
            journal = calls.setdefault(batch, Journal(store, "answers", batch))
            if journal.find(key) is None:
                faults.append(f"lost: {record}")
            continue
        path, sha256 = record.rsplit(" ", 1)
        data = store.read_if_present(path)
        if data is None or hashlib.sha256(data).hexdigest() != sha256:
            faults.append(f"{'lost' if data is None else 'altered'}: {path}")
    try:
        for asset in stage_names():
            for commit in Tables(store).commits(asset):
                Tables(store).load_commit(commit)
        if expected is not None:
            grow(store, pictures, lambda name: None)
            found = tables_of(store)
            faults += [
                f"other table after it went on: {name}" for name in expected if found.get(name) != expected[name]
            ]
            for picture in pictures.iterdir():
                image = hashlib.sha256(picture.read_bytes()).hexdigest()
                if holder(store, image) is None:
                    faults.append(f"nobody holds {picture.name} after it went on")
    except Exception as error:
        faults.append(f"it does not go on: {type(error).__name__}: {error}"[:500])
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cuts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--state", type=Path, help="file that keeps the cuts done so far")
    parser.add_argument("--go-on", type=int, default=30, help="the work goes on after 3 of so many cuts")
    parser.add_argument("--unsynced", action="store_true", help="the control: nothing is synced")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--grow", help=argparse.SUPPRESS)
    parser.add_argument("--pictures", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.grow:
        grow_noted(options.grow, options.pictures)
        return
    os.environ["WETHINK_SYNC"] = "0"  # of the stores that are checked
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.state and options.state.exists():
            began = json.loads(options.state.read_text())
            changes, done = from_json(began["log"]), began["done"]
        else:
            changes, done = recorded(folder, not options.unsynced), []
        pictures = folder / "pictures"
        pictures.mkdir(exist_ok=True)
        whole = folder / "whole"
        noted = joined(left_after(changes, "none", random.Random(0), whole))
        store = Store.open(str(whole / "store"))
        grow(store, pictures, lambda name: None)
        expected = tables_of(store)
        shutil.rmtree(whole)
        writes = [number for number, change in enumerate(changes) if change[0] != "noted"]
        while len(done) < options.cuts:
            number = len(done)
            chance = random.Random(options.seed * 1_000_003 + number)
            moment, survivors = chance.choice(writes) + 1, get_args(Survivors)[number % 3]
            target = folder / "cut"
            told = joined(left_after(changes[:moment], survivors, chance, target))
            goes_on = number % options.go_on < 3  # each choice of what survives
            faults = after_cut(target / "store", told, pictures, expected if goes_on else None)
            shutil.rmtree(target)
            done.append({"moment": moment, "survivors": survivors, "published": len(told), "faults": faults})
            if faults:
                print(f"cut {number} after {moment} changes, {survivors} survive: {faults[0]}", file=sys.stderr)
            if options.state and (number % 20 == 19 or len(done) == options.cuts):
                unfinished = options.state.with_name(f"{options.state.name}.writing")
                unfinished.write_text(json.dumps({"done": done, "log": as_json(changes)}))
                unfinished.replace(options.state)
    report = {
        "changes": len(writes),
        "syncs": sum(change[0].startswith("sync") for change in changes),
        "published": len(noted),
        "cuts": len(done),
        "moments": len({one["moment"] for one in done}),
        "cuts by what survives": dict(Counter(one["survivors"] for one in done)),
        "cuts with faults": sum(bool(one["faults"]) for one in done),
        "faults": dict(Counter(fault.split(":")[0] for one in done for fault in one["faults"])),
    }
    print(json.dumps(report, indent=1) if options.json else "\n".join(f"{k}: {v}" for k, v in report.items()))
    raise SystemExit(report["cuts with faults"] > 0)


if __name__ == "__main__":
    main()
