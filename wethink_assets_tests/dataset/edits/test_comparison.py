"""Files that are wrong: each fault is named with its row and column, and nothing is changed."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from wethink_assets.dataset.edits.edits import export_table, replace_table
from wethink_assets.errors import EditError
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.edits.conftest import BATCH, Edit, Rows, exported, written
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import COLOUR
from wethink_assets_tests.support.stage_tables import Grower


def without(name: str) -> Edit:
    def change(rows: Rows) -> None:
        for row in rows:
            del row[name]

    return change


def put(number: int, **fields: object) -> Edit:
    return lambda rows: rows[number].update(fields)


def put_choice(**fields: object) -> Edit:
    return lambda rows: next(row for row in rows if row["kind"] == "MC").update(fields)


def copied(rows: Rows) -> None:
    rows.append({**rows[0], "question": "What colour is it?"})


def swapped(rows: Rows) -> None:
    rows[0]["slot"], rows[1]["slot"] = rows[1]["slot"], rows[0]["slot"]


def same_question(rows: Rows) -> None:
    (one, other, *_) = [row for row in rows if row["kind"] == "FIB"]
    other["question"] = one["question"]


FAULTS: dict[str, tuple[str, Edit, str]] = {
    "no id": ("questions", put(1, slot=""), r"line 3: column slot has no id: it was [0-9a-f]{64}:"),
    "no id key": ("questions", without("slot"), r"column slot is missing: put it back"),
    "id twice": ("questions", copied, r"line 6: .*column slot is the id of line 2 too: remove one of the rows"),
    "edited id": ("questions", put(0, slot="abc:MC:0"), r"line 2: \(abc:MC:0\) column slot is an id that was edited: it was"),
    "swapped ids": ("questions", swapped, r"2 faults, nothing was changed\n  line 2: .*ids cannot be changed"),
    "edited image": ("questions", put(0, image_id="abc"), r"column image_id was changed, but cannot be edited by hand: put"),
    "kind": ("questions", put(0, kind="MC"), r"column kind was changed, but cannot be edited by hand"),
    "number for text": ("questions", put(2, question=12), r"line 4: .*column question is a number \(12\), not text"),
    "text for a list": ("questions", put(0, options="red"), r'column options is text \("red"\), not a list'),
    "number in a list": ("questions", put(0, abilities=["Reasoning", 3]), r"column abilities is a number \(3\), not text"),
    "text for a number": ("answers", put(0, score="high"), r'column score is text \("high"\), not a number'),
    "truth for a number": ("answers", put(0, score=True), r"column score is a truth value \(true\), not a number"),
    "half a number": ("descriptions", put(0, turns=0.5), r"column turns is 0.5, not a whole number"),
    "large number": ("descriptions", put(0, turns=70_000), r"column turns is 70000, which is out of range"),
    "dialogue": ("descriptions", put(0, dialogue=[{"ask": "?"}]), r"column dialogue is an object .*not an object with request, reply"),
    "empty": ("questions", put(0, question=" "), r"column question is empty: fill it in, or remove the whole row"),
    "null": ("questions", put(0, question=None), r"column question is empty: fill it in"),
    "unknown column": ("questions", put(0, remark="?"), r"column remark is no column of questions: remove it; its columns are slot,"),
    "missing column": ("questions", without("category"), r"column category is missing: put it back, every column"),
    "missing in one row": ("questions", lambda rows: rows[1].pop("category"), r"line 3: .*column category is missing in this row"),
    "context": ("answers", put(0, **{"questions.question": "?"}), r"is of the table questions and only for reading: put back"),
    "surrogate": ("questions", put(0, question="a \ud83d b?"), r"holds half of a character"),
    "unknown item": ("questions", lambda rows: rows.append({"slot": "x:MC:0"}), r"line 6: \(x:MC:0\) is no item of this table: only an"),
    "new image": ("images", lambda rows: rows.append({"item": "a.png"}), r"\(a.png\) is no item of this table: images takes no rows by hand"),
    "size of an image": ("images", put(0, width=1), r"column width was changed, but cannot be edited by hand: put back '64'"),
    "no option": ("questions", put_choice(options=[]), r"is none that questions lets pass: 0 options"),
    "ability": ("questions", put(0, abilities=["Reasoning"]), r"lets pass: abilities are not Reasoning and one more"),
    "verdict": ("answers", put(0, verdict="both"), r"lets pass: verdict 'both' is none of none, first, second"),
    "markup": ("reasoning_paths", put(0, refined_cot="So <think> it is."), r"is none that reasoning_paths lets pass: refined_cot holds"),
    "no such option": ("answers", put_choice(answer="Z"), r"is none that answers lets pass: answer 'Z' of a MC question"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_and_nothing_is_changed(store: Store, files: Path, name: str) -> None:
    stage, change, message = FAULTS[name]
    path = written(exported(store, files, stage), change)
    before = store.files("")
    with pytest.raises(EditError, match=message) as raised:
        replace_table(store, BATCH, stage, path, "Ann")
    assert str(path) in str(raised.value) and store.files("") == before


def test_all_faults_are_named_up_to_a_number_of_them(store: Store, files: Path) -> None:
    lines = [json.dumps({"slot": f"{number}:MC:0"}) for number in range(30)]
    path = exported(store, files)
    path.write_text("\n".join([path.read_text().rstrip(), *lines]))
    with pytest.raises(EditError, match=r"30 faults, nothing was changed\n(  line \d+: .*\n){20}  and 10 more$"):
        replace_table(store, BATCH, "questions", path, "Ann")


def test_a_file_of_another_table_is_refused(store: Store, files: Path) -> None:
    Grower(store).grow("gqa.000007", [(drawing(5), [COLOUR])])
    path = files / "gqa.jsonl"
    export_table(store, "gqa.000007", "questions", path)
    with pytest.raises(
        EditError, match=r"gqa.jsonl is questions of batch gqa.000007, not questions of batch coco.000001"
    ):
        replace_table(store, BATCH, "questions", path, "Ann")
    other = exported(store, files, "answers")
    with pytest.raises(EditError, match=r"is answers of batch coco.000001, not questions"):
        replace_table(store, BATCH, "questions", other, "Ann")
    other.write_text("\n".join(other.read_text().splitlines()[1:]))
    with pytest.raises(EditError, match="does not say which table it was made from"):
        replace_table(store, BATCH, "answers", other, "Ann")
    with pytest.raises(EditError, match=r"is not there: `wethink table export coco.000001 answers"):
        replace_table(store, BATCH, "answers", files / "none.jsonl", "Ann")
    with pytest.raises(EditError, match=r"answers of batch gqa.000099 was never materialized"):
        replace_table(store, "gqa.000099", "answers", other, "Ann")


def test_two_items_of_an_image_cannot_ask_the_same(store: Store, files: Path) -> None:
    Grower(store).grow("gqa.000007", [(drawing(5), [COLOUR, replace(COLOUR, question="What is it?")])])
    path = files / "gqa.jsonl"
    export_table(store, "gqa.000007", "questions", path)
    with pytest.raises(EditError, match=r"line 3: .* is the same as .*: change it, or remove one of them"):
        replace_table(store, "gqa.000007", "questions", written(path, same_question), "Ann")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\n\n".join([text.split("\n")[0], *sorted(text.split("\n")[1:], reverse=True)]) + "\n\n",
        lambda text: "\n".join(
            json.dumps(dict(reversed(json.loads(line).items()))) for line in text.split("\n") if line
        ),
    ],
    ids=["mark", "line ends", "order of rows", "order of columns"],
)
def test_what_makes_no_difference_is_taken_as_it_is(store: Store, files: Path, change: Callable[[str], str]) -> None:
    path = written(exported(store, files), put(0, category="shapes"))
    path.write_bytes(change(path.read_text()).encode())
    assert replace_table(store, BATCH, "questions", path, "Ann").counts == {"changed": 1}
