"""Images/s of ingestion beside a bare loop and beside its peers, on photographs of 512 x 384 pixels.

    python benchmarks/ingest.py [--images 4000] [--json]

The bare loop does what no ingestion can do without: read a file, decode it in full with the fastest decoder at hand,
sha256, perceptual hash; on as many threads, and then processes, as there are cores, the better of the two counts. Ours also
registers nothing here, but checks the file against its registration, validates its structure, claims its content and writes
its bytes to the store; from 48 MB of images on (1,300 of these) in processes, whose start is in its figure. Two more loops on
threads say what that is worth: one also keeps the bytes as files, each written beside
its name and linked to it, which is the least that any ingestion does; the other has its pictures made smaller by Pillow before
they are hashed, as imagehash does, since ours has the same bits in a third of the time. Figures are wall time; on a busy
machine the share by CPU time says more. The peers, imagehash's loop and imagededup where it is installed, decode and hash only;
`datasets` casts, keeps the bytes and decodes.
"""

import argparse
import hashlib
import io
import json
import os
import resource
import statistics
import sys
import tempfile
import time
import types
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from support.photographs import SIZE, draw_photographs

from wethink_assets.sources.catalog import Source
from wethink_assets.sources.images.perceptual_hash import perceptual_hash
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.storage.store import Store


def pillow_grey(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.draft("L", image.size)
    image.load()
    return image


def opencv_grey(data: bytes) -> Image.Image:
    return Image.fromarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE))


def simplejpeg_grey(data: bytes) -> Image.Image:
    import simplejpeg

    return Image.fromarray(simplejpeg.decode_jpeg(data, colorspace="GRAY")[:, :, 0])


def fastest_decoder(sample: list[bytes]) -> Callable[[bytes], Image.Image]:
    """The decoder that takes least time on `sample`, of those installed."""
    times = {}
    for decoder in (pillow_grey, opencv_grey, simplejpeg_grey):
        try:
            decoder(sample[0])
        except ImportError:
            continue
        started = time.perf_counter()
        for data in sample:
            decoder(data)
        times[decoder] = time.perf_counter() - started
    return min(times, key=lambda decoder: times[decoder])


def bare(task: tuple[str, Callable[[bytes], Image.Image]]) -> tuple[str, str]:
    path, decoder = task
    data = Path(path).read_bytes()
    return hashlib.sha256(data).hexdigest(), perceptual_hash(decoder(data))


def keeping(task: tuple[str, Callable[[bytes], Image.Image], str]) -> str:
    """As `bare`, with the bytes kept as a file that nobody sees in part."""
    path, decoder, folder = task
    data = Path(path).read_bytes()
    perceptual_hash(decoder(data))
    target = f"{folder}/{hashlib.sha256(data).hexdigest()}"
    Path(f"{target}.part").write_bytes(data)
    os.link(f"{target}.part", target)
    os.unlink(f"{target}.part")
    return target


def plain(task: tuple[str, Callable[[bytes], Image.Image]]) -> tuple[str, str]:
    """As `bare`, with the picture made smaller by Pillow before its hash."""
    path, decoder = task
    data = Path(path).read_bytes()
    return hashlib.sha256(data).hexdigest(), perceptual_hash(decoder(data).resize((32, 32), Image.Resampling.LANCZOS))


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds for some work, those of processes that it started and ended among them."""
    started, used = time.perf_counter(), _cpu_seconds()
    work()
    return time.perf_counter() - started, _cpu_seconds() - used


def _cpu_seconds() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def bare_loop(pool: Executor, paths: list[str], decoder: Callable[[bytes], Image.Image]) -> tuple[float, float]:
    """Wall and CPU seconds of the bare loop on a pool that is warm."""
    tasks = [(path, decoder) for path in paths]
    list(pool.map(bare, tasks[:64], chunksize=8))
    return timed(lambda: list(pool.map(bare, tasks, chunksize=32)))


def ours(images: Path, work: Path, count: int) -> tuple[float, float]:
    """Wall and CPU seconds of `ingest_batch` into an empty store."""
    store = Store.open(str(work))
    source = Source("bench", "benchmark", "photographs", "", "", "CC0-1.0", location=str(images))
    (key,) = register_source(store, source, batch_size=count).batches
    outputs = []
    seconds = timed(lambda: outputs.append(ingest_batch(store, source, key)))
    assert outputs[0].results.height == count, outputs[0].reasons()
    return seconds


def imagededup(images: Path, count: int) -> float | None:
    """Images/s of imagededup's PHash with as many processes as cores, or None where it is not installed.

    Its package imports torchvision and matplotlib for what hashing does not need. These parts are left out, so that
    `pip install --no-deps imagededup PyWavelets tqdm` is enough and torch stays as it is.
    """
    left_out = {"methods.cnn": "CNN", "utils.plotter": "plot_duplicates", "utils.models": "CustomModel"}
    for module, name in left_out.items():
        sys.modules.setdefault(f"imagededup.{module}", types.SimpleNamespace(**{name: None}))  # type: ignore[arg-type]
    try:
        from imagededup.methods import PHash
    except ImportError:
        return None
    started = time.perf_counter()
    encodings = PHash(verbose=False).encode_images(str(images), num_enc_workers=os.cpu_count())
    assert len(encodings) == count
    return count / (time.perf_counter() - started)


def imagehash_loop(pool: Executor, paths: list[str]) -> float:
    """Images/s of imagehash.phash on files, as its users write it, on a pool of processes."""
    list(pool.map(_imagehash, paths[:64], chunksize=8))
    started = time.perf_counter()
    list(pool.map(_imagehash, paths, chunksize=32))
    return len(paths) / (time.perf_counter() - started)


def datasets_casting(images: Path, cache: Path, cores: int) -> float | None:
    """Images/s of `datasets`: a folder of files cast to a column of images, their bytes taken into its table, each decoded once.

    It keeps bytes as ingestion does, but hashes nothing and looks for no duplicates. None where it is not installed.
    """
    try:
        import datasets
    except ImportError:
        return None
    datasets.disable_progress_bars()
    paths = sorted(map(str, images.iterdir()))
    started = time.perf_counter()
    cast = datasets.Dataset.from_dict({"image": paths}).cast_column("image", datasets.Image())
    embed = datasets.table.embed_table_storage
    kept = cast.with_format("arrow").map(embed, batched=True, num_proc=cores, cache_file_name=str(cache / "kept.arrow"))
    with ProcessPoolExecutor(cores, initializer=_cast_into, initargs=(kept.with_format(None),)) as pool:
        decoded = sum(pool.map(_decoded, range(len(paths)), chunksize=32))
    assert decoded == len(paths)
    return len(paths) / (time.perf_counter() - started)


_CAST: list[Any] = []


def _cast_into(table: Any) -> None:
    _CAST.append(table)


def _decoded(row: int) -> bool:
    return _CAST[0][row]["image"].size[0] > 0


def _imagehash(path: str) -> str:
    import imagehash

    return str(imagehash.phash(Image.open(path)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=4000, help="number of images, at most 10000")
    parser.add_argument("--rounds", type=int, default=3, help="each figure is the median of so many rounds")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder, "images")
        images.mkdir()
        mean_size = draw_photographs(images, options.images)
        paths = sorted(map(str, images.iterdir()))
        decoder = fastest_decoder([Path(path).read_bytes() for path in paths[:100]])
        rounds: dict[str, list[tuple[float, float]]] = {"bare, threads": [], "bare, processes": [], "ours": []}
        rounds |= {"keeping, threads": [], "Pillow's hash, threads": []}
        with ThreadPoolExecutor(cores) as threads, ProcessPoolExecutor(cores) as processes:
            for number in range(options.rounds):
                tasks = [(path, decoder) for path in paths]
                Path(folder, f"kept{number}").mkdir()
                kept = [(*task, str(Path(folder, f"kept{number}"))) for task in tasks]
                rounds["keeping, threads"].append(timed(lambda kept=kept: list(threads.map(keeping, kept))))
                rounds["Pillow's hash, threads"].append(timed(lambda tasks=tasks: list(threads.map(plain, tasks))))
                rounds["bare, threads"].append(bare_loop(threads, paths, decoder))
                rounds["bare, processes"].append(bare_loop(processes, paths, decoder))
                rounds["ours"].append(ours(images, Path(folder, f"store{number}"), options.images))
            peers: dict[str, float | None] = {"imagehash": imagehash_loop(processes, paths)}
        figures = {
            name: options.images / statistics.median(wall for wall, _ in values) for name, values in rounds.items()
        }
        cpu = {name: statistics.median(used for _, used in values) for name, values in rounds.items()}
        peers["imagededup"] = imagededup(images, options.images)
        peers["datasets"] = datasets_casting(images, Path(folder), cores)
    best = max(figures["bare, threads"], figures["bare, processes"])
    report = {
        "images": options.images,
        "mean_bytes": round(mean_size),
        "cores": cores,
        "decoder": decoder.__name__,
        "images_per_second": {name: round(value, 1) for name, value in figures.items()},
        "peers_images_per_second": {name: round(value, 1) if value else None for name, value in peers.items()},
        "share_of_bare_loop": round(figures["ours"] / best, 3),
        "share_by_cpu_time": round(cpu["bare, threads"] / cpu["ours"], 3),
        "share_of_keeping_by_cpu_time": round(cpu["keeping, threads"] / cpu["ours"], 3),
        "share_of_pillows_hash_by_cpu_time": round(cpu["Pillow's hash, threads"] / cpu["ours"], 3),
        "peak_memory_of_a_process_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    if options.json:
        print(json.dumps(report, indent=2))
        return
    print(f"{report['images']} JPEGs of {SIZE[0]} x {SIZE[1]}, {report['mean_bytes']} bytes on average, {cores} cores")
    for name, value in figures.items():
        note = "" if name == "ours" else f" (decoder: {decoder.__name__})"
        used = f", {1000 * cpu[name] / options.images:.3f} ms of CPU each" if "processes" not in name else ""
        print(f"{name:22s} {value:8.1f} images/s{used}{note}")
    for name, value in peers.items():
        print(f"{name:22s} {f'{value:8.1f} images/s, each its share of the work' if value else 'not installed'}")
    print(f"ours / bare loop: {report['share_of_bare_loop']} (by CPU time: {report['share_by_cpu_time']})")
    print(
        f"by CPU time: {report['share_of_keeping_by_cpu_time']} of the loop that keeps, "
        f"{report['share_of_pillows_hash_by_cpu_time']} of the one with Pillow's hash"
    )
    print(f"peak memory {report['peak_memory_mb']} MB")


if __name__ == "__main__":
    main()
