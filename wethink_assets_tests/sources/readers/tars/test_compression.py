"""Compressed tars of several streams, and what stands between and behind them: no member of a later stream is lost without a word."""

import bz2
import gzip
import io
import lzma
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pytest

from wethink_assets.sources.readers.tars.compression import COMPRESSIONS, compression_of, unpacked_pieces
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.sources import drawings, registered, tar_of, write_files

FIRST, SECOND = drawings(4), drawings(9, 50)
ONE, TWO = tar_of(FIRST), tar_of(SECOND)
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda data: bytes(pyarrow.compress(data, "zstd", asbytes=True)),
    "lz4": lambda data: bytes(pyarrow.compress(data, "lz4", asbytes=True)),
}


def found(store: Store, folder: Path, form: str, data: bytes) -> tuple[int, list[str]]:
    outcome = registered(store, write_files(folder, {f"x.tar.{form}": data}), 100)
    assert {refusal.name for refusal in outcome.refusals} <= {f"x.tar.{form}"}
    return outcome.files, [refusal.detail for refusal in outcome.refusals]


@pytest.mark.parametrize("form", PACK)
@pytest.mark.parametrize("zeros", [1, 3, 512, 10_240])
def test_zeros_between_and_behind_streams_are_passed_over(form: str, zeros: int, local: Store, tmp_path: Path) -> None:
    """bsdtar fills its blocks up so (indexed_gzip#69)."""
    data = PACK[form](ONE) + bytes(zeros) + PACK[form](TWO) + bytes(zeros)
    assert found(local, tmp_path / "s", form, data) == (len(FIRST) + len(SECOND), [])


@pytest.mark.parametrize("form", PACK)
@pytest.mark.parametrize("zeros", [0, 700])
def test_what_is_no_stream_behind_one_is_named(form: str, zeros: int, local: Store, tmp_path: Path) -> None:
    second = PACK[form](TWO)
    for number, behind in enumerate((b"garbage", b"g", b"\xff" * 6 + second[6:], bytes(range(1, 256)) * 400)):
        data = PACK[form](ONE) + bytes(zeros) + behind
        files, details = found(local, tmp_path / f"s{number}", form, data)
        assert files == len(FIRST) and len(details) == 1
        assert "what follows its first 4 members cannot be read" in details[0]


@pytest.mark.parametrize("form", PACK)
def test_a_second_stream_that_was_cut_costs_none_of_the_first(form: str, local: Store, tmp_path: Path) -> None:
    second = PACK[form](TWO)
    for number, kept in enumerate((3, 5, 8, len(second) // 2, len(second) - 3)):
        files, details = found(local, tmp_path / f"s{number}", form, PACK[form](ONE) + second[:kept])
        assert files >= len(FIRST) and len(details) == 1, kept


@pytest.mark.parametrize(
    ("program", "form"),
    [("gzip", "gz"), ("bzip2", "bz2"), ("xz", "xz"), ("zstd", "zst"), ("lz4", "lz4")],
)
@pytest.mark.parametrize("level", ["-1", "-9"])
def test_what_the_programs_write_is_unpacked(program: str, form: str, level: str, tmp_path: Path) -> None:
    data = (ONE + bytes(300_000) + TWO) * 3
    path = tmp_path / "x"
    path.write_bytes(data)
    try:
        packed = subprocess.run([program, level, "-c", str(path)], capture_output=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip(f"{program} is not installed")
    assert compression_of(packed) in COMPRESSIONS
    for joined, whole in ((packed, data), (packed * 2, data * 2)):
        assert b"".join(unpacked_pieces(io.BytesIO(joined), compression_of(packed))) == whole
