"""The 18 sources, their keys, and sources that only the configuration names."""

import re

import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ConfigError
from wethink_assets.sources.catalog import asset_key_part, sources_of
from wethink_assets.sources.known_sources import KNOWN_SOURCES
from wethink_assets.sources.sample.layout import SAMPLE_SOURCES

NAMES = [
    "ai2d",
    "chartqa",
    "CLEVR_v1.0",
    "coco",
    "docvqa",
    "geoqa+",
    "gqa",
    "llava",
    "ocr_vqa",
    "pisc",
    "sam",
    "share_textvqa",
    "sqa",
    "textvqa",
    "vg",
    "web-celebrity",
    "web-landmark",
    "wikiart",
]


def settings(**sources: dict[str, object]) -> Settings:
    return Settings.model_validate({"sources": sources, "folder": "/data"})


def test_the_catalog_describes_the_18_sources() -> None:
    sources = sources_of(settings())
    assert list(sources) == NAMES
    for source in sources.values():
        assert source.title and source.domain and source.citation and source.licence and source.folder == source.name
        assert source.homepage.startswith("https://")
        assert not source.configured


def test_layouts_are_those_that_the_sample_sources_use() -> None:
    assert {s.name: s.layout for s in KNOWN_SOURCES} == {s.name: s.folders for s in SAMPLE_SOURCES}


def test_keys_are_distinct_and_fit_dagster() -> None:
    keys = [source.key for source in sources_of(settings()).values()]
    assert len({re.sub(r"\W", "_", key) for key in keys}) == 18
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", key) for key in keys)
    assert asset_key_part("geoqa+") == "geoqa"
    assert [key for key, name in zip(keys, NAMES, strict=True) if key != name] == ["geoqa"]


def test_a_19th_source_needs_no_code() -> None:
    own = {"location": "s3://bucket/shots", "title": "Screenshots", "licence": "CC0-1.0", "reader": "tar"}
    source = sources_of(settings(screenshots=own))["screenshots"]
    assert (source.key, source.licence, source.reader) == ("screenshots", "CC0-1.0", "tar")
    assert source.configured


@pytest.mark.parametrize("missing", ["location", "title", "licence"])
def test_a_19th_source_must_name_what_nobody_else_knows(missing: str) -> None:
    own = {"location": "shots", "title": "Screenshots", "licence": "CC0-1.0"}
    del own[missing]
    with pytest.raises(ConfigError, match=rf'sources\."screenshots".*must name {missing}'):
        sources_of(settings(screenshots=own))


def test_a_known_source_needs_only_a_location_and_keeps_its_licence() -> None:
    source = sources_of(settings(**{"geoqa+": {"location": "images/geoqa+"}}))["geoqa+"]
    assert source.location == "/data/images/geoqa+"
    assert source.licence == "see upstream terms"
    assert sources_of(settings(coco={"location": "x", "licence": "mine"}))["coco"].licence == "mine"


@pytest.mark.parametrize("name", ["geoqa", "web_landmark", "CLEVR_v1-0"])
def test_two_sources_never_share_an_asset(name: str) -> None:
    own = {"location": "x", "title": "t", "licence": "l"}
    with pytest.raises(ConfigError, match="rename yours"):
        sources_of(settings(**{name: own}))


def test_credentials_stay_out_of_what_is_printed() -> None:
    source = sources_of(settings(coco={"location": "s3://b/c", "options": {"secret": "hush"}}))["coco"]
    assert source.options["secret"] == "hush"
    assert "hush" not in repr(source)
