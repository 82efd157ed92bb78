"""Layout of the sample images: the folders of the 18 sources as in the LLaVA-CoT-100k archive, and their scene graphs apart from them."""

import hashlib
import io
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from wethink_assets.sources.sample.rendering import render
from wethink_assets.sources.sample.scenes import Scene, VisualKind, draw_scene, scene_from_json
from wethink_assets.storage.local_files import replace_file

TRUTH = "truth/scene_graphs.jsonl"
SIZES = (96, 112, 128, 144, 160, 192, 224, 240)


@dataclass(frozen=True, slots=True)
class SampleSource:
    """How one source's stand-in is drawn.

    folders: below `images/`, used in turn; name: file name without suffix, from the number; formats: used in turn.
    """

    name: str
    folders: tuple[str, ...]
    file_name: str
    kinds: tuple[VisualKind, ...]
    formats: tuple[str, ...]


SAMPLE_SOURCES: tuple[SampleSource, ...] = (
    SampleSource("ai2d", ("ai2d/images",), "{:d}", ("figure",), ("png",)),
    SampleSource("chartqa", ("chartqa/train/png",), "chart_{:08d}", ("chart",), ("png",)),
    SampleSource("CLEVR_v1.0", ("CLEVR_v1.0/images/train",), "CLEVR_train_{:06d}", ("shapes",), ("png",)),
    SampleSource("coco", ("coco/train2017",), "{:012d}", ("shapes",), ("jpg",)),
    SampleSource("docvqa", ("docvqa/train/documents",), "doc_{:06d}", ("text",), ("png-grey", "tif-grey")),
    SampleSource("geoqa+", ("geoqa+/images",), "{:d}", ("figure",), ("gif", "png")),
    SampleSource("gqa", ("gqa/images",), "{:d}", ("shapes",), ("jpg",)),
    SampleSource(
        "llava", ("llava/llava_pretrain/images",), "{:09d}", ("shapes", "figure", "chart", "text"), ("jpg", "png")
    ),
    SampleSource("ocr_vqa", ("ocr_vqa/images",), "{:010d}", ("text",), ("jpg", "gif")),
    SampleSource("pisc", ("pisc/image",), "{:05d}", ("shapes",), ("jpg",)),
    SampleSource("sam", ("sam/images",), "sa_{:06d}", ("shapes",), ("jpg",)),
    SampleSource("share_textvqa", ("share_textvqa/images",), "{:016x}", ("text",), ("jpg", "webp")),
    SampleSource("sqa", ("sqa/train",), "question_{:05d}", ("figure", "chart"), ("png",)),
    SampleSource("textvqa", ("textvqa/train_images",), "{:016x}", ("text",), ("jpg",)),
    SampleSource("vg", ("vg/VG_100K", "vg/VG_100K_2"), "{:d}", ("shapes",), ("jpg",)),
    SampleSource("web-celebrity", ("web-celebrity/images",), "person_{:05d}", ("shapes", "figure"), ("webp", "jpg")),
    SampleSource("web-landmark", ("web-landmark/images",), "place_{:05d}", ("shapes", "chart"), ("webp",)),
    SampleSource("wikiart", ("wikiart/images",), "painting_{:05d}", ("shapes",), ("tif", "png")),
)
assert len(SAMPLE_SOURCES) == 18


@dataclass(frozen=True, slots=True)
class SampleReport:
    """What `draw_samples` did: images in all, by source, visual kind and format, how many are hard, and where they lie."""

    directory: str
    images: int
    hard: int
    by_source: dict[str, int]
    by_kind: dict[str, int]
    by_format: dict[str, int]


@dataclass(frozen=True, slots=True)
class SampleImage:
    """One drawn image: its source, its path below the sample directory, its bytes and what it shows."""

    source: str
    path: str
    data: bytes
    scene: Scene


def draw_image(seed: int, source: SampleSource, number: int, hard_share: float = 0.25) -> SampleImage:
    """Draw image `number` of a source. It depends on nothing but the arguments."""
    key = hashlib.sha256(f"{seed}/{source.name}/{number}".encode()).digest()
    rng = random.Random(int.from_bytes(key[:8], "big"))
    hard = rng.random() < hard_share
    scene = draw_scene(rng, source.kinds[number % len(source.kinds)], hard=hard)
    image = render(scene, rng, rng.choice(SIZES), oversample=2)
    form = source.formats[number // len(source.kinds) % len(source.formats)]
    suffix = form.split("-")[0]
    folder = source.folders[number % len(source.folders)]
    path = f"images/{folder}/{source.file_name.format(number + 1)}.{suffix}"
    return SampleImage(source.name, path, encode(image, form), scene)


def encode(image: Image.Image, form: str) -> bytes:
    """Bytes of an RGB picture in a format: `jpg`, `png`, `webp`, `gif` (palette), `tif`, or one of them with `-grey`."""
    suffix, _, grey = form.partition("-")
    if grey:
        image = image.convert("L")
    out = io.BytesIO()
    match suffix:
        case "jpg":
            image.save(out, "JPEG", quality=92)
        case "webp":
            image.save(out, "WEBP", quality=90, method=2)
        case "gif":
            image.quantize(128, dither=Image.Dither.NONE).save(out, "GIF")
        case "tif":
            image.save(out, "TIFF", compression="tiff_lzw")
        case _:
            image.save(out, "PNG")
    return out.getvalue()


def plan(images: int) -> Iterator[tuple[SampleSource, int]]:
    """Source and number within the source of each of `images` images: the sources take turns."""
    for index in range(images):
        yield SAMPLE_SOURCES[index % len(SAMPLE_SOURCES)], index // len(SAMPLE_SOURCES)


def draw_samples(
    directory: str | Path,
    images: int,
    seed: int,
    hard_share: float = 0.25,
    on_image: Callable[[str], None] | None = None,
) -> SampleReport:
    """Draw images over all 18 source folders below `directory/images`, scene graphs in `directory/truth`.

    The same arguments give the same bytes; a larger `images` adds images and leaves the others as they are. Scene graphs of images
    drawn earlier into the same directory are kept.

    Args:
        hard_share: share of pictures made hard to read, 0 to 1.
        on_image: called with the source's name after each image.
    """
    if images < 0 or not 0 <= hard_share <= 1:
        raise ValueError(f"images must not be negative and hard_share lies in 0..1, not {images} and {hard_share}")
    root = Path(directory)
    truth = root / TRUTH
    lines: dict[str, dict[str, Any]] = {}
    if truth.exists():
        lines = {entry["path"]: entry for entry in map(json.loads, truth.read_text().splitlines())}
    sources: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    forms: Counter[str] = Counter()
    hard = 0
    for source, number in plan(images):
        sample = draw_image(seed, source, number, hard_share)
        target = root / sample.path
        if not target.exists() or target.read_bytes() != sample.data:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(sample.data)
        digest = hashlib.sha256(sample.data).hexdigest()
        lines[sample.path] = {
            "sha256": digest,
            "path": sample.path,
            "source": source.name,
            "scene": sample.scene.as_json(),
        }
        sources[source.name] += 1
        kinds[sample.scene.kind] += 1
        forms[target.suffix[1:]] += 1
        hard += sample.scene.hard
        if on_image:
            on_image(source.name)
    truth.parent.mkdir(parents=True, exist_ok=True)
    (root / "images").mkdir(exist_ok=True)
    replace_file(truth, "".join(json.dumps(lines[path], sort_keys=True) + "\n" for path in sorted(lines)).encode())
    return SampleReport(str(directory), images, hard, dict(sources), dict(kinds), dict(forms))


def read_scene_graphs(directory: str | Path) -> dict[str, Scene]:
    """Scene of each sample image by the sha256 of its bytes. For audits only: no stage of the pipeline calls this."""
    lines = (Path(directory) / TRUTH).read_text().splitlines()
    return {entry["sha256"]: scene_from_json(entry["scene"]) for entry in map(json.loads, lines)}
