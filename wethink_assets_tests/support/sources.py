"""Sources for tests, made of photographs and drawings: folders, archives of each kind, hostile archives."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.sources.batches import list_batches, read_membership, split_batch_key
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import Registration, register_source
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.closed_stages import require_stage_closed
from wethink_assets_tests.support.images import drawing


def source_at(location: object, name: str = "mine", **settings: Any) -> Source:
    """A configured source."""
    described = {"title": "Mine", "domain": "test", "homepage": "", "citation": "", "licence": "CC0-1.0"}
    return Source(name=name, location=str(location), **{**described, **settings})


def drawings(count: int, first: int = 0, folder: str = "train") -> dict[str, bytes]:
    """`count` different PNG files by path."""
    return {f"{folder}/{number:05d}.png": drawing(number) for number in range(first, first + count)}


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder


def zip_of(files: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for path, data in files.items():
            archive.writestr(zip_member(path, compression), data)
    return out.getvalue()


def zip_member(path: str, compression: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    """A member as `writestr` names it, but always of the same time, so that an archive has the same bytes at any time."""
    member = zipfile.ZipInfo(path)
    member.compress_type = compression
    member.external_attr = (0o40775 << 16) | 0x10 if path.endswith("/") else 0o600 << 16
    return member


def tar_of(files: Mapping[str, bytes], mode: str = "w", extra: tuple[tarfile.TarInfo, ...] = ()) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for member in extra:
            archive.addfile(member, io.BytesIO(bytes(member.size)))
        for path, data in files.items():
            member = tarfile.TarInfo(path)
            member.size, member.mtime = len(data), 1_700_000_000
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def split(data: bytes, name: str, size: int = 900) -> dict[str, bytes]:
    """The parts of an archive, as `split` of coreutils names them."""
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return {f"{name}.part-a{chr(97 + number)}": piece for number, piece in enumerate(pieces)}


def parquet_of(files: Mapping[str, bytes], row_group_size: int = 3) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    rows = [{"bytes": data, "path": path} for path, data in files.items()]
    table = pa.table({"question": ["what?"] * len(rows), "image": rows})
    pq.write_table(table, out, row_group_size=row_group_size)
    return out.getvalue()


def registered(store: Store, location: Path, batch_size: int = 3) -> Registration:
    """A source at a location, registered."""
    return register_source(store, source_at(location), batch_size)


def items(store: Store, source: str = "mine") -> list[str]:
    """Files of all batches of a source, in order."""
    return [item for key in list_batches(store, source) for item in read_membership(store, key)["item"]]


def ingest_all(store: Store, source: Source, batches: list[str] | None = None) -> StageOutput:
    """Ingest batches of a source, each checked to close; their tables one below the other."""
    outputs = []
    for key in batches if batches is not None else list_batches(store, source.name):
        assert split_batch_key(key)[0] == source.name
        output = ingest_batch(store, source, key)
        require_stage_closed("images", read_membership(store, key), output)
        outputs.append(output)
    return StageOutput(
        pl.concat([output.results for output in outputs]), pl.concat([output.rejections for output in outputs])
    )


def members(output: StageOutput) -> set[str]:
    """Members (or paths) of the items that became images."""
    return {item.rpartition("::")[2] for item in output.results["item"]}


def reasons_by_item(output: StageOutput) -> dict[str, str]:
    return dict(output.rejections.select("item", "reason").iter_rows())
