"""PROV of a version is what its standard says and what `explain` says, is whole or absent, and holds hostile names as data."""

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import prov.tests
import pytest
from prov.model import ProvDocument

from wethink_assets.dataset.lineage.prov import export
from wethink_assets.dataset.lineage.prov.chains import chain_of, chains_from
from wethink_assets.dataset.lineage.prov.export import ProvExport, export_prov
from wethink_assets.dataset.lineage.row import explain_row
from wethink_assets.dataset.takedown.takedown import find_subject, take_down
from wethink_assets.errors import VersionError
from wethink_assets.identity import sha256_hex
from wethink_assets.sources import claims
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut

SCHEMA = json.loads((Path(prov.tests.__file__).parent / "schemas" / "prov-json.schema.json").read_text())
HOSTILE = 'a "b" <i>c</i>; {"$": "x"} wt:y \u202e\n%2e%2e/é.png'


def documents(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted(folder.rglob("*.json"))]


def differences(store: Store, folder: Path, version: str) -> dict[str, list[str]]:
    """By row: the parts of its chain that `explain` tells otherwise."""
    differing = {}
    for chain in chains_from(folder):
        told = json.loads(json.dumps(chain_of(explain_row(store, chain["row_id"], version))))
        names = [name for name in told.keys() | chain.keys() if told.get(name) != chain.get(name)]
        if names:
            differing[chain["row_id"]] = names
    return differing


@pytest.fixture
def exported(local: Store, grower: Grower, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ProvExport, Path]:
    monkeypatch.setattr(export, "CHUNK_ROWS", 2)
    local.create(f"prompts/{grower._prompt()}.md", b"Ask.")
    cut(local)
    return export_prov(local, "v0001", tmp_path / "prov"), tmp_path / "prov"


def test_chains_of_all_rows_are_those_that_explain_tells(local: Store, exported: tuple[ProvExport, Path]) -> None:
    done, folder = exported
    assert (done.rows, done.retracted, len(list(chains_from(folder)))) == (8, 0, 8)
    assert done.files > 4
    assert differences(local, folder, "v0001") == {}


@pytest.mark.parametrize(
    ("was", "now", "part"),
    [(b'"logic-1"', b'"logic-2"', "made_by"), (b'"wt:text_sha256":"', b'"wt:text_sha256":"0', "calls")],
)
def test_a_chain_that_differs_is_noticed(
    local: Store, exported: tuple[ProvExport, Path], was: bytes, now: bytes, part: str
) -> None:
    _, folder = exported
    path = sorted((folder / "rows").iterdir())[0]
    path.write_bytes(path.read_bytes().replace(was, now))
    assert {name for names in differences(local, folder, "v0001").values() for name in names} == {part}


def test_documents_are_valid_prov(exported: tuple[ProvExport, Path]) -> None:
    _, folder = exported
    validator = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
    merged = ProvDocument()
    for document in documents(folder):
        assert [error.message for error in validator.iter_errors(document)] == []
        read = ProvDocument.deserialize(content=json.dumps(document), format="json")
        assert len(list(read.get_records())) == sum(len(part) for name, part in document.items() if name != "prefix")
        merged.update(read)
    assert len({str(one.identifier) for one in merged.unified().get_records() if "row/" in str(one.identifier)}) == 8


def test_files_are_proved_by_their_sums(exported: tuple[ProvExport, Path]) -> None:
    _, folder = exported
    done = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_hostile_names_of_files_are_data(local: Store, grower: Grower, tmp_path: Path) -> None:
    cut(local)
    image = sha256_hex(drawing(1))
    claims.claim(local, image, claims.Occurrence("coco", "coco.000001", HOSTILE, HOSTILE))
    claims.note(local, image, claims.Occurrence("vg", "vg.000001", HOSTILE, "MIT"))
    export_prov(local, "v0001", tmp_path / "prov")
    assert differences(local, tmp_path / "prov", "v0001") == {}
    files = [chain["files"] for chain in chains_from(tmp_path / "prov") if len(chain["files"]) == 2]
    assert files[0][0] == {"source": "coco", "batch": "coco.000001", "item": HOSTILE, "licence": HOSTILE}
    for document in documents(tmp_path / "prov"):
        ProvDocument.deserialize(content=json.dumps(document), format="json")


def test_replies_that_are_gone_are_said_to_be(local: Store, grower: Grower, tmp_path: Path) -> None:
    cut(local)
    local.delete("journal/questions")
    export_prov(local, "v0001", tmp_path / "prov")
    assert differences(local, tmp_path / "prov", "v0001") == {}
    assert all("missing" in call for chain in chains_from(tmp_path / "prov") for call in chain["calls"]["questions"])


def test_rows_that_were_taken_down_are_left_out(local: Store, grower: Grower, tmp_path: Path) -> None:
    cut(local)
    take_down(local, find_subject(local, sha256_hex(drawing(1))), "asked for")
    done = export_prov(local, "v0001", tmp_path / "prov")
    assert (done.rows, done.retracted) == (6, 2)
    assert not any(sha256_hex(drawing(1)) in path.read_text() for path in (tmp_path / "prov").rglob("*.json"))


def test_a_folder_is_there_when_all_of_it_is(local: Store, grower: Grower, tmp_path: Path) -> None:
    cut(local)
    local.delete("tables/answers/coco.000002")
    with pytest.raises(Exception, match="answers"):
        export_prov(local, "v0001", tmp_path / "prov")
    assert [path.name for path in tmp_path.iterdir() if "prov" in path.name] == []
    (tmp_path / "prov").mkdir()
    (tmp_path / "prov" / "mine.txt").write_text("mine")
    with pytest.raises(VersionError, match="not empty"):
        export_prov(local, "v0001", tmp_path / "prov")
