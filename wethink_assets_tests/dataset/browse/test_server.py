"""Pages as they are served: what each shows, what it refuses, and that no text becomes HTML."""

import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, urlencode

import polars as pl
import pytest
from PIL import Image

from wethink_assets.dataset.browse.server import listening
from wethink_assets.dataset.takedown.takedown import find_subject, take_down
from wethink_assets.errors import ConfigError
from wethink_assets.plain_text import visible
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.browsed import Served, hostile_store, served
from wethink_assets_tests.support.hostile_texts import HOSTILE
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR, STORY
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import built, name_file, rows_of

TAGS = set(
    re.findall(
        r"\S+",
        "html head meta title link script body a header nav strong button main h1 h2 form label input select option span p section article img "
        "div ol ul li bdi code footer kbd dl dt dd figure figcaption details summary",
    )
)
ATTRIBUTES = set(
    re.findall(
        r"\S+",
        "lang data-root charset name content rel href src defer class id type aria-label aria-current hidden tabindex method action role value "
        "placeholder autocomplete selected data-field alt loading dir open",
    )
)


class Structure(HTMLParser):
    """Tags, attributes and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses |= {value or "" for name, value in attrs if name in ("href", "src", "action")}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Pages whose texts are hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    with served(hostile_store(folder / "store"), folder / "scratch") as site:
        yield site


@pytest.fixture
def site(local: Store, grower: Grower, tmp_path: Path) -> Iterator[Served]:
    """Pages of a version of three batches, of which one row is left out as a duplicate."""
    built(local)
    with served(local, tmp_path / "scratch") as running:
        yield running


def require_own(page: str) -> Structure:
    """A page that has no tag, attribute or address but those of the templates."""
    structure = Structure(page)
    assert structure.tags <= TAGS
    assert structure.attributes <= ATTRIBUTES
    own = ("/row/", "/image/", "/assets/", "/duplicates", "/?", "#main", "data:,")
    assert {address for address in structure.addresses if address != "/" and not address.startswith(own)} == set()
    assert page.count("<script") == 1
    return structure


def test_hostile_texts_stay_texts_in_lists(hostile: Served) -> None:
    structure = require_own(hostile.get("/").text)
    texts = set(structure.texts)
    assert {text for text in HOSTILE if visible(text) not in texts} == set()
    require_own(hostile.get("/duplicates").text)


def test_hostile_texts_stay_texts_in_stories(hostile: Served) -> None:
    for row in list(hostile.index.all_rows())[::4]:
        structure = require_own(hostile.get(f"/row/{row['row_id']}").text)
        assert structure.texts.count(visible(row["question"])) >= 3  # heading, question as asked for, reply
        assert "The story cannot be told" not in "".join(structure.texts)


def test_hostile_filters_stay_texts(hostile: Served) -> None:
    for text in HOSTILE:
        for name in ("q", "source", "ability", "page", "pass_rate_from", text):
            response = hostile.get(f"/?{urlencode({name: text})}")
            assert response.status in (200, 400), (name, text)
            require_own(response.text)
        assert hostile.get(f"/row/{quote(text[:500], safe='')}").status == 404, text


def test_values_of_facets_that_cannot_be_typed_are_found(hostile: Served) -> None:
    for value, count in hostile.index.counts["ability"].items():
        status = Structure(hostile.get(f"/?{urlencode({'ability': value})}").text).texts
        assert f"{count} of {hostile.index.height} rows" in status


def test_every_response_carries_the_headers(hostile: Served) -> None:
    for path in ("/", "/duplicates", "/row/none", "/assets/browse.js", "/nowhere", "/?none=1"):
        response = hostile.get(path)
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cross-origin-resource-policy"] == "same-origin"


def test_names_that_others_may_let_resolve_to_this_machine_are_refused(hostile: Served) -> None:
    row = next(hostile.index.all_rows())["row_id"]
    for host in (
        "evil.example",
        f"evil.example:{hostile.port}",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "0.0.0.0",
        "127.0.0.1@evil.example",
    ):
        for path in ("/", f"/row/{row}", f"/image/{row}/small", "/assets/browse.js"):
            assert hostile.get(path, host=host).status == 400
    assert hostile.get("/", host=f"localhost:{hostile.port}").status == 200


def test_nothing_can_be_written(hostile: Served) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert hostile.get("/", method=method).status == 405


def test_paths_lead_to_nothing_else(hostile: Served) -> None:
    row = next(hostile.index.all_rows())["row_id"]
    for path in ("/assets/../server.py", "/assets/..%2fserver.py", "/assets/%2e%2e/pages.py", "/assets//etc/passwd", "/image/..%2f..%2f/small",
                 f"/image/{row}/..%2f", f"/image/{row}/full", "/row/..", "/../../etc/passwd", "/static/browse.css"):  # fmt: skip
        assert hostile.get(path).status == 404, path


def test_images_are_made_anew_under_a_type_of_ours(local: Store, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), "red").save(buffer, "JPEG", comment=b"<script>pwned=1</script>")
    Grower(local).grow("coco.000001", [(buffer.getvalue() + b"<script>pwned=1</script>", [COLOUR])])
    built(local)
    with served(local, tmp_path / "scratch") as site:
        row = next(site.index.all_rows())["row_id"]
        for size, width in (("small", 240), ("large", 300)):
            response = site.get(f"/image/{row}/{size}")
            assert response.headers["content-type"] == "image/jpeg"
            assert response.headers["x-content-type-options"] == "nosniff"
            assert b"script" not in response.body
            assert Image.open(io.BytesIO(response.body)).size == (width, width * 2 // 3)


def test_filters_choose_rows(site: Served) -> None:
    def status(**filters: str) -> str:
        return next(text for text in Structure(site.get(f"/?{urlencode(filters)}").text).texts if " of 8 rows" in text)

    assert status() == "8 of 8 rows"
    assert status(source="geoqa+") == "3 of 8 rows"
    assert status(kind="DES") == "2 of 8 rows"
    assert status(kind="DES", source="coco") == "1 of 8 rows"
    assert status(ability="Knowledge") == "1 of 8 rows"
    assert status(q="Animal shown") == "1 of 8 rows"
    assert status(q='"shown animal"') == "0 of 8 rows"
    assert status(q="larg", kind="MC") == "2 of 8 rows"
    assert status(agreed="adjudicated") == "0 of 8 rows"


def test_pass_rates_choose_rows(local: Store, grower: Grower, tmp_path: Path) -> None:
    built(local)
    rows = rows_of(local, "v0001")
    rates = pl.Series("pass_rate_policy", [None, 0.0, 0.125, 0.25, 0.5, 0.75, 1.0, 1.0])
    local.write_parquet("versions/v0001/rows.parquet", rows.with_columns(rates))
    name_file(local, "v0001", "rows.parquet")
    with served(local, tmp_path / "scratch") as site:
        for query, count in (("_from=0.25", 5), ("_to=0.25", 3), ("_from=.1&pass_rate_policy_to=.6", 3), ("_to=1", 7)):
            assert f"{count} of 8 rows" in site.get(f"/?pass_rate_policy{query}").text
        assert site.get("/?pass_rate_policy_from=all").status == 400
        assert "0.125" in site.get(f"/row/{rows['row_id'][2]}").text


def test_a_version_of_which_nothing_may_be_shown_is_empty(local: Store, grower: Grower, tmp_path: Path) -> None:
    built(local)
    for source in ("coco", "geoqa+"):
        take_down(local, find_subject(local, source, "source"))
    with served(local, tmp_path / "scratch") as site:
        assert "0 of 0 rows" in site.get("/").text
        assert "0 of 0 rows" in site.get("/?q=colour&kind=MC").text
        assert site.get("/duplicates").text.count("<article") == 0


def test_unknown_filters_are_named(site: Served) -> None:
    response = site.get("/?colour=red")
    assert response.status == 400
    assert "unknown filter &#39;colour&#39;; known: ability" in response.text
    assert site.get("/?page=0").status == 400


def test_a_story_tells_what_explain_tells(site: Served) -> None:
    row = next(row for row in site.index.all_rows() if row["question"] == STORY.question)
    page = site.get(f"/row/{row['row_id']}").text
    for text in (
        "seer-1",
        "A fine picture",
        "Nothing else.",
        "logic-1",
        "run-1",
        "I read.",
        "images/0000.png",
        "Model calls of answers",
        "Blocks of many",
    ):
        assert text in page


def test_duplicates_stand_side_by_side(site: Served) -> None:
    page = site.get("/duplicates").text
    assert page.count('<article class="card') == 2
    assert "duplicate near" in page
    left_out = next(
        address
        for address in Structure(page).addresses
        if address.startswith("/row/") and site.index.row(address[5:]) is None
    )
    assert site.get(left_out).status == 200
    assert site.get(f"/image/{left_out[5:]}/small").status == 200


def test_what_is_taken_down_meanwhile_is_not_shown(site: Served, local: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wethink_assets.dataset.browse.index.TAKEDOWNS_EVERY", 0.0)
    rows = list(site.index.all_rows())
    gone = next(row for row in rows if row["source"] == "coco")
    take_down(local, find_subject(local, gone["image_id"]))
    take_down(local, find_subject(local, "geoqa+", "source"))
    left = [row for row in rows if row["image_id"] != gone["image_id"] and row["source"] == "coco"]
    assert f"{len(left)} of {len(left)} rows" in site.get("/").text
    for row in rows:
        status = 200 if row in left else 404
        assert site.get(f"/row/{row['row_id']}").status == status
        assert site.get(f"/image/{row['row_id']}/small").status == status


def test_what_was_taken_down_before_is_not_indexed(local: Store, grower: Grower, tmp_path: Path) -> None:
    built(local)
    take_down(local, find_subject(local, "MIT", "licence"))
    with served(local, tmp_path / "scratch") as site:
        assert site.index.height == 5
        assert "geoqa+" not in site.get("/").text


def test_without_a_version_the_batches_in_force_are_shown(local: Store, grower: Grower, tmp_path: Path) -> None:
    with served(local, tmp_path / "scratch") as site:
        assert site.collection.version == ""
        assert "9 of 9 rows" in site.get("/").text
        assert "these rows are in none yet" in site.get("/duplicates").text
        row = next(site.index.all_rows())["row_id"]
        assert "the story cannot be told" not in site.get(f"/row/{row}").text.lower()


def test_pages_lead_through_all_rows(local: Store, tmp_path: Path) -> None:
    Grower(local).grow("coco.000001", [(drawing(number), [COLOUR, CHOICE]) for number in range(30)])
    built(local)
    with served(local, tmp_path / "scratch") as site:
        first, last = site.get("/"), site.get("/?page=99")
        assert "60 of 60 rows, page 1 of 2" in first.text
        assert "page 2 of 2" in last.text
        assert last.text.count("<article") == 10
        rows = [row["row_id"] for row in site.index.all_rows()]
        middle = site.get(f"/row/{rows[1]}").text
        assert f'rel="prev" href="/row/{rows[0]}"' in middle
        assert f'rel="next" href="/row/{rows[2]}"' in middle


def test_a_port_that_is_taken_is_an_error() -> None:
    with listening() as opened:
        opened.listen()
        with pytest.raises(ConfigError, match="--port"):
            listening(opened.getsockname()[1])
