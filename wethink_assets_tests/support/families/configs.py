"""Configurations of the image-text architectures of transformers, so small that they train in seconds."""

from collections.abc import Mapping, Sequence
from typing import Any

SMALL: dict[str, int] = {
    "hidden_size": 32, "d_model": 32, "embed_dim": 32, "intermediate_size": 32, "ffn_dim": 32, "d_ff": 32, "out_hidden_size": 32,
    "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "moe_intermediate_size": 16, "shared_expert_intermediate_size": 16,
    "intermediate_size_mlp": 32, "projection_dim": 32, "vision_output_dim": 32, "projector_hidden_size": 32, "fc_hidden_size": 32,
    "num_hidden_layers": 2, "num_layers": 2, "depth": 2, "encoder_layers": 1, "decoder_layers": 2, "num_global_layers": 1,
    "num_attention_heads": 2, "num_heads": 2, "attention_heads": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "num_key_value_heads": 1, "head_dim": 16, "d_kv": 16, "q_lora_rank": 16, "kv_lora_rank": 16, "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8, "v_head_dim": 16, "linear_num_key_heads": 1, "linear_num_value_heads": 2, "linear_key_head_dim": 16,
    "linear_value_head_dim": 16, "num_experts": 4, "num_local_experts": 4, "n_routed_experts": 4, "num_experts_per_tok": 2,
    "n_group": 1, "topk_group": 1, "n_shared_experts": 1, "first_k_dense_replace": 1, "num_query_tokens": 4,
    "hidden_size_per_layer_input": 8, "altup_num_inputs": 2, "laurel_rank": 4, "max_position_embeddings": 2048, "sliding_window": 64,
}  # fmt: skip
DERIVED = (
    "layer_types", "mlp_layer_types", "layers_block_type", "no_rope_layers", "moe_layers", "transformers_version", "_name_or_path",
    "architectures", "per_layer_config", "dtype",
)  # fmt: skip
"""Left out, as they follow from the number of layers."""
PATCHES = 4
"""Patches along a side of the picture that a tower of fixed size sees."""
LINEAR = {"text_config.layer_types": ["linear_attention", "full_attention"]}
SLIDING = {"text_config.layer_types": ["sliding_attention", "full_attention"]}
ROPE = {"rope_type": "default", "rope_theta": 10000.0}
MROPE = {"text_config.rope_parameters": {**ROPE, "mrope_section": [2, 3, 3]}}
CHANGES: dict[str, dict[str, Any]] = {
    "aria": {"projector_patch_to_query_dict": {1225: 128, 4900: 256}, "vision_config.image_size": 490},
    "gemma3": {"mm_tokens_per_image": 4},
    "shieldgemma2": {"mm_tokens_per_image": 4},
    "t5gemma2": {"encoder.mm_tokens_per_image": 4},
    "gemma3n": {
        "text_config.intermediate_size": [32, 32],
        "text_config.activation_sparsity_pattern": [0.0, 0.0],
        "text_config.num_kv_shared_layers": 0,
        **SLIDING,
    },
    "gemma4": {**SLIDING, "text_config.num_kv_shared_layers": 0},
    "gemma4_unified": {**SLIDING, "text_config.num_kv_shared_layers": 0},
    "glm5_next": {"text_config.num_key_value_heads": 2},
    "mllama": {
        "text_config.cross_attention_layers": [1],
        "vision_config.intermediate_layers_indices": [0],
        "vision_config.vision_output_dim": 64,
    },
    "qwen2_vl": MROPE,
    "qwen2_5_vl": MROPE,
    "glm4v": MROPE,
    "glm46v": MROPE,
    "glm_ocr": MROPE,
    "glmga": MROPE,
    "paddleocr_vl": MROPE,
    "glm4v_moe": {"text_config.rope_parameters": {**ROPE, "mrope_section": [2, 1, 1], "partial_rotary_factor": 0.5}},
    "qwen2_5_omni_thinker": {"vision_start_token_id": 1014, "vision_end_token_id": 1015, **MROPE},
    "qwen3_omni_moe_thinker": {"vision_start_token_id": 1014, "vision_end_token_id": 1015},
    "minicpmv4_6": LINEAR,
    "qwen3_5": LINEAR,
    "qwen3_5_moe": LINEAR,
    "qwen4_exp": LINEAR,
    "qwen3_vl": {"vision_config.deepstack_visual_indexes": [0]},
    "qwen3_vl_moe": {"vision_config.deepstack_visual_indexes": [0]},
    "cosmos3_omni": {"vision_config.deepstack_visual_indexes": [0]},
    "vipllava": {"vision_feature_layers": [-1, -2]},
}
"""What single families need beside: values by their dotted name."""


def tiny_config(family: str, vocabulary: int) -> Any:
    """The default configuration of an architecture with every size cut down."""
    from transformers import CONFIG_MAPPING

    kind = CONFIG_MAPPING[family]
    values = _shrunk(kind().to_dict(), CHANGES.get(family, {}), vocabulary)
    return kind.from_dict(values)


def _shrunk(values: Mapping[str, Any], changes: Mapping[str, Any], vocabulary: int, path: str = "") -> dict[str, Any]:
    small: dict[str, Any] = {}
    for name, value in values.items():
        if name in DERIVED:
            continue
        if name == "image_grid_pinpoints" and value:
            side = PATCHES * values.get("vision_config", {}).get("patch_size", 14)
            value = [[side, 2 * side], [2 * side, side], [2 * side, 2 * side]]
        elif name == "rope_parameters" and isinstance(value, dict) and value.get("mrope_section"):
            value = {**value, "mrope_section": _scaled(value["mrope_section"], SMALL["head_dim"] // 2)}
        elif isinstance(value, dict) and (name.endswith("config") or name in ("encoder", "decoder")):
            value = _shrunk(value, changes, vocabulary, f"{path}{name}.")
        elif name == "vocab_size":
            value = vocabulary
        elif isinstance(value, int) and not isinstance(value, bool):
            if name in SMALL:
                value = min(value, SMALL[name])
            elif name == "image_size" and isinstance(values.get("patch_size"), int):
                value = PATCHES * values["patch_size"]
            elif name.endswith(("token_id", "token_index")) and value >= vocabulary:
                value = vocabulary - 1
        small[name] = value
    small.update({name[len(path) :]: value for name, value in changes.items() if _is_in(name, path)})
    return small


def _is_in(name: str, path: str) -> bool:
    return name.startswith(path) and "." not in name[len(path) :]


def _scaled(sections: Sequence[int], total: int) -> list[int]:
    """Sections of a rotary embedding in the same proportions, with another sum."""
    first = [max(1, section * total // sum(sections)) for section in sections]
    return [total - sum(first[1:]), *first[1:]]
