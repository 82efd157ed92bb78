"""Remedies for what a service refuses: what is tried, and what is not."""

import pytest

from wethink_assets.config import RoleSettings
from wethink_assets.synthesis.service_check.remedies import candidates

ROLE = RoleSettings.model_validate({"provider": "endpoint", "url": "http://127.0.0.1:8080/v1", "model": "mine"})


@pytest.mark.parametrize(
    ("words", "is_tried"),
    [
        (
            "HTTP 500: image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
            False,
        ),
        ("HTTP 400: bad request", False),
        ("", False),
        ("HTTP 400: unknown field: max_tokens", True),
    ],
)
def test_a_bound_of_length_is_left_out_only_where_the_words_speak_of_it(words: str, is_tried: bool) -> None:
    assert any("max_tokens" in role.omit for _, role in candidates(ROLE, words)) is is_tried
