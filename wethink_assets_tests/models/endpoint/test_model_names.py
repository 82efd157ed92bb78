"""Names of one model as services write it, and of others."""

import pytest

from wethink_assets.models.endpoint.model_names import may_answer, same_model

SAME = [
    ("gpt-4o", "gpt-4o-2024-08-06"),
    ("openai/gpt-4o", "gpt-4o-2024-08-06"),
    ("gpt-4", "gpt-4-0613"),
    ("gpt-3.5-turbo", "gpt-3.5-turbo-0125"),
    ("o4-mini", "o4-mini-2025-04-16"),
    ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"),
    ("anthropic/claude-3.5-haiku", "claude-3-5-haiku-20241022"),
    ("anthropic/claude-sonnet-4", "anthropic/claude-4-sonnet-20250522"),
    ("claude-3-5-sonnet@20240620", "claude-3-5-sonnet-20240620"),
    ("models/gemini-2.0-flash", "gemini-2.0-flash-001"),
    ("gemini-2.5-flash", "gemini-2.5-flash-preview-05-20"),
    ("mistral-large-latest", "mistral-large-2411"),
    ("meta-llama/llama-3.3-70b-instruct:free", "meta-llama/llama-3.3-70b-instruct"),
    ("llama3", "llama3:latest"),
    ("Qwen/Qwen2.5-VL-3B-Instruct", "/models/Qwen2.5-VL-3B-Instruct"),
    ("Qwen/Qwen2.5-VL-7B-Instruct:hyperbolic", "qwen/qwen2.5-vl-7b-instruct"),
    ("accounts/fireworks/models/llama-v3p1-8b-instruct", "llama-v3p1-8b-instruct"),
    ("SmolLM2-135M-Instruct", "/models/SmolLM2-135M-Instruct.Q4_1.gguf"),
    ("Qwen/Qwen3-8B-GGUF-Q4_K_M", "Qwen3-8B-GGUF-Q4_K_M.gguf"),
    ("gemma-3-4b-it", "C:\\models\\gemma-3-4b-it-UD-IQ2_XXS.gguf"),
    ("gpt-oss-20b", "gpt-oss-20b-mxfp4.gguf"),
]
OTHERS = [
    ("gpt-4o", "gpt-4o-mini"),
    ("gpt-4o-mini", "gpt-4o"),
    ("gpt-4", "gpt-4.1"),
    ("gpt-4o-2024-08-06", "gpt-4o-2024-11-20"),
    ("llama-3", "llama-3.1"),
    ("llama-3-8b", "llama-3-70b"),
    ("qwen2.5vl:7b", "qwen2.5vl:72b"),
    ("gemini-2.5-pro", "gemini-2.5-flash"),
    ("phi-3-mini", "phi-3-mini-128k"),
    ("qwen", "served"),
    ("Qwen2.5-VL-3B-Instruct", "Qwen2.5-VL-3B-Instruct-AWQ"),
    ("deepseek-reasoner", "deepseek-chat"),
    ("my-deployment", "gpt-4o"),
    ("Qwen3-8B-Q8_0", "Qwen3-8B-Q4_K_M.gguf"),
    ("Qwen3-8B", "Qwen3-4B-Q4_K_M.gguf"),
    ("a", ""),
]


@pytest.mark.parametrize(("asked", "answered"), SAME)
def test_snapshots_prefixes_and_spellings_are_one_model(asked: str, answered: str) -> None:
    assert same_model(asked, answered) and same_model(answered, asked)


@pytest.mark.parametrize(("asked", "answered"), OTHERS)
def test_sizes_versions_and_other_snapshots_are_others(asked: str, answered: str) -> None:
    assert not same_model(asked, answered)


def test_models_that_the_settings_allow() -> None:
    assert may_answer("mine", "gpt-4o-2024-08-06", ["gpt-4o"]) and may_answer("mine", "whatever", ["any"])
    assert not may_answer("mine", "gpt-4o-mini", ["gpt-4o"]) and not may_answer("mine", "x", [])
    assert may_answer("gpt-4o", "gpt-4o-2024-08-06", [])
