"""Rows of verl: `prompt`, `images`, `reward_model.ground_truth`, `data_source` and `extra_info`."""

from collections.abc import Iterator, Mapping

from wethink_assets.dataset.imports.format import FIELDS, Fields, ImportFormat, Record


def recognises(record: Record) -> bool:
    """Whether a record has a prompt of messages and a ground truth."""
    truth = record.get("reward_model")
    return isinstance(record.get("prompt"), list) and isinstance(truth, Mapping) and "ground_truth" in truth


def fields_of(record: Record) -> Iterator[Fields]:
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


VERL = ImportFormat("verl's parquet", recognises, fields_of)
