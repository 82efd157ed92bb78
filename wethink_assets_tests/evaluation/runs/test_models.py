"""Evaluated models: what serves each."""

from pathlib import Path

import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ConfigError, TrainingError
from wethink_assets.evaluation.runs.models import base_model_of, model_of_its_own, policy_of, trained_model
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.catalog import Policy
from wethink_assets_tests.support.trained_policy import store_with_policy

KEY = "sample_MMStar"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with one training run, whose policy is the shipped describer and whose base is the shipped policy."""
    return store_with_policy(tmp_path)


def settings_of(folder: Path, table: dict[str, object], **scoring: object) -> Settings:
    scoring_table = {
        "sample_questions": 12,
        "seeds": [],
        "resamples": 200,
        "benchmarks": [KEY],
        "server": "scored",
        **scoring,
    }
    server = {"model": "embedded/policy", "max_model_len": 1024, "images": 1, "kv_cache": 1, "device": "cpu", **table}
    return Settings.model_validate({"scoring": scoring_table, "servers": {"scored": server}, "folder": str(folder)})


def test_an_unknown_name_is_told_what_it_may_mean_and_where_other_models_are_named(store: Store) -> None:
    with pytest.raises(
        TrainingError, match=r"\[scoring\.models\.qwen_32b\] \(there are: gpt, qwen-32b\); did you mean qwen-32b\?"
    ):
        policy_of(store, "qwen_32b", ("qwen-32b", "gpt"))
    with pytest.raises(TrainingError, match=r"there are: none\)$"):
        policy_of(store, "unknown")


def test_each_model_has_its_own_weights_served(store: Store, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, {})
    policy = Policy.model_validate_json(store.read("policies/" + "d" * 64 + "/policy.json"))
    weights = {}
    for model in (base_model_of(settings, policy), trained_model(settings, store, policy)):
        served = model.settings(settings)
        role = served.role("policy")
        weights[model.name] = served.server(role.server).model
        assert role.server != "scored" and served.server("scored") == settings.server("scored")
    assert weights["embedded/policy"] == "embedded/policy" and Path(weights["v0001.grpo"], "config.json").is_file()
    attached = settings_of(tmp_path, {"url": "http://127.0.0.1:9/v1"})
    with pytest.raises(ConfigError, match="attached to by its url"):
        trained_model(attached, store, policy).settings(attached)
    endpoints = {"v0001.grpo": {"provider": "endpoint", "url": "http://127.0.0.1:9/v1", "model": "mine"}}
    own = settings_of(tmp_path, {}, endpoints=endpoints)
    assert trained_model(own, store, policy).settings(own).role("policy").server == ""
    with pytest.raises(ValueError, match=r"scoring.server: no server 'other'"):
        settings_of(tmp_path, {}, server="other")


TEMPLATE = "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}{% endfor %}"


def test_a_chat_template_is_handed_to_our_server_and_is_part_of_every_key(tmp_path: Path) -> None:
    file = tmp_path / "chat.jinja"
    file.write_text(TEMPLATE)
    hub = {"model": "people/on-the-hub", "revision": "c0ffee"}
    models = {
        "by_file": {**hub, "chat_template": "chat.jinja"},
        "inline": {**hub, "chat_template": TEMPLATE},
        "own": hub,
    }
    models["shared"] = {"server": "scored", "chat_template": "chat.jinja"}
    settings = settings_of(tmp_path, {"args": ["--seed", "1"]}, models=models)
    given = {name: model_of_its_own(settings, name) for name in models}
    for name in ("by_file", "inline", "shared"):
        served = given[name].settings(settings)
        args = served.server(served.role("policy").server).args
        assert args[:3] == ("--seed", "1", "--chat-template") and Path(args[3]).read_text() == TEMPLATE
        assert served.role("policy").server != "scored" and settings.server("scored").args == ("--seed", "1")
    kept = given["own"].settings(settings)
    assert (
        kept.server(kept.role("policy").server).args == ("--seed", "1") and given["own"].request_options(settings) == {}
    )
    before = given["by_file"].request_options(settings)
    assert before == given["inline"].request_options(settings) != {}
    file.write_text(TEMPLATE + "\n")
    assert given["by_file"].request_options(settings) != before
    file.write_text("no template")
    with pytest.raises(ConfigError, match=r"chat\.jinja holds no Jinja template"):
        given["by_file"].settings(settings)
    file.unlink()
    with pytest.raises(ConfigError, match=r"chat\.jinja cannot be read \(No such file or directory\)"):
        given["by_file"].settings(settings)


def test_a_chat_template_is_refused_where_nothing_can_take_it(tmp_path: Path) -> None:
    endpoint = {"provider": "endpoint", "url": "http://127.0.0.1:9/v1", "model": "m", "chat_template": TEMPLATE}
    with pytest.raises(
        ValueError, match="an endpoint writes conversations by a template of its own; give it one where it is started"
    ):
        settings_of(tmp_path, {}, models={"far": endpoint})
    embedded = settings_of(tmp_path, {}, models={"small": {"model": "describer", "chat_template": TEMPLATE}})
    with pytest.raises(ConfigError, match=r"scoring\.models\.small\.chat_template: describer is an embedded model"):
        model_of_its_own(embedded, "small")
    models = {"shared": {"server": "scored", "chat_template": TEMPLATE}}
    attached = settings_of(tmp_path, {"url": "http://127.0.0.1:9/v1"}, models=models)
    with pytest.raises(
        ConfigError, match="scored is attached to by its url, so it cannot be given the chat template of shared"
    ):
        model_of_its_own(attached, "shared").settings(attached)
