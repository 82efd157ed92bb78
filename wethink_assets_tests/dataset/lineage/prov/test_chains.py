"""Chains rebuilt from exported PROV alone are those that `explain` tells, over many rows; `WETHINK_CHAIN_ROWS=10000` asks for so many."""

import json
import os
import random
import time
from pathlib import Path

import pytest

from wethink_assets.dataset.lineage.prov.chains import chain_of, chains_from
from wethink_assets.dataset.lineage.prov.export import export_prov
from wethink_assets.dataset.lineage.row import explain_row
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.stage_tables import Asked, Grower
from wethink_assets_tests.support.versions import cut

ROWS = int(os.environ.get("WETHINK_CHAIN_ROWS", "400"))
QUESTIONS, PICTURES = 10, 25


def words(rng: random.Random) -> str:
    return " ".join("".join(rng.choices("abcdefghijklmnoprstuvw", k=rng.randint(3, 9))) for _ in range(8))


@pytest.mark.long
@pytest.mark.timeout(0)
def test_no_chain_differs_from_what_explain_tells(local: Store, tmp_path: Path) -> None:
    rng = random.Random(0)
    grower = Grower(local)
    picture = 0
    for batch in range(-(-ROWS // (QUESTIONS * PICTURES))):
        pictures = []
        for _ in range(PICTURES):
            asked = [Asked(f"{words(rng)}?", words(rng)) for _ in range(QUESTIONS)]
            pictures.append((drawing(picture), asked))
            picture += 1
        grower.grow(f"coco.{batch + 1:06d}", pictures)
    cut(local)
    began = time.monotonic()
    done = export_prov(local, "v0001", tmp_path / "prov")
    exported = time.monotonic()
    assert done.rows >= ROWS
    differing = 0
    for chain in chains_from(tmp_path / "prov"):
        story = explain_row(local, chain["row_id"], "v0001")
        differing += json.loads(json.dumps(chain_of(story))) != chain
    print(
        f"{done.rows} rows, {done.files} files, {done.bytes} bytes in {exported - began:.1f} s; {differing} chains differ"
    )
    assert differing == 0
