"""A provider that a plugin brings: named in wethink.toml, checked, and asked for by roles, stages and the asset graph."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wethink_assets.config import Settings, load_settings
from wethink_assets.defs.graph import LOCAL_POOL, REMOTE_POOL, pool_of
from wethink_assets.errors import ConfigError
from wethink_assets.extensions.builtin import PROVIDERS
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.stages.descriptions import describe_images
from wethink_assets_tests.support.scripted_model import ScriptedModel, drawn_images, write_pack

PLUGIN = "wethink_assets_tests.support.scripted_provider"
ROLES = ("describer", "reasoner", "adjudicator")


@pytest.fixture
def plugin() -> Iterator[None]:
    """The plugin, imported by whoever names it and taken out again."""
    yield
    if "scripted" in PROVIDERS:
        PROVIDERS.unregister("scripted")
    sys.modules.pop(PLUGIN, None)


def settings_of(folder: Path, model: str = "parrot", plugins: str = f'plugins = ["{PLUGIN}"]') -> Settings:
    roles = [f'[roles.{role}]\nprovider = "scripted"\nmodel = "{model}"\nrevision = "7"' for role in ROLES]
    pipeline = f'[pipeline]\nprompt_pack = "{write_pack(folder / "pack")}"'
    path = folder / "wethink.toml"
    path.write_text("\n".join([plugins, pipeline, *roles]))
    return load_settings(path)


def test_it_serves_roles_and_a_stage(plugin: None, tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    store = Store.open(str(tmp_path / "store"))
    images = drawn_images(store, 3)
    with Models.open(settings) as models:
        assert models.describe("reasoner")["provider"] == "scripted"
        assert models.identity("describer") == ("parrot", "7")
        opened: list[ScriptedModel] = sys.modules[PLUGIN].ScriptedProvider.opened
        assert opened == [], "a description opens nothing"
        with Synthesis.open(settings, store, models, "descriptions", "coco.000001") as work:
            output = describe_images(images, work)
        assert output.results.height == 3 and output.rejections.height == 0
        assert models.role("describer") is models.role("reasoner") is opened[0]
    assert len(opened) == 1 and opened[0].calls > 3 and opened[0].closed == 1


def test_the_asset_graph_asks_it_where_it_runs(plugin: None, tmp_path: Path) -> None:
    assert pool_of(settings_of(tmp_path, "there"), ROLES) == REMOTE_POOL
    assert pool_of(settings_of(tmp_path, "here"), ROLES) == LOCAL_POOL


def test_what_it_refuses_is_refused_where_it_stands(plugin: None, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"(?s)roles\.describer.*provider scripted needs model"):
        settings_of(tmp_path, "")


def test_an_unknown_provider_is_refused_with_the_known_ones(plugin: None, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown provider 'scripted'; known: embedded, endpoint"):
        settings_of(tmp_path, plugins="")


def test_a_server_belongs_to_the_provider_endpoint() -> None:
    servers = {"eyes": {"model": "org/m"}}
    assert (
        Settings.model_validate({"servers": servers, "roles": {"judge": {"server": "eyes"}}}).role("judge").provider
        == "endpoint"
    )
    for role in ({"provider": "embedded", "server": "eyes"}, {"server": "eyes", "url": "http://h/v1"}):
        with pytest.raises(ValueError, match="no url and no other provider"):
            Settings.model_validate({"servers": servers, "roles": {"judge": role}})
