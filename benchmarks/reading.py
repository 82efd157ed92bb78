"""Bytes and requests of commands that read a store on S3: `explain` of rows of a version, `explain --proof`, `versions`, and `verify` of a version.

    python benchmarks/reading.py [--rows 10000] [--images 60] [--versions 2] [--explained 5] [--state FOLDER] [--json]

A store of drawn batches with texts of some kilobytes a row is grown on the disk, versions are cut from it, and all of it is copied to a real S3
server (SeaweedFS); each command runs as its users run it, through a proxy that counts. Exit status 1 where `explain` reads more than 2 MB. With
`--state` the grown store is kept, and taken again by the next run.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from wethink_assets.identity import sha256_hex  # noqa: E402
from wethink_assets.sources import claims  # noqa: E402
from wethink_assets.storage.store import Store  # noqa: E402
from wethink_assets_tests.support.faulty_s3 import FaultyS3, faulty_s3  # noqa: E402
from wethink_assets_tests.support.images import drawing  # noqa: E402
from wethink_assets_tests.support.s3_server import KEY, SECRET, S3Server, s3_server  # noqa: E402
from wethink_assets_tests.support.stage_tables import Asked, Grower  # noqa: E402
from wethink_assets_tests.support.versions import cut  # noqa: E402

BOUND = 2_000_000
QUESTIONS = 5


def words(rng: random.Random, count: int) -> str:
    """So many random words."""
    return " ".join("".join(rng.choices("abcdefghijklmnoprstuvw", k=rng.randint(3, 9))) for _ in range(count))


def grow(folder: Path, rows: int, images: int, versions: int) -> None:
    """Batches of so many images with five questions each, until there are so many rows, and versions cut at equal shares of them."""
    rng, store = random.Random(0), Store.open(str(folder))
    grower, picture = Grower(store), 0
    batches = -(-rows // (images * QUESTIONS))
    for batch in range(batches):
        pictures = []
        for _ in range(images):
            asked = [Asked(f"{words(rng, 12)}?", words(rng, 3), reason=words(rng, 150)) for _ in range(QUESTIONS)]
            pictures.append((drawing(picture), asked))
            picture += 1
        name = f"coco.{batch + 1:06d}"
        grower.grow(name, pictures)
        for number, (data, _) in enumerate(pictures):
            claims.claim(
                store, sha256_hex(data), claims.Occurrence("coco", name, f"images/{number:04d}.png", "CC-BY-4.0")
            )
        if (batch + 1) * versions // batches > batch * versions // batches:
            cut(store)
        print(f"{batch + 1} of {batches} batches", file=sys.stderr, end="\r")


def copied(folder: Path, server: S3Server, prefix: str) -> int:
    """Copy a folder to a prefix of the server's bucket; returns its bytes."""
    client, total = server.client(), 0
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            total += len(data)
            client.put_object(Bucket=server.bucket, Key=f"{prefix}/{path.relative_to(folder)}", Body=data)
    return total


def measured(proxy: FaultyS3, project: Path, *arguments: str) -> dict[str, Any]:
    """One command, its status, and what it read."""
    proxy.clear()
    environment = {**os.environ, "DAGSTER_HOME": str(project / ".dagster"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "wethink_assets.cli", *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr[-500:]}")
    return {
        "command": " ".join(arguments[:1] + tuple(word for word in arguments[1:] if word.startswith("-"))),
        "requests": len(proxy.requests),
        "bytes": proxy.replied.total(),
        "by_folder": dict(by_folder(proxy).most_common(8)),
    }


def by_folder(proxy: FaultyS3) -> Counter[str]:
    """Bytes by folder of the store, and of tables by asset."""
    sizes: Counter[str] = Counter()
    for path, size in proxy.replied.items():
        parts = path.split("/")[3:]
        sizes["/".join(parts[: 2 if parts[:1] == ["tables"] else 1]) or "listings"] += size
    return sizes


def main() -> None:
    """Grow, copy, run, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--images", type=int, default=60, help="images of a batch")
    parser.add_argument("--versions", type=int, default=2)
    parser.add_argument("--explained", type=int, default=5, help="rows that are explained")
    parser.add_argument("--state", type=Path, help="folder that keeps the grown store")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rng = random.Random(1)
    scratch = tempfile.TemporaryDirectory()
    with scratch as place, s3_folder(args.state, place) as store_folder, s3_server(made(Path(place) / "s3")) as server:
        if not (store_folder / "versions").exists():
            grow(store_folder, args.rows, args.images, args.versions)
        total = copied(store_folder, server, "store")
        store = Store.open(str(store_folder))
        names = store.names("versions")
        ids = store.read_parquet(f"versions/{names[-1]}/rows.parquet")["row_id"].to_list()
        with faulty_s3(server.endpoint) as proxy:
            project = made(Path(place) / "project")
            (project / "wethink.toml").write_text(
                f'[store]\nurl = "s3://{server.bucket}/store"\n'
                f'[store.options]\nendpoint_url = "{proxy.endpoint}"\nkey = "{KEY}"\nsecret = "{SECRET}"\n'
            )
            rows = [measured(proxy, project, "explain", row) for row in rng.sample(ids, args.explained)]
            figures = [
                max(rows, key=lambda one: one["bytes"]),
                measured(proxy, project, "explain", ids[0], "--proof"),
                measured(proxy, project, "versions"),
                measured(proxy, project, "verify", names[-1]),
            ]
    result = {"store_bytes": total, "rows": len(ids), "versions": len(names), "figures": figures}
    print(json.dumps(result, indent=1) if args.json else shown(result))
    sys.exit(figures[0]["bytes"] > BOUND)


def shown(result: dict[str, Any]) -> str:
    """The figures as text."""
    lines = [
        f"a store of {result['store_bytes']:,} bytes, {result['versions']} versions, the last of {result['rows']:,} rows"
    ]
    for one in result["figures"]:
        folders = ", ".join(f"{name} {size:,}" for name, size in one["by_folder"].items())
        lines.append(f"{one['command']}: {one['requests']} requests, {one['bytes']:,} bytes ({folders})")
    return "\n".join(lines)


def s3_folder(state: Path | None, place: str) -> Any:
    """Where the grown store lies: the folder that keeps it, or one that goes with the rest."""
    return nullcontext(made(state if state else Path(place) / "store"))


def made(folder: Path) -> Path:
    """A folder, made if it was not there."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    main()
