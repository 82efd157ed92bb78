"""Conversations about an image: ShareGPT as LLaMA-Factory reads it, messages as ms-swift does, and TRL's prompt with its completion.

Each question of the user with the reply that follows is a pair; a system message is none. Other columns go along with the first pair.
Rows of verl are a prompt of messages, too, with `images`, `reward_model.ground_truth`, `data_source` and `extra_info`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wethink_assets.dataset.imports.format import FIELDS, Fields, ImportFormat, Record, first_of

TURNS = ("conversations", "messages", "conversation", "prompt")
IMAGES = ("images", "image", "image_path")
USERS = ("human", "user")
ASSISTANTS = ("gpt", "assistant", "model")


def _turns(record: Record) -> Sequence[Mapping[str, Any]]:
    name = first_of(record, TURNS)
    turns = record[name] if name else None
    if (
        not isinstance(turns, Sequence)
        or isinstance(turns, str)
        or not all(isinstance(turn, Mapping) for turn in turns)
    ):
        return ()
    completion = record.get("completion")
    return [*turns, *completion] if name == "prompt" and isinstance(completion, list) else turns


def _role(turn: Mapping[str, Any]) -> str:
    return str(turn.get("from") or turn.get("role") or "").lower()


def _text(turn: Mapping[str, Any]) -> str:
    value = turn.get("value", turn.get("content", turn.get("text")))
    if isinstance(value, list):  # parts, of which some are images
        return "".join(str(part.get("text") or "") for part in value if isinstance(part, Mapping))
    return str(value or "")


def recognises(record: Record) -> bool:
    """Whether a record is a conversation with a reply."""
    return any(_role(turn) in ASSISTANTS for turn in _turns(record))


def fields_of(record: Record) -> Iterator[Fields]:
    """A pair for each question with the reply that follows it."""
    image = next((record[name] for name in IMAGES if record.get(name)), None)
    further = {name: record[name] for name in FIELDS if name in record and name not in ("image", "problem", "response")}
    asked: str | None = None
    for turn in _turns(record):
        if _role(turn) in USERS:
            asked = _text(turn)
        elif _role(turn) in ASSISTANTS and asked is not None:
            yield {**further, "problem": asked, "response": _text(turn), "image": image}
            asked, further = None, {}


def in_verl(record: Record) -> bool:
    """Whether a record has a prompt of messages and a ground truth."""
    truth = record.get("reward_model")
    return isinstance(record.get("prompt"), list) and isinstance(truth, Mapping) and "ground_truth" in truth


def verl_fields(record: Record) -> Iterator[Fields]:
    """The one pair of a record. The last message of the user asks; `extra_info.target` is the whole reply where it is there."""
    info = record.get("extra_info")
    info = info if isinstance(info, Mapping) else {}
    fields = {name: value for name, value in info.items() if name in FIELDS and name != "problem"}
    asked = [message.get("content") for message in record["prompt"] if message.get("role") == "user"]
    fields["problem"] = asked[-1] if asked else None
    fields["answer"] = record["reward_model"]["ground_truth"]
    if info.get("target"):
        fields["response"] = info["target"]
    fields["image"] = record.get("images") or record.get("image")
    if "abilities" not in fields and record.get("ability"):
        fields["category"] = fields.get("category") or record["ability"]
    fields.setdefault("source", record.get("data_source"))
    yield fields


CONVERSATIONS = ImportFormat("conversations: ShareGPT, messages, or TRL's prompt and completion", recognises, fields_of)
VERL = ImportFormat("verl's parquet", in_verl, verl_fields)
