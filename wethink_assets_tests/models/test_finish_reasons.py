"""What services call the end of a reply is read as one of the canonical reasons."""

import pytest

from wethink_assets.models.chat import FINISH_REASONS
from wethink_assets.models.finish_reasons import finish_reason_of

WORDS = {
    "stop": ("stop", "STOP", "end_turn", "stop_sequence", "eos_token", "eosFound", "COMPLETE", "REASON_STOP", "STOP_WORDS", "", None),
    "length": ("length", "MAX_TOKENS", "max_tokens", "model_length", "maxPredictedTokensReached", "model_context_window_exceeded", "REASON_MAX_LEN"),
    "filtered": ("content_filter", "content-filter", "SAFETY", "RECITATION", "PROHIBITED_CONTENT", "FinishReason.SAFETY", "guardrail_intervened",
        "content_filter: RECITATION", "content_filter: OTHER"),
    "refused": ("refusal", "refused"),
    "tool_calls": ("tool_calls", "tool_use", "function_call", "MALFORMED_FUNCTION_CALL", "function_call_filter: MALFORMED_FUNCTION_CALL"),
    "failed": ("error", "abort", "ERROR", "OTHER", "cancelled", "a word that nobody knows"),
}  # fmt: skip


@pytest.mark.parametrize("reason", FINISH_REASONS)
def test_each_word_is_read_as_its_reason(reason: str) -> None:
    assert {finish_reason_of(word) for word in WORDS[reason]} == {reason}
    assert finish_reason_of(reason) == reason
