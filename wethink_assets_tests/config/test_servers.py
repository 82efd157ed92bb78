"""Tables `[servers.<name>]`: wrong ones are refused, and roles take from theirs what they leave out."""

from typing import Any

import pytest

from wethink_assets.config import Settings


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ports": [9, 8]}, "the first is above the last"),
        ({"host": "0.0.0.0"}, "open to others: set api_key_env"),
        ({"gpus": [0], "tensor_parallel": 2}, "needs as many gpus"),
        ({"model": ""}, "needs a model"),
    ],
)
def test_wrong_tables_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings.model_validate({"servers": {"s": {"model": "org/model-7B", **wrong}}})


def test_a_role_takes_model_and_revision_from_its_server() -> None:
    servers = {"s": {"model": "org/m", "revision": "abc", "api_key_env": "K"}}
    settings = Settings.model_validate({"servers": servers, "roles": {"judge": {"server": "s", "revision": "def"}}})
    judge = settings.role("judge")
    assert (judge.provider, judge.model, judge.revision, judge.api_key_env) == ("endpoint", "org/m", "def", "K")
    with pytest.raises(ValueError, match=r"roles.judge.server: no server 't'; \[servers.<name>\] names s"):
        Settings.model_validate({"servers": servers, "roles": {"judge": {"server": "t"}}})
    with pytest.raises(ValueError, match="the server has its own"):
        Settings.model_validate({"servers": servers, "roles": {"judge": {"server": "s", "url": "http://h/v1"}}})
