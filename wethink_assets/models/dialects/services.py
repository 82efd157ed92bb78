"""Dialects of the services that people have, one entry each, declared and not programmed.

An entry says which parameters are left out or renamed, how a JSON schema and thinking are asked for, where instructions stand, and under which
path and header a request goes. `RequestForm` (`request_form`) joins an entry with a role's settings; what comes back is read alike for all
(`completions`). Registry: `DIALECTS` of `wethink_assets.extensions.builtin`; a dialect of one's own is one more entry (`docs/extending.md`).

Sources stand with the entries: the service's documentation, or a public report with its refusal.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from wethink_assets.models.dialects.dialect import Dialect, Schema, Thinking, openai_schema
from wethink_assets.models.dialects.schema_subsets import closed_with_named_choices


def _schema_beside(name: str) -> Callable[[Schema], dict[str, Any]]:
    return lambda schema: {"type": "json_object", name: schema}


def _efforts(off: str | None, on: str) -> Mapping[str, Thinking]:
    levels = {"on": on, "low": "low", "medium": "medium", "high": "high"} | ({} if off is None else {"off": off})
    return {level: Thinking({"reasoning_effort": effort}) for level, effort in levels.items()}


def _template_switches() -> Mapping[str, Thinking]:
    """Switches of chat templates, `enable_thinking` of Qwen3, GLM and Gemma, `thinking` of DeepSeek-V3.1 and Granite; efforts of gpt-oss."""
    on, off = ({"chat_template_kwargs": {"enable_thinking": think, "thinking": think}} for think in (True, False))
    levels = {level: Thinking({**on, "reasoning_effort": level}) for level in ("low", "medium", "high")}
    return {"off": Thinking(off), "on": Thinking(on), **levels}


# Bounds in schemas are held by guided decoding there. Switches: docs.vllm.ai, "Reasoning outputs"; docs.sglang.io, "Separate reasoning".
PLAIN = Dialect("any OpenAI-compatible server that takes all of it", thinking=_template_switches())
VLLM = replace(PLAIN, title="vLLM")
SGLANG = replace(PLAIN, title="SGLang")

# Structured outputs: closed objects, every property required, no bounds (platform.openai.com/docs/guides/structured-outputs).
OPENAI = Dialect("OpenAI", hosts=("api.openai.com",), schema_mode="unbounded")

# Reasoning models: max_completion_tokens, the default temperature alone, no top_p (platform.openai.com/docs/guides/reasoning); seed is
# deprecated and some refuse it. No thought is "none" from gpt-5.1 on; gpt-5 has "minimal" in its place, the o series, the codex and the pro models
# have nothing.
OPENAI_REASONING = replace(
    OPENAI,
    title="OpenAI, models that reason",
    models=r"o\d|codex|gpt-[5-9](?!.*chat)",
    omit=("temperature", "top_p", "seed"),
    rename={"max_tokens": "max_completion_tokens"},
    instructions="developer",
    reasons=True,
    thinking=_efforts("none", "medium"),
    thinking_by_model={
        r"\bgpt-5(?!\.\d)": {"off": Thinking({"reasoning_effort": "minimal"})},
        r"\bo\d|codex|-pro\b": {"off": None},
    },
)

# Deployment in the path, version in the query, key in a header of its own (learn.microsoft.com/azure/ai-services/openai/reference); an URL that
# ends in /openai/v1 is the later form, which has neither.
AZURE = replace(
    OPENAI,
    title="Azure OpenAI",
    hosts=("openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"),
    path="openai/deployments/{model}",
    query={"api-version": "2024-10-21"},
    batch_endpoint="/chat/completions",
    key_header="api-key",
    key_prefix="",
)
# Structured outputs with these came with 2024-12-01-preview (learn.microsoft.com/azure/ai-services/openai/how-to/reasoning).
AZURE_REASONING = replace(
    AZURE,
    title="Azure OpenAI, models that reason",
    **{
        name: getattr(OPENAI_REASONING, name)
        for name in ("models", "omit", "rename", "instructions", "reasons", "thinking", "thinking_by_model")
    },
)


def _budget(tokens: int) -> Thinking:
    return Thinking({"thinking": {"type": "enabled", "budget_tokens": tokens}}, ("temperature", "top_p"), tokens)


# response_format and seed are ignored, so the schema is told in the prompt (docs.claude.com/en/api/openai-sdk); temperature and top_p not together
# from Claude 4.5 on (github.com/BerriAI/litellm/issues/15097); a thought has 1,024 tokens or more, below max_tokens, at temperature 1.
ANTHROPIC = Dialect(
    "Anthropic, OpenAI form",
    hosts=("api.anthropic.com",),
    omit=("seed",),
    only_one=(("temperature", "top_p"),),
    temperatures=(0.0, 1.0),
    schema_mode="none",
    thinking={
        "off": Thinking({"thinking": {"type": "disabled"}}),
        "on": _budget(4096),
        "low": _budget(1024),
        "medium": _budget(4096),
        "high": _budget(16384),
    },
)

# No seed (discuss.ai.google.dev/t/95991); enumerations of strings alone (github.com/BrokkAi/bifrost/issues/25); efforts, and that 2.5 Pro and the
# models from 3 on always think: ai.google.dev/gemini-api/docs/openai.
GEMINI = Dialect(
    "Gemini, OpenAI form",
    hosts=("generativelanguage.googleapis.com",),
    omit=("seed",),
    schema_mode="unbounded",
    subset=closed_with_named_choices,
    reasons=True,
    thinking=_efforts("none", "medium"),
    thinking_by_model={r"gemini-2\.5-pro|gemini-[3-9]": {"off": None}},
)


def _deepseek(kind: str, effort: str = "") -> Thinking:
    return Thinking({"thinking": {"type": kind}, **({"reasoning_effort": effort} if effort else {})})


# JSON objects only, with the word in the prompt (api-docs.deepseek.com/guides/json_mode); thinking: api-docs.deepseek.com/guides/thinking_mode;
# no seed among the parameters (api-docs.deepseek.com/api/create-chat-completion).
DEEPSEEK = Dialect(
    "DeepSeek",
    hosts=("api.deepseek.com",),
    omit=("seed",),
    schema_mode="json_object",
    reasons=True,
    thinking={
        "off": _deepseek("disabled"),
        "on": _deepseek("enabled"),
        **{level: _deepseek("enabled", level) for level in ("low", "medium", "high")},
    },
)

# random_seed, and unknown parameters are refused (docs.mistral.ai/api/endpoint/chat); reasoning_effort is none or high
# (docs.mistral.ai/capabilities/reasoning/adjustable).
MISTRAL = Dialect(
    "Mistral",
    hosts=("api.mistral.ai",),
    rename={"seed": "random_seed"},
    temperatures=(0.0, 1.5),
    schema_mode="unbounded",
    thinking={
        "off": Thinking({"reasoning_effort": "none"}),
        **{level: Thinking({"reasoning_effort": "high"}) for level in ("on", "low", "medium", "high")},
    },
)

# Passed on to providers of all kinds, OpenAI's and Google's among them (openrouter.ai/docs/features/structured-outputs); one field for thinking
# (openrouter.ai/docs/use-cases/reasoning-tokens).
OPENROUTER = Dialect(
    "OpenRouter",
    hosts=("openrouter.ai",),
    schema_mode="unbounded",
    thinking={
        "off": Thinking({"reasoning": {"enabled": False}}),
        "on": Thinking({"reasoning": {"enabled": True}}),
        **{level: Thinking({"reasoning": {"effort": level}}) for level in ("low", "medium", "high")},
    },
)

# docs.together.ai/docs/json-mode; hybrid models have reasoning.enabled, gpt-oss has reasoning_effort (docs.together.ai/docs/reasoning-overview).
TOGETHER = Dialect(
    "Together",
    hosts=("api.together.xyz", "api.together.ai"),
    schema_mode="unbounded",
    thinking={
        "off": Thinking({"reasoning": {"enabled": False}}),
        "on": Thinking({"reasoning": {"enabled": True}}),
        **{
            level: Thinking({"reasoning": {"enabled": True}, "reasoning_effort": level})
            for level in ("low", "medium", "high")
        },
    },
)

# JSON objects at most models (help.aliyun.com/en/model-studio/json-mode); enable_thinking, which open models of Qwen3 want off where a reply is not
# streamed (github.com/infiniflow/ragflow/issues/8972); docs.siliconflow.cn/docs/api/chat-completions-post is alike.
DASHSCOPE = Dialect(
    "Alibaba's Model Studio (DashScope)",
    hosts=("dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com", "dashscope-us.aliyuncs.com"),
    schema_mode="json_object",
    thinking={
        "off": Thinking({"enable_thinking": False}),
        "on": Thinking({"enable_thinking": True}),
        "low": Thinking({"enable_thinking": True, "thinking_budget": 1024}),
        "medium": Thinking({"enable_thinking": True, "thinking_budget": 4096}),
        "high": Thinking({"enable_thinking": True, "thinking_budget": 16384}),
    },
)
SILICONFLOW = replace(DASHSCOPE, title="SiliconFlow", hosts=("api.siliconflow.cn", "api.siliconflow.com"))

# Sampling of the Kimi models is fixed; thinking.type and max_completion_tokens (platform.kimi.ai/docs/api/models-overview).
MOONSHOT = Dialect(
    "Moonshot's Kimi models",
    hosts=("api.moonshot.cn", "api.moonshot.ai"),
    omit=("temperature", "top_p", "seed"),
    rename={"max_tokens": "max_completion_tokens"},
    schema_mode="json_object",
    reasons=True,
    thinking={
        "off": Thinking({"thinking": {"type": "disabled"}}),
        "on": Thinking({"thinking": {"type": "enabled"}}),
    },
)

# top_p below 1 (github.com/argilla-io/synthetic-data-generator/issues/48), a temperature above 0 before version 2; the schema in `value`
# (router/src/lib.rs, GrammarType). Long bounds make its automata large.
TGI = Dialect(
    "text-generation-inference",
    left_out={"top_p": 1.0},
    temperatures=(0.01, 2.0),
    schema_mode="unbounded",
    schema_format=_schema_beside("value"),
    object_format={"type": "json_object", "value": {"type": "object"}},
    thinking=_template_switches(),
)

# Grammars refuse maxLength from 2,000 on (github.com/ggml-org/llama.cpp/issues/25746), and json_schema failed beside --jinja for a while
# (issue 11847): the form with `schema` is the oldest one (tools/server/README.md). No WebP (github.com/cline/cline/issues/8977).
LLAMACPP = Dialect(
    "llama.cpp's server",
    schema_mode="unbounded",
    schema_format=_schema_beside("schema"),
    image_types=("image/jpeg", "image/png"),
    thinking=_template_switches(),
)

# Both run llama.cpp's grammars. Efforts: docs.ollama.com/api/openai-compatibility; LM Studio takes json_schema alone
# (github.com/lmstudio-ai/lmstudio-bug-tracker/issues/189) and no WebP (issue 1839).
OLLAMA = Dialect("Ollama", schema_mode="unbounded", thinking=_efforts("none", "medium"))
LMSTUDIO = Dialect(
    "LM Studio",
    schema_mode="unbounded",
    object_format=openai_schema({"type": "object"}),
    image_types=("image/jpeg", "image/png"),
    thinking=_efforts("none", "medium"),
)
