"""Rules of servers that one runs oneself, each with its source: documentation or source of the server, or a public report."""

import base64
from collections.abc import Mapping
from typing import Any

from wethink_assets_tests.support.services.rules import Body, Refused, Rules, parts_of, schema_keys

__all__ = ["LOCAL"]


def vllm_error(refused: Refused) -> Any:
    """Source: vllm/entrypoints/openai/protocol.py, ErrorResponse."""
    kind = {400: "BadRequestError", 404: "NotFoundError", 401: "Unauthorized"}.get(
        refused.status, "InternalServerError"
    )
    return {"error": {"message": refused.message, "type": kind, "param": None, "code": refused.status}}


def _template(name: str) -> Any:
    """Whether a chat template's switch is on, as Qwen3's is (`enable_thinking`) by itself, and DeepSeek-V3.1's (`thinking`) is not."""
    return lambda body: (body.get("chat_template_kwargs") or {}).get(name, True)


def reasoning_beside(text: str, thought: str, body: Body) -> dict[str, Any]:
    """Thought in a field of its own. Source: docs.vllm.ai/en/latest/features/reasoning_outputs.html; SGLang's separate_reasoning."""
    return {"role": "assistant", "content": text, "reasoning_content": thought or None, "tool_calls": []}


def flat_error(refused: Refused) -> Any:
    """Errors of SGLang. Source: sglang/srt/entrypoints/openai/protocol.py, ErrorResponse."""
    return {"object": "error", "message": refused.message, "type": "BadRequest", "param": None, "code": refused.status}


def tgi_sampling(body: Body) -> None:
    """Sources: router/src/validation.rs of text-generation-inference; words of github.com/argilla-io/synthetic-data-generator/issues/48."""
    if "top_p" in body and not 0 < body["top_p"] < 1:
        raise Refused(422, "Input validation error: `top_p` must be > 0.0 and < 1.0")
    if body.get("temperature", 1) <= 0:
        raise Refused(422, "Input validation error: `temperature` must be strictly positive")


def tgi_grammar(body: Body) -> None:
    """`json_object` or `json` carry the schema in `value`; later versions take OpenAI's `json_schema`. Source: router/src/lib.rs, GrammarType."""
    wanted = body.get("response_format")
    if wanted is None:
        return
    if wanted["type"] in ("json", "json_object") and "value" not in wanted:
        raise Refused(
            422, "Failed to deserialize the JSON body into the target type: response_format: missing field `value`"
        )
    if wanted["type"] == "json_schema" and "value" not in wanted and "json_schema" not in wanted:
        raise Refused(422, "Failed to deserialize the JSON body into the target type: response_format")


def tgi_error(refused: Refused) -> Any:
    """Source: router/src/lib.rs, ErrorResponse."""
    return {"error": refused.message, "error_type": "validation" if refused.status == 422 else "generation"}


def llama_format(body: Body) -> None:
    """`json_object` with an optional `schema`, or `json_schema`. Source: common/chat.cpp and tools/server/README.md of llama.cpp."""
    wanted = body.get("response_format")
    if wanted is not None and wanted.get("type") not in ("text", "json_object", "json_schema"):
        raise Refused(
            400, f'response_format type must be one of "text" or "json_object", but got: {wanted.get("type")}'
        )


def llama_grammar(body: Body) -> None:
    """Repetitions of 2,000 and more fail the whole request. Source: github.com/ggml-org/llama.cpp/issues/25746; Ollama and LM Studio run the same."""
    wanted = body.get("response_format") or {}
    schema = wanted.get("schema") or (wanted.get("json_schema") or {}).get("schema") or {}
    for _, keyword, bound in schema_keys(schema):
        if keyword in ("maxLength", "maxItems") and bound >= 2000:
            raise Refused(400, "Failed to initialize samplers: failed to parse grammar")


def no_webp(refusal: str) -> Any:
    """Pictures are JPEG or PNG. Sources: github.com/cline/cline/issues/8977 (llama.cpp), github.com/lmstudio-ai/lmstudio-bug-tracker/issues/1839."""

    def check(body: Body) -> None:
        for part in parts_of(body):
            if part["type"] == "image_url":
                data = base64.b64decode(part["image_url"]["url"].partition(";base64,")[2])
                if not data.startswith((b"\xff\xd8\xff", b"\x89PNG")):
                    raise Refused(400, refusal)

    return check


def llama_error(refused: Refused) -> Any:
    """Source: tools/server/utils.hpp of llama.cpp, format_error_response."""
    return {"error": {"code": refused.status, "message": refused.message, "type": refused.kind}}


def lmstudio_format(body: Body) -> None:
    """Words of github.com/lmstudio-ai/lmstudio-bug-tracker/issues/307 and 189."""
    wanted = body.get("response_format")
    if wanted is not None and wanted.get("type") not in ("json_schema", "text"):
        raise Refused(400, "'response_format.type' must be 'json_schema' or 'text'")


LOCAL: Mapping[str, Rules] = {
    "vllm": Rules(
        model="Qwen/Qwen3-VL-8B-Thinking",
        error=vllm_error,
        message=reasoning_beside,
        thinks=_template("enable_thinking"),
        limits=None,
    ),
    "sglang": Rules(
        model="Qwen/Qwen3-VL-8B-Thinking",
        error=flat_error,
        message=reasoning_beside,
        thinks=_template("enable_thinking"),
        finish_reasons={},
        limits=None,
    ),
    "tgi": Rules(
        model="tgi", any_model=True, key_header="", checks=(tgi_sampling, tgi_grammar), error=tgi_error, limits=None
    ),
    "ollama": Rules(
        model="qwen2.5vl:7b",
        key_header="",
        checks=(llama_grammar,),
        message=lambda text, thought, body: {
            "role": "assistant",
            "content": text,
            **({"reasoning": thought} if thought else {}),
        },
        # Source: docs.ollama.com/api/openai-compatibility (reasoning_effort) and docs.ollama.com/capabilities/thinking.
        thinks=lambda body: body.get("reasoning_effort", "none") != "none",
        limits=None,
    ),
    "llamacpp": Rules(
        model="any.gguf",
        any_model=True,
        key_header="",
        checks=(llama_format, llama_grammar, no_webp("Failed to load image or audio file")),
        error=llama_error,
        limits=None,
    ),
    "lmstudio": Rules(
        model="qwen2.5-vl-7b-instruct",
        any_model=True,
        key_header="",
        checks=(
            lmstudio_format,
            llama_grammar,
            no_webp("'url' field must be a base64 encoded image."),
        ),
        error=lambda refused: {"error": refused.message},
        error_in_200=lambda message: {"error": message},
        limits=None,
    ),
}
