"""Finish reasons: why a reply ended, in the words of `FINISH_REASONS`, whatever a service calls it.

Sources: the API references of OpenAI, Azure, Anthropic, Gemini, Mistral, Cohere, DeepSeek, OpenRouter, Bedrock, and of vLLM, SGLang, TGI, llama.cpp,
Ollama and LM Studio. Journals of before hold a service's own word, so whoever judges a reply asks here.
"""

import re
from functools import lru_cache

__all__ = ["finish_reason_of"]

_SYNONYMS = {
    "stop": "stop end_turn stop_sequence stop_token eos eos_token eos_token_found end_of_turn end_of_text complete completed finished finish done "
    "natural normal success stopped stop_words stop_string stopstringfound eosfound end_conversation matched_stop",
    "length": "length max_len max_tokens max_output_tokens max_length max_completion_tokens max_new_tokens token_limit limit "
    "model_length model_context_window_exceeded model_context_window context_length context_length_exceeded "
    "maxpredictedtokensreached contextlengthreached incomplete truncated output_limit",
    "filtered": "filtered content_filter content_filtered safety recitation blocklist prohibited_content spii image_safety image_prohibited_content "
    "image_recitation language prompt_blocked blocked moderation moderated guardrail guardrail_intervened guardrails sensitive sensitive_content "
    "content_policy content_policy_violation error_toxic toxic risk_control contentfilter jailbreak model_armor",
    "refused": "refused refusal decline declined",
    "tool_calls": "tool_calls tool_call tool_use function_call function_calls tool malformed_function_call unexpected_tool_call pause_turn toolcalls",
}
_CANONICAL = {synonym: reason for reason, synonyms in _SYNONYMS.items() for synonym in synonyms.split()}
_BREAKS = re.compile(r"[\s.-]+")


@lru_cache(maxsize=256)
def finish_reason_of(word: str | None) -> str:
    """The one of `FINISH_REASONS` that a service's word stands for: `stop` where it says nothing, `failed` for a word that nobody knows.

    >>> [finish_reason_of(word) for word in ("end_turn", "MAX_TOKENS", "content_filter: RECITATION", "REASON_STOP", None, "abort")]
    ['stop', 'length', 'filtered', 'stop', 'stop', 'failed']
    """
    if not word:
        return "stop"
    name = _BREAKS.sub("_", word.strip().lower()).removeprefix("finishreason_").removeprefix("finish_reason_")
    names = [name.removeprefix("reason_"), *(part.strip("_") for part in reversed(name.split(":")))]
    return next((_CANONICAL[each] for each in names if each in _CANONICAL), "failed")
