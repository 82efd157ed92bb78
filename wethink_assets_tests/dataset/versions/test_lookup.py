"""A row is told from the look-up of its version as it is from the whole of its tables, and little else of the version is read."""

import json
import random
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from wethink_assets.dataset.cuts.cut import read_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.lineage.row import explain_row
from wethink_assets.dataset.lineage.row_lookup import row_verdicts
from wethink_assets.dataset.lineage.row_proof import prove_row
from wethink_assets.dataset.versions.lookup import BLOCKS, LINES, Blocks, LookUp, write_lookup
from wethink_assets.dataset.versions.manifest import LEAF_FILES
from wethink_assets.dataset.versions.rebuild import rebuild_version
from wethink_assets.dataset.versions.rows import EXCLUDED
from wethink_assets.errors import StoreError, VersionError
from wethink_assets.sources import claims
from wethink_assets.storage.ranges import read_columns
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.faulty_s3 import FaultyS3, faulty_s3
from wethink_assets_tests.support.s3_server import S3Server
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut, rows_of


@pytest.fixture
def proxy(s3: S3Server) -> Iterator[FaultyS3]:
    with faulty_s3(s3.endpoint) as proxy:
        yield proxy


@pytest.fixture
def far(local: Store, grower: Grower, s3: S3Server, proxy: FaultyS3) -> Store:
    """A store on S3 with two versions, read through a proxy that counts."""
    cut(local)
    cut(local, CutRecipe(kinds=("MC", "FIB")))
    far = Store.open(f"s3://{s3.bucket}/{uuid.uuid4().hex}", **s3.options | {"endpoint_url": proxy.endpoint})
    for image, path in rows_of(local, "v0001").select("image_id", "image_path").unique().iter_rows():
        claims.claim(local, image, claims.Occurrence("coco", "coco.000001", path, "MIT"))
    for path in (
        path for folder in ("tables", "versions", "cuts", "journal", "claims") for path in local.files(folder)
    ):
        far.publish(path, local.read(path))
    proxy.clear()
    return far


def asked_rows(store: Store) -> list[str]:
    return sorted({*rows_of(store, "v0001")["row_id"], *rows_of(store, "v0001", "excluded")["row_id"]})


@pytest.mark.slow
def test_what_is_told_is_what_the_whole_tables_say(local: Store, far: Store) -> None:
    (gone,) = rows_of(local, "v0001", "excluded").rows(named=True)
    rows = [gone["row_id"], gone["survivor"], rows_of(local, "v0001").filter(pl.col("kind") == "DES")["row_id"][0]]
    told = [explain_row(far, row) for row in rows]
    for version in ("v0001", "v0002"):
        far.delete(f"versions/{version}/{BLOCKS}")
    assert told == [explain_row(far, row) for row in rows] == [explain_row(local, row) for row in rows]
    assert told[1]["neighbours"] and told[0]["versions"][0]["survivor"]


def test_neither_tables_of_rows_nor_manifest_nor_cut_are_read(local: Store, far: Store, proxy: FaultyS3) -> None:
    row = asked_rows(local)[0]
    proxy.clear()
    explain_row(far, row)
    names = {request.path.rpartition("/")[2] for request in proxy.requests if request.method == "GET"}
    assert {LINES, BLOCKS} <= names
    assert not names & {"rows.parquet", "excluded.parquet", "wethink.jsonl", "v0001.json", "v0002.json"}


@pytest.mark.slow
def test_starts_of_ids_are_enough_where_they_fit_one(local: Store, far: Store) -> None:
    rows = asked_rows(local)
    for start in {row[:length] for row in rows for length in range(1, 4)}:
        if sum(row.startswith(start) for row in rows) == 1:
            assert {verdict.row_id[: len(start)] for verdict in row_verdicts(far, start)} == {start}
        else:
            with pytest.raises(VersionError, match=rf"{start} is the start of \d row ids"):
                row_verdicts(far, start)
    with pytest.raises(VersionError, match=r"^no row "):
        explain_row(far, "f" * 32)


@pytest.mark.parametrize("name", [LINES, BLOCKS])
def test_what_was_altered_is_not_given_out(local: Store, far: Store, name: str) -> None:
    path = f"versions/v0002/{name}"
    whole = far.read(path)
    row = asked_rows(local)[0]
    far.publish(path, whole.replace(b'"kept"', b'"cept"').replace(b'"v0002"', b'"v0001"'))
    with pytest.raises(VersionError, match=rf"{name} was altered since the version was built: `wethink verify v0002`"):
        explain_row(far, row)
    far.publish(path, whole[:200])
    with pytest.raises(VersionError, match=rf"{name}( is damaged| was altered)"):
        explain_row(far, row)


def test_lines_that_are_missing_are_named(local: Store, far: Store) -> None:
    far.delete(f"versions/v0002/{LINES}")
    with pytest.raises(VersionError, match=rf"{LINES} is missing"):
        explain_row(far, asked_rows(local)[0])


def test_both_files_are_rebuilt_to_the_byte(local: Store, grower: Grower) -> None:
    version = cut(local)
    files = rebuild_version(local, version).files
    assert files[LINES] == files[BLOCKS] == "bytes"


def drawn(folder: Path, rng: random.Random, rows: int, left_out: int) -> list[dict[str, Any]]:
    """Tables of random ids; what a look-up has to say of them."""
    ids = sorted({f"{rng.getrandbits(128):032x}" for _ in range(rows + left_out)})
    gone = set(rng.sample(ids, left_out))
    kept = [i for i in ids if i not in gone]
    place = {"slot": "i:MC:0", "batch": "coco.000001"}
    pl.DataFrame([{"row_id": i, **place} for i in kept]).write_parquet(folder / "rows.parquet")
    excluded = [{"row_id": i, **place, "reason": "over_cap", "survivor": rng.choice(kept)} for i in sorted(gone)]
    pl.DataFrame(
        [{name: row.get(name) for name in EXCLUDED.names()} for row in excluded], schema=EXCLUDED
    ).write_parquet(folder / "excluded.parquet")
    return [{"row_id": i} for i in kept] + excluded


@pytest.mark.parametrize("rows, left_out", [(1, 0), (63, 1), (64, 64), (3000, 500)])
def test_each_row_is_found_in_few_blocks(
    local: Store, grower: Grower, tmp_path: Path, rows: int, left_out: int
) -> None:
    rng, folder = random.Random(rows), tmp_path / "files"
    folder.mkdir()
    expected = drawn(folder, rng, rows, left_out)
    named = read_cut(local, cut(local))
    write_lookup(folder, named)
    local.publish_file(f"versions/v0009/{LINES}", folder / LINES)
    blocks = Blocks.model_validate_json((folder / BLOCKS).read_text()).blocks
    lookup = LookUp(local, "v0009", blocks)
    assert len(blocks) <= 2 * (rows + 2 * left_out) ** 0.5 + 2 + len(named.batches)
    for row in rng.sample(expected, min(len(expected), 60)):
        verdicts = [record["verdict"] for record in lookup.records(row["row_id"]) if "verdict" in record]
        assert verdicts == [row.get("reason", "kept")]
        favoured = sorted(record["left_out"] for record in lookup.records(row["row_id"]) if "left_out" in record)
        assert favoured == sorted(other["row_id"] for other in expected if other.get("survivor") == row["row_id"])
    assert {record["key"] for record in lookup.records("")} >= {row["row_id"] for row in expected}
    assert lookup.tables("coco.000002") == named.tables["coco.000002"]
    assert json.loads(json.dumps(lookup.records("~"))) == lookup.records("~")


def test_a_proof_from_far_away_is_that_of_the_whole(local: Store, far: Store) -> None:
    (gone,) = rows_of(local, "v0001", "excluded").rows(named=True)
    rows = (gone["row_id"], rows_of(local, "v0001")["row_id"][0])
    told = [prove_row(far, row, "v0001") for row in rows]
    far.delete(f"versions/v0001/{LEAF_FILES[0]}")  # as in versions of before
    assert told == [prove_row(far, row, "v0001") for row in rows] == [prove_row(local, row, "v0001") for row in rows]


def test_of_a_table_far_away_no_more_is_read_than_the_columns_asked_for(s3: S3Server, proxy: FaultyS3) -> None:
    store = Store.open(f"s3://{s3.bucket}/{uuid.uuid4().hex}", **s3.options | {"endpoint_url": proxy.endpoint})
    rng = random.Random(3)
    texts = [rng.randbytes(300).hex() for _ in range(3_000)]
    table = pl.DataFrame({"a": texts, "b": range(3_000), "c": texts[::-1]})
    store.write_parquet("t.parquet", table)
    proxy.clear()
    assert read_columns(store, "t.parquet", ["b"]).equals(table.select("b"))
    assert proxy.replied.total() < 100_000 < store.size("t.parquet") / 10  # a footer is asked for as 64 kB


def test_rows_that_name_another_image_prove_nothing(local: Store, far: Store) -> None:
    path = "versions/v0001/rows.parquet"
    far.delete(f"versions/v0001/{LEAF_FILES[0]}")
    rows = local.read_parquet(path)
    others = pl.col("image_path").str.replace("[0-9a-f]{64}", "0" * 64)
    far.write_parquet(path, rows.with_columns(others))
    with pytest.raises(VersionError, match="files that v0001 rests on are not those of which its root is"):
        prove_row(far, rows["row_id"][0], "v0001")
    far.publish(path, b"PAR1 no parquet PAR1")
    with pytest.raises((VersionError, StoreError), match=r"rows.parquet is damaged"):
        prove_row(far, rows["row_id"][0], "v0001")
