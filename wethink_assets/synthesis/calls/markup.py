"""Markup in replies: the tags by which models set thoughts and answers apart, and the tokens that chat templates are made of.

Thoughts are told from answers by `<think>` and `<answer>`; what other models write in their place becomes those. A token of a chat template is no
text: in a row it would end a turn, or a thought, in somebody's training. Sources: chat templates of the models on Hugging Face (Qwen, DeepSeek,
Mistral, Kimi, Seed, Gemma, GLM, Command, Llama, InternVL, LLaVA-CoT, OpenThinker), OpenAI's harmony format.
"""

import re

from wethink_assets.synthesis.calls.languages import unquoted

__all__ = ["leaked_token", "markup_in", "with_known_tags", "without_role"]

_THOUGHT = (
    "think|thinking|thought|thoughts|thought_process|think_fast|think_faster|thinking_process|reason|reasoning|reasoning_process|rationale|planning|brainstorm|reflection|analysis|scratchpad|scratch_pad|cot|"
    "chain_of_thought|inner_monologue|internal_monologue|inner_thoughts|monologue|deliberation|antthinking|longcat_think"
)
_ANSWER = "answer|final_answer|final|conclusion|solution|response|final_response|output|final_output"
_NAMED = re.compile(
    rf"(?<![\"'`\u201c\u2018])<(/?)\s?(?:[a-z]{{1,20}}[:_|])?(?:({_THOUGHT})|({_ANSWER}))(?:\s[^<>]{{0,80}})?>",
    re.IGNORECASE,
)
_EMPTY = re.compile(r"<(?:think|thinking|thought|reasoning)\s*/>", re.IGNORECASE)
_ESCAPED = re.compile(rf"&lt;(/?(?:{_THOUGHT}|{_ANSWER}))&gt;", re.IGNORECASE)
_FOLDED = re.compile(r'<details type="reasoning"[^<>]{0,200}>')  # Open WebUI
_ROLE = re.compile(r"\s*assistant[ \t]*\n\s*(?=\S)")  # what is left of a header whose special tokens were skipped
_BRACKETED = re.compile(
    r"(?<![\"'`\u201c\u2018])\[(/?)(?:THINK|THINKING|THOUGHT|REASONING)\]|\u25c1(/?)think(?:ing)?\u25b7"
)
_PIPED = re.compile(
    r"<[|\uff5c]\s?(?:(?P<open>(?:begin_of_|start_of_|start_|begin_)?(?:thought|thinking|think|reasoning))"
    r"|(?P<close>(?:end_of_|end_|/)(?:thought|thinking|think|reasoning))"
    r"|(?P<start>(?:begin_of_|start_of_|start_|begin_)(?:solution|response|answer|box))"
    r"|(?P<end>(?:end_of_|end_|/)(?:solution|response|answer|box)))\s?[|\uff5c]>",
    re.IGNORECASE,
)
_CHANNEL = re.compile(
    r"<\|channel\|?>\s*(\w{1,20})[^<\n]{0,60}(?:<\|message\|>)?|<unused94>\s*(thought)?", re.IGNORECASE
)
_CHANNEL_END = re.compile(
    r"<channel\|>|<unused95>|<\|end\|>|<\|return\|>|<\|call\|>|<\|start\|>\s*assistant", re.IGNORECASE
)
_FINAL = re.compile(r"<\|channel\|?>\s*final[^<\n]{0,60}(?:<\|message\|>)?", re.IGNORECASE)
_BARE_CHANNELS = re.compile(r"\s*analysis(?=[A-Z\s])", re.IGNORECASE)
_BARE_FINAL = "assistantfinal"


def with_known_tags(reply: str) -> str:
    """A reply whose thoughts stand in `<think>` and whose answer, where it is set apart, in `<answer>`, however its model writes them.

    >>> with_known_tags("[THINK]Two bars.[/THINK]2"), with_known_tags("<seed:think>Two bars.</seed:think>2")
    ('<think>Two bars.</think>2', '<think>Two bars.</think>2')
    >>> with_known_tags("<|channel|>analysis<|message|>Two bars.<|end|><|start|>assistant<|channel|>final<|message|>2<|return|>")
    '<think>Two bars.</think>2'
    """
    if "&lt;" in reply:
        reply = _ESCAPED.sub(r"<\1>", reply)
    if "<" in reply:
        reply, folded = _FOLDED.subn("<think>", _EMPTY.sub("", reply))
        reply = reply.replace("</details>", "</think>", folded) if folded else reply
        reply = _channels(reply)
        reply = _PIPED.sub(_piped, reply)
        reply = _NAMED.sub(lambda tag: f"<{tag[1]}{'think' if tag[2] else 'answer'}>", reply)
    if "[" in reply or "\u25c1" in reply:
        reply = _BRACKETED.sub(lambda tag: f"<{tag[1] or tag[2] or ''}think>", reply)
    bare = _BARE_CHANNELS.match(reply)
    if bare and _BARE_FINAL in reply:
        thought, _, answer = reply[bare.end() :].rpartition(_BARE_FINAL)
        return f"<think>{thought}</think>{answer}"
    return reply


def without_role(text: str) -> str:
    """A text without the line `assistant` that stands before it.

    >>> without_role("assistant\\n\\nA red circle."), without_role("assistant")
    ('A red circle.', 'assistant')
    """
    return _ROLE.sub("", text, count=1) if _ROLE.match(text) else text


def _piped(tag: "re.Match[str]") -> str:
    box = tag[0].lower().strip("<>|\uff5c /").endswith("box")
    if tag["open"] or tag["close"]:
        return "<think>" if tag["open"] else "</think>"
    return "" if box else "<answer>" if tag["start"] else "</answer>"


def _channels(reply: str) -> str:
    """Thoughts of channels as `<think>`: what the last final channel says is the rest; without one, what follows the end of the thought."""
    first = _CHANNEL.search(reply)
    if first is None:
        return reply
    finals = list(_FINAL.finditer(reply))
    if finals:
        thought = _CHANNEL_END.sub("", _CHANNEL.sub("", reply[: finals[-1].start()]))
        rest = _CHANNEL_END.sub("", reply[finals[-1].end() :])
        return f"<think>{thought}</think>{rest}" if thought.strip() else rest
    end = _CHANNEL_END.search(reply, first.end())
    if end is None:
        return f"<think>{reply[first.end() :]}"
    return f"<think>{reply[first.end() : end.start()]}</think>{_CHANNEL_END.sub('', reply[end.end() :])}"


_TOKEN = re.compile(
    r"</?(?:think|answer|tool_call|tool_response)>|<[|\uff5c][^|\uff5c<>\n]{1,40}[|\uff5c]>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_(?:turn|utterance|image)>"
    r"|</?s>|<(?:bos|eos|pad|unk|image_soft_token|img_context|unused\d{1,3}|extra_id_\d{1,3}|special_\d{1,4}|reserved_\d{1,4}|0x[0-9A-F]{2})>"
    r"|<(?:sop|eop|eo[aht]|turn\||\|turn|seed:[a-z_]{1,20}|endoftext|(?:begin|start|end)_of_text|loc_?\d{1,4}|patch_index_\d{1,5})>"
    r"|\[/?(?:AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|SYSTEM_PROMPT|MODEL_SETTINGS|IMG_BREAK|IMG_END|[gs]MASK|UNUSED_TOKEN_\d{1,3})\]"
    r"|\[\|/?[a-z_]{1,20}\|\]|\[e~\[|\]~!?b[\[\]]|\]<\][a-z]{1,20}\[>\[",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"^#{2,3} ?(?:human|user|assistant|system|instruction|response|input) ?:", re.IGNORECASE | re.MULTILINE
)
_NEXT_TURN = re.compile(r"(?<=\S)[ \t]*\n[ \t]*\n(?:human|user) ?: ?(?=\S)", re.IGNORECASE)
_DIALOGUE = re.compile(
    r"\b(?:chats?|conversations?|dialogues?|transcripts?|messages?|interviews?|screenshots?)\b", re.IGNORECASE
)
_LABELS = re.compile(r"\[(?:PAD|UNK|CLS|SEP|MASK|BOS|EOS)\]|<(?:image|img|video|mask)>", re.IGNORECASE)
MOST_TOKENS = 50  # that may be copied from an image
_INTRODUCED = re.compile(
    r"\b(?:reads?|says?|said|writ(?:ten|es|ing)|text|words?|labell?ed|labels?|inscription|printed|titled?|shows?|code|token)\b[^\n]{0,400}$",
    re.IGNORECASE,
)


def markup_in(text: str) -> str | None:
    """Markup of chat templates or of the training prompt in a text, or None."""
    markup = _TOKEN.search(text)
    return markup[0] if markup else None


def leaked_token(text: str) -> str | None:
    """The first token of a chat template that was not copied from the image: one at either end of the text or of a line, or that nothing introduces.

    >>> leaked_token("A red circle.<|im_end|>"), leaked_token('A slide explains the token "<|im_end|>".')
    ('<|im_end|>', None)
    """
    next_turn = _NEXT_TURN.search(text) if "\n" in text else None
    if next_turn and not _DIALOGUE.search(text, 0, next_turn.start()):
        return next_turn[0].strip()
    if "<" not in text and "[" not in text and "#" not in text:
        return None
    bare = unquoted(text).strip()
    for number, token in enumerate(_TOKEN.finditer(bare)):
        before, after = bare[max(0, token.start() - 600) : token.start()], bare[token.end() : token.end() + 600]
        copied = before.rstrip(" ") and not before.endswith("\n") and after.strip(" \t.") and _INTRODUCED.search(before)
        if not copied or number >= MOST_TOKENS:
            return token[0]
    header = _HEADER.match(bare) or (_LABELS.fullmatch(bare))
    return header[0] if header else None
