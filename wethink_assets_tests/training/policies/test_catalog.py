"""A published policy is found by its run's key, is whole or absent, and its weights come to this machine unaltered."""

import json
from pathlib import Path

import pytest

from wethink_assets.errors import StoreError, TrainingError
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.catalog import (
    find_policy,
    list_policies,
    local_checkpoint,
    note_run,
    publish_policy,
    split_key,
)
from wethink_assets_tests.support.policies import policy_files, policy_record


def test_a_policy_is_found_by_its_key(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert find_policy(store, "v0001.grpo-s1") is None and list_policies(store) == []
    published = publish_policy(store, policy_record(), policy_files(tmp_path / "work"))
    assert find_policy(store, "v0001.grpo-s1") == published
    assert sorted(published.files) == ["curves.json", "model/config.json", "model/model.safetensors"]
    for _ in range(2):  # the second time from the cache, where there is one
        folder = local_checkpoint(store, published)
        assert (folder / "model.safetensors").read_bytes() == b"weights"
    assert (tmp_path / "work" / "model" / "config.json").exists()


def test_equal_digests_share_a_policy(store: Store, tmp_path: Path) -> None:
    first = publish_policy(store, policy_record(), policy_files(tmp_path / "one"))
    second = publish_policy(store, policy_record("v0001.again"), policy_files(tmp_path / "two", b"other"))
    assert second.digest == first.digest and second.files == first.files
    assert [policy.key for policy in list_policies(store)] == ["v0001.again", "v0001.grpo-s1"]
    again = find_policy(store, "v0001.again")
    assert again is not None and again.recipe == "again"
    other = publish_policy(store, policy_record("v0002.grpo-s1", seed=2), policy_files(tmp_path / "three", b"third"))
    assert other.digest != first.digest and len(list_policies(store)) == 3


def test_a_run_whose_policy_was_not_published_whole_has_none(store: Store) -> None:
    note_run(store, "v0001.grpo-s1", policy_record().digest)
    assert find_policy(store, "v0001.grpo-s1") is None and list_policies(store) == []


def test_a_damaged_file_is_an_error_that_names_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    published = publish_policy(store, policy_record(), policy_files(tmp_path / "work"))
    store.publish("policies/runs/v0001.odd.json", b"[1]")
    with pytest.raises(StoreError, match=r"v0001\.odd\.json is damaged"):
        find_policy(store, "v0001.odd")
    store.publish(f"{published.folder}/policy.json", b"{}")
    with pytest.raises(StoreError, match=r"policy\.json is damaged"):
        find_policy(store, published.key)


def test_altered_weights_are_not_used(s3_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    published = publish_policy(s3_store, policy_record(), policy_files(tmp_path / "work"))
    s3_store.publish(f"{published.folder}/model/model.safetensors", b"altered")
    with pytest.raises(StoreError, match="was altered"):
        local_checkpoint(s3_store, published)
    assert not (tmp_path / "cache" / "wethink" / "policies" / published.model_digest).exists()


@pytest.mark.parametrize("key", ["v0001", "", ".grpo", "v0001."])
def test_a_key_without_version_or_recipe_is_refused(key: str) -> None:
    with pytest.raises(TrainingError, match="is not the key of a training run"):
        split_key(key)


def test_a_recipe_may_hold_dots() -> None:
    assert split_key("v0003.grpo-1.5b") == ("v0003", "grpo-1.5b")
    assert json.loads(policy_record().model_dump_json())["key"] == "v0001.grpo-s1"


def test_bytes_that_are_no_text_are_a_damaged_record(store: Store) -> None:
    store.publish("policies/runs/v0001.odd.json", b'\xff\xfe{"digest": "secret"}')
    with pytest.raises(StoreError, match=r"v0001\.odd\.json is damaged") as caught:
        find_policy(store, "v0001.odd")
    assert "secret" not in str(caught.value)
