"""Pages that are written: complete or absent, each address leads to a file, texts are in no page's structure."""

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from wethink_assets.dataset.browse.collection import collection_of
from wethink_assets.dataset.browse.index import BrowseIndex
from wethink_assets.dataset.browse.written import WrittenPages, write_pages
from wethink_assets.errors import StoreError
from wethink_assets.plain_text import visible
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.browse.test_server import ATTRIBUTES, TAGS, Structure
from wethink_assets_tests.support.browsed import hostile_store
from wethink_assets_tests.support.hostile_texts import HOSTILE
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import built

SOME = (*HOSTILE[:3], HOSTILE[13], *HOSTILE[22:27])


def written(store: Store, folder: Path) -> WrittenPages:
    folder.mkdir(exist_ok=True)
    collection = collection_of(store)
    return write_pages(collection, BrowseIndex.build(collection, folder), folder / "pages")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages of hostile texts."""
    folder = tmp_path_factory.mktemp("pages")
    written(hostile_store(folder / "store", SOME), folder)
    return folder / "pages"


def test_every_address_leads_to_a_file(pages: Path) -> None:
    count = 0
    for page in pages.rglob("*.html"):
        for address in Structure(page.read_text()).addresses - {"", "data:,", "#main"}:
            target = (page.parent / unquote(address)).resolve()
            assert target.is_file(), (page, address)
            assert target.is_relative_to(pages)
            count += 1
    assert count > 50


def test_hostile_texts_stay_texts(pages: Path) -> None:
    for page in pages.rglob("*.html"):
        text = page.read_text()
        structure = Structure(text)
        assert structure.tags <= TAGS | {"template", "noscript"}
        assert structure.attributes <= ATTRIBUTES | {"http-equiv"}
        assert text.count("<script") == (3 if page.name == "index.html" else 1)
        assert "script-src &#39;self&#39;" in text


def test_data_are_json_without_a_character_of_html(pages: Path) -> None:
    scripts = sorted((pages / "data").iterdir())
    assert [script.name for script in scripts] == ["facets.js", "rows-0.js"]
    for script in scripts:
        text = script.read_text(encoding="ascii")
        assert not set(text) & set("<>&")
    rows = json.loads(re.fullmatch(r"wethinkRows\(0, (.*)\);\n", scripts[1].read_text()).group(1))  # type: ignore[union-attr]
    assert {visible(text) for text in SOME} <= {row["question"] for row in rows}
    facets = json.loads(scripts[0].read_text().removeprefix("window.wethinkFacets = ").removesuffix(";\n"))
    assert facets["total"] == len(rows) == len(facets["facets"]["source"]["rows"])


def test_a_damaged_image_leaves_no_folder(local: Store, grower: Grower, tmp_path: Path) -> None:
    built(local)
    blob = local.read_parquet("versions/v0001/rows.parquet")["image_path"][-1]
    local.publish(blob, b"no image")
    with pytest.raises(StoreError, match="was altered"):
        written(local, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["rows.sqlite"]
