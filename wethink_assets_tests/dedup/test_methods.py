"""Near-duplicate methods: one of images and one of texts from a test module, from signatures to a version; what is refused."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from wethink_assets.config import Settings
from wethink_assets.config.data import DedupSettings
from wethink_assets.dataset.cuts.cut import Cut
from wethink_assets.dataset.cuts.decision import decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.lineage.diff import diff_versions
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.card import card_of
from wethink_assets.dataset.versions.growth_curve import growth_curve
from wethink_assets.dedup.methods import Comparison, ImageMethod, TextMethod
from wethink_assets.dedup.signatures import sign_rows, signature_schema
from wethink_assets.errors import UnknownName, VersionError
from wethink_assets.extensions.builtin import IMAGE_METHODS, TEXT_METHODS
from wethink_assets.planning.stages import stage_plan
from wethink_assets.stages import schemas
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets_tests.dedup.conftest import Row, Verdicts
from wethink_assets_tests.support.images import encoded, photograph
from wethink_assets_tests.support.question_tables import Asked
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut

RED, DARK_RED, BLUE = (
    encoded(Image.new("RGB", (40, 30), colour), "PNG") for colour in ("#ff0000", "#f40000", "#0000ff")
)


def mean_colour(data: bytes, image: Mapping[str, Any]) -> dict[str, Any]:
    with Image.open(io.BytesIO(data)) as picture:
        return {"mean_colour": picture.convert("RGB").resize((1, 1), Image.Resampling.BOX).tobytes()}


def colours_alike(first: Any, second: Any, settings: DedupSettings) -> Any:
    difference = np.abs(first.astype(np.int16) - second.astype(np.int16)).max(axis=1)
    return difference <= settings.threshold("colour_step")


def first_words(texts: Sequence[str]) -> dict[str, Sequence[Any]]:
    return {"first_word": [text.split()[0] for text in texts]}


def packed_words(rows: pl.DataFrame) -> Any:
    return (rows["first_word"].hash(0).to_numpy() & 0xFFFFFFFF).astype(np.uint32).reshape(-1, 1)


def equal_words(words: Any, representatives: Any, within: Any, settings: DedupSettings) -> Any:
    keys = list(zip(words[representatives, 0].tolist(), within.tolist(), strict=True))
    pairs = [(a, b) for b in range(len(keys)) for a in range(b) if keys[a] == keys[b]]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


COLOUR = ImageMethod(
    title="mean colour",
    columns={"mean_colour": pl.Binary},
    sign=mean_colour,
    blank={"mean_colour": bytes(3)},
    hashes=lambda rows: np.zeros(rows.height, dtype=np.uint64),
    detail_bytes=3,
    details=lambda rows: b"".join(rows["mean_colour"]),
    close=lambda first, second, settings: first == second,
    alike=colours_alike,
    thresholds={"colour_step": 20},
)
FIRST_WORD = TextMethod(
    title="first word",
    columns={"first_word": pl.String},
    sign=first_words,
    words=1,
    packed=packed_words,
    pairs=equal_words,
    cells=lambda rows: rows["first_word"].n_unique(),
)
OWN = DedupSettings(image_method="mean-colour", text_method="first_word")


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    IMAGE_METHODS.register("mean-colour", COLOUR)
    TEXT_METHODS.register("first_word", FIRST_WORD)
    yield
    IMAGE_METHODS.unregister("mean-colour")
    TEXT_METHODS.unregister("first_word")


def test_the_signatures_of_the_default_methods_have_the_columns_of_the_stage() -> None:
    assert signature_schema(Comparison.of()) == schemas.SIGNATURES
    assert list(signature_schema(Comparison.of(OWN))) == [
        "slot",
        "row_id",
        "image_id",
        "mean_colour",
        "text_sha256",
        "first_word",
        "schema_version",
    ]


def test_rows_are_compared_by_the_chosen_methods(judged: Callable[..., Verdicts]) -> None:
    rows = [
        Row(RED),
        Row(DARK_RED),
        Row(BLUE),
        Row(RED, "What colour?"),
        Row(RED, "Which colour?"),
        Row(BLUE, answer="no"),
    ]
    assert judged(rows, OWN) == [
        ("", None),
        ("duplicate_near", 0),
        ("conflicting_answers", None),
        ("duplicate_near", 0),
        ("", None),
        ("conflicting_answers", None),
    ]


def test_a_threshold_of_ones_own_is_set_in_the_configuration(judged: Callable[..., Verdicts]) -> None:
    strict = OWN.model_copy(update={"thresholds": {"colour_step": 10}})
    assert [reason for reason, _ in judged([Row(RED), Row(DARK_RED)], OWN)] == ["", "duplicate_near"]
    assert [reason for reason, _ in judged([Row(RED), Row(DARK_RED)], strict)] == ["", ""]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"image_method": "eye"}, "unknown near-duplicate method of images 'eye'; known: phash, mean-colour"),
        ({"text_method": "ear"}, "unknown near-duplicate method of texts 'ear'; known: minhash, first_word"),
        ({"image_method": "mean-colour", "thresholds": {"step": 1}}, "declare colour_step"),
        ({"thresholds": {"colour_step": 1}}, "declare none of their own"),
    ],
)
def test_settings_that_fit_no_method_are_refused(table: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Settings.model_validate({"dedup": table})


def test_another_method_makes_signatures_stale_and_nothing_else() -> None:
    default, own = Settings(), Settings(dedup=OWN)
    version = stage_plan(default, "signatures").code_version
    assert stage_plan(own, "signatures").code_version == f"{version}+mean_colour+first_word"
    for stage in ("images", "descriptions", "questions", "answers", "reasoning_paths"):
        assert stage_plan(own, stage).code_version == stage_plan(default, stage).code_version
    assert stage_plan(Settings(dedup=DedupSettings(phash_distance=3)), "signatures").code_version == version


def signed_again(store: Store, batch: str, settings: DedupSettings) -> None:
    """The batch's signatures in force, by other methods."""
    tables = Tables(store)
    paths, questions, images = (tables.load(name, batch).results for name in ("reasoning_paths", "questions", "images"))
    output = sign_rows(paths, questions, images, Blobs(store), settings)
    tables.publish("signatures", batch, output, Provenance())


def test_a_version_is_cut_by_the_methods_that_signed_its_batches(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    questions = [Asked("What colour is it?", "red"), Asked("What colour has the picture?", "red")]
    Grower(store).grow("coco.000001", [(RED, questions[:1]), (DARK_RED, questions[1:]), (BLUE, questions[:1])])
    default = cut(store)
    recipe = CutRecipe(image_method="mean-colour", text_method="first_word")
    undecided = decide_cut(store, recipe)
    assert isinstance(undecided, Cut)
    with pytest.raises(VersionError, match="have no column first_word"):
        build_version(store, undecided.version)
    signed_again(store, "coco.000001", OWN)
    own = cut(store, recipe)
    excluded = store.read_parquet(f"versions/{own}/excluded.parquet")
    assert excluded["reason"].to_list() == ["duplicate_near"]
    assert "Near-duplicates are found by mean colour and first word;" in card_of(store, own)
    assert diff_versions(store, default, own).recipe == {
        "image_method": ["phash", "mean-colour"],
        "text_method": ["minhash", "first_word"],
    }
    points = {point["version"]: point for point in growth_curve(store)}
    assert (points[own]["clusters"], points[own]["rows"]) == (1, 2)
    assert build_version(store, default).rows == 3  # its tables are still there


def test_a_version_whose_method_is_not_installed_is_still_listed(tmp_path: Path) -> None:
    recipe = CutRecipe(image_method="mean-colour")
    IMAGE_METHODS.unregister("mean-colour")
    try:
        again = CutRecipe.model_validate_json(recipe.model_dump_json())
        assert again.digest == recipe.digest
        with pytest.raises(UnknownName, match="known: phash"):
            again.comparison  # noqa: B018
    finally:
        IMAGE_METHODS.register("mean-colour", COLOUR)


def test_photographs_are_told_apart_by_the_default_method(judged: Callable[..., Verdicts]) -> None:
    cat = photograph("chelsea.png")
    rows = [Row(encoded(cat, quality=95)), Row(encoded(cat.resize((225, 150)), quality=60)), Row(RED)]
    assert [reason for reason, _ in judged(rows)] == ["", "duplicate_near", ""]
