"""Parsing of model replies: what one says once its thoughts, wrappings and faults are taken off, as text fit for tables.

Replies are hostile input: whatever they are, the functions here either return a value or raise `MalformedReply`, in linear time.
"""

import json
import re
from itertools import islice
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from wethink_assets.errors import ModelError
from wethink_assets.identity import canonical_json
from wethink_assets.models.chat import CallFailed, Completion, Role
from wethink_assets.models.finish_reasons import finish_reason_of
from wethink_assets.synthesis.calls.markup import with_known_tags, without_role

MAX_REPLY = 1_000_000
UNTOLD = (
    "{role}: the service tells no probabilities of its tokens, which description_certainty and answer_certainty of [pipeline] go by; "
    "set extra_body = {{ logprobs = true }} in [roles.{role}] where the service has that, else set both to 0"
)
MOST_TOKENS = 2**31 - 1
# C0 and C1 controls but not tab and line feed, what reverses or hides text (zero-width and bidirectional marks, byte order mark,
# annotations, tags: in those whole sentences have been smuggled), and what is no character at all.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f]"
)
_LINES = re.compile("\r\n|[\r\u2028\u2029]")
_RUNS = (" " * 9, "\n\n\n", "\n ")  # without these `_ENDLESS` matches in no printable text
_ENDLESS = re.compile(r"\n(?:[ \t]*\n){2,}|[^\S\n]{9,}")


def whole_text(text: str) -> str:
    """Text that every store and encoder takes: pairs of surrogates joined, lone ones replaced by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def kept_reply(reply: Completion) -> Completion:
    """A reply in the form in which it is journaled and used: whole text, no longer than what says that it is too long, sane counts."""
    return Completion(
        whole_text(reply.text[: MAX_REPLY + 1]),
        min(max(reply.prompt_tokens, 0), MOST_TOKENS),
        min(max(reply.completion_tokens, 0), MOST_TOKENS),
        finish_reason_of(whole_text(reply.finish_reason[:80])),
        whole_text(reply.model[:300]),
        min(max(reply.cached_tokens, 0), MOST_TOKENS),
        reply.counted,
        reply.certainty if reply.certainty is not None and 0 <= reply.certainty <= 1 else None,
    )


def require_usable(role: Role, reply: Completion, certain: bool) -> None:
    """Raise `CallFailed` for a kept reply that its service gave up, `ModelError` for one that should say how certain the model was and does not."""
    if certain and reply.certainty is None and reply.finish_reason == "stop" and reply.text.strip():
        raise ModelError(UNTOLD.format(role=role))
    if reply.finish_reason == "failed":
        raise CallFailed(f"{role}: the service gave up its reply ({reply.finish_reason!r}): {reply.text[:120]!r}")


def clean_text(text: str) -> str:
    """Text for people and tables: whole, without control characters, line ends as \\n, no outer and no endless white space."""
    # Most texts hold nothing but letters, spaces and single or double line ends; what is not printable is looked at more closely.
    if text.replace("\n", "").isprintable() and not any(run in text for run in _RUNS):
        return text.strip()
    text = _CONTROL.sub("", _LINES.sub("\n", whole_text(text)))
    return _ENDLESS.sub(lambda run: "\n\n" if "\n" in run[0] else " " * 8, text).strip()


MAX_PAYLOAD = 100_000
JSON_ATTEMPTS = 8
TAG_PASSES = 4
MOST_TAGS = 2_000
_TAG = re.compile(r"<(/?)(think|answer)>", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n\s*\n")


class MalformedReply(Exception):
    """A reply that cannot be used. `code` is short and countable, `detail` says more."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail[:300]


def _thought_and_rest(reply: str) -> tuple[str, str]:
    """Thought and payload of a reply, both with inner tags left in."""
    if len(reply) > MAX_REPLY:
        raise MalformedReply("too_long", f"{len(reply)} characters")
    reply = with_known_tags(reply)
    tags = [(m.start(), m.end(), m[1] == "/", m[2].lower()) for m in islice(_TAG.finditer(reply), MOST_TAGS + 1)]
    if len(tags) > MOST_TAGS:
        raise MalformedReply("too_many_tags", f"more than {MOST_TAGS}")
    first = next(((start, end, closing) for start, end, closing, name in tags if name == "think"), None)
    answer = next((start for start, _, closing, name in tags if name == "answer" and not closing), None)
    if first is None or (answer is not None and answer < first[0] and not first[2]):
        return (reply[:answer], reply[answer:]) if answer is not None else ("", reply)
    if first[2]:  # the chat template had opened the thought
        return reply[: first[0]], reply[first[1] :]
    depth = 0
    last_close: tuple[int, int] | None = None
    for start, end, closing, name in tags:
        if name != "think":
            continue
        depth += -1 if closing else 1
        last_close = (start, end) if closing else last_close
        if depth == 0:
            return _with_further_thoughts(reply[first[1] : start], reply[end:])
    if last_close is None:
        raise MalformedReply("unclosed_think", "the reply ends inside its thought")
    return reply[first[1] : last_close[0]], reply[last_close[1] :]


def _with_further_thoughts(thought: str, rest: str) -> tuple[str, str]:
    """Thought and payload, where the payload begins with another thought, or another one follows it."""
    if "<" not in rest:
        return thought, rest
    kept, depth, start, seen = [], 0, 0, False
    for tag in _TAG.finditer(rest):
        if tag[2].lower() == "answer":
            seen = seen or depth == 0  # what stands behind it is no thought of the model's but of its answer
        elif not seen and not tag[1]:
            if depth == 0:
                kept.append(rest[start : tag.start()])
                start = tag.end()
            depth += 1
        elif not seen and depth:
            depth -= 1
            if depth == 0:
                thought, start = f"{thought}\n{rest[start : tag.start()]}", tag.end()
    if depth:
        raise MalformedReply("unclosed_think", "the reply ends inside a further thought")
    return thought, "".join([*kept, rest[start:]])


def _payload(text: str) -> str:
    parts, inside = [], None
    for match in _TAG.finditer(text):
        if match[2].lower() != "answer":
            continue
        if not match[1]:
            inside = match.end() if inside is None else inside
        elif inside is not None:
            parts.append(text[inside : match.start()])
            inside = None
    if inside is not None:
        parts.append(text[inside:])
    contents = {clean_text(part) for part in parts} if parts else {clean_text(text)}
    if len(contents) > 1:
        raise MalformedReply("several_answers", f"{len(parts)} different answers")
    return _untagged(contents.pop())


def _untagged(text: str) -> str:
    """Clean text without tags, also those that appear when others are taken out of them."""
    for _ in range(TAG_PASSES):
        bare = _TAG.sub("", text)
        if bare == text:
            return text
        text = clean_text(bare)
    raise MalformedReply("nested_tags", f"{text[:80]!r}")


def final_text(reply: str) -> str:
    """What a reply says in the end: the content of `<answer>`, else what follows the thought, else all of it.

    Raises `MalformedReply` (`empty`, `too_long`, `unclosed_think`, `several_answers`, `nested_tags`, `too_many_tags`).
    """
    thought, rest = _thought_and_rest(reply)
    return _checked_payload(thought, without_role(rest))


def split_answer(reply: str) -> tuple[str, str]:
    """Thought (may be empty) and final text of a reply. Raises as `final_text`, also for a thought that is too long to be kept."""
    thought, rest = _thought_and_rest(reply)
    payload = _checked_payload(thought, without_role(rest))
    kept = _BLANK_LINES.sub("\n", _untagged(clean_text(thought)))
    if len(kept) > MAX_PAYLOAD:
        raise MalformedReply("too_long", f"a thought of {len(kept)} characters")
    return kept, payload


def _checked_payload(thought: str, rest: str) -> str:
    payload = _payload(rest)
    if not payload:
        raise MalformedReply("empty", "nothing but a thought" if thought.strip() else "an empty reply")
    if len(payload) > MAX_PAYLOAD:
        raise MalformedReply("too_long", f"{len(payload)} characters")
    return payload


ReplyModel = TypeVar("ReplyModel", bound=BaseModel)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, value in pairs:
        if key in fields and canonical_json(fields[key]) != canonical_json(value):
            raise MalformedReply("duplicate_key", key[:60])
        fields[key] = value
    return fields


def _no_constant(name: str) -> Any:
    raise MalformedReply("not_json", f"{name} is no JSON")


DECODER = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_no_constant, strict=False)


def first_object(text: str) -> dict[str, Any]:
    """The first JSON object in a text, whatever stands around it. Raises `MalformedReply` (`not_json`, `duplicate_key`)."""
    start = -1
    for _ in range(JSON_ATTEMPTS):
        start = text.find("{", start + 1)
        if start < 0:
            break
        try:
            value, _ = DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and value:
            return value
    raise MalformedReply("not_json", f"no JSON object in {text[:80]!r}")


def parse_json_reply(reply: str, model: type[ReplyModel]) -> ReplyModel:
    """The reply's JSON payload as `model`. Raises `MalformedReply` (codes of `final_text`, `not_json`, `duplicate_key`, `wrong_shape`).

    >>> parse_json_reply('<think>two?</think>```json\\n{"score": 0.5, "reason": "half"}\\n```', Grade).score
    0.5
    """
    return as_model(first_object(final_text(reply)), model)


def as_model(value: Any, model: type[ReplyModel]) -> ReplyModel:
    """A JSON value as `model`. Raises `MalformedReply` (`wrong_shape`) that names the first field at fault."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        location = ".".join(str(part) for part in fault["loc"])
        raise MalformedReply("wrong_shape", f"{location}: {fault['msg']}" if location else str(fault["msg"])) from None
