"""Tables edited by hand: what came of an edit, who is named for it, and that taking it back leaves no trace in the tables."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from wethink_assets.dataset.edits.edits import export_table, replace_table, restore_table, table_history
from wethink_assets.dataset.lineage.row import explain_row
from wethink_assets.dataset.takedown.erasure import erase
from wethink_assets.dataset.takedown.takedown import Subject, take_down
from wethink_assets.dataset.versions.verification import verify_versions
from wethink_assets.errors import EditError, UnknownName
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.identity import row_id
from wethink_assets.planning.staleness import commits_in_force, missing_stages
from wethink_assets.stages.order import stage_names
from wethink_assets.stages.output import StageOutput, rejections
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Provenance, Tables
from wethink_assets_tests.dataset.edits.conftest import BATCH, Edit, Rows, exported, written
from wethink_assets_tests.support.registered import registered
from wethink_assets_tests.support.versions import cut


def edit(store: Store, files: Path, stage: str, change: Edit, editor: str = "Ann", note: str = "") -> Commit | None:
    """Export a table, change its rows, and bring it back."""
    path = written(exported(store, files, stage), change)
    return replace_table(store, BATCH, stage, path, editor, note).commit


def current(store: Store, stage: str) -> Commit:
    commit = Tables(store).current(stage, BATCH)
    assert commit is not None
    return commit


def recolour(rows: Rows) -> None:
    rows[0]["question"] = "What colour has the widest block?"


@pytest.mark.parametrize("ending", ["jsonl", "csv", "xlsx"])
@pytest.mark.parametrize("stage", stage_names())
def test_a_file_that_nobody_edited_changes_nothing(store: Store, files: Path, stage: str, ending: str) -> None:
    before = current(store, stage)
    assert not replace_table(store, BATCH, stage, exported(store, files, stage, ending), "Ann").rows
    assert current(store, stage) == before


def test_a_question_that_was_edited_is_another_row_and_what_reads_it_is_to_be_done_again(
    store: Store, files: Path
) -> None:
    commit = edit(store, files, "questions", recolour, note="clearer")
    assert commit is not None and commit.edited == {"changed": 1}
    row = Tables(store).load("questions", BATCH).results.row(0, named=True)
    assert row["question"] == "What colour has the widest block?"
    assert row["row_id"] == row_id(row["image_id"], row["kind"], row["question"], row["options"])
    commits = commits_in_force(store, [BATCH])[BATCH]
    assert missing_stages(commits) == ("answers", "reasoning_paths", "signatures")
    (told,) = explain_row(store, row["row_id"])["edits"]
    assert (told["editor"], told["note"], told["change"], told["applies"]) == ("Ann", "clearer", "changed", True)
    assert told["fields"]["question"]["after"] == row["question"] and set(told["fields"]) == {"question", "row_id"}


def test_taking_edits_back_makes_the_first_table_current(store: Store, files: Path) -> None:
    before = current(store, "questions")
    edit(store, files, "questions", recolour)
    edit(store, files, "questions", lambda rows: rows.pop(), editor="Bob")
    restored = restore_table(store, BATCH, "questions", "Cy", "no")
    assert restored.counts == {"changed": 1, "added": 1}
    after = current(store, "questions")
    assert (after.digest, after.data_version, after.edited) == (before.digest, before.data_version, {})
    history = [(entry.editor, entry.rows, entry.taken_back, entry.in_force) for entry in table_history(store, BATCH)]
    assert history == [("Ann", 1, False, False), ("Bob", 2, False, False), ("Cy", 0, True, False)]
    assert missing_stages(commits_in_force(store, [BATCH])[BATCH]) == ()
    with pytest.raises(EditError, match="carries no edit"):
        restore_table(store, BATCH, "questions")


def test_an_edit_that_is_undone_by_hand_leaves_the_table_as_it_was_made(store: Store, files: Path) -> None:
    before = current(store, "questions")
    words = Tables(store).load("questions", BATCH).results["question"][0]
    edit(store, files, "questions", recolour)
    edit(store, files, "questions", lambda rows: rows[0].update(question=words))
    assert current(store, "questions").digest == before.digest


def test_each_row_keeps_the_name_of_who_edited_it(store: Store, files: Path) -> None:
    edit(store, files, "questions", recolour)
    edit(store, files, "questions", lambda rows: rows[1].update(category="shapes"), editor="Bob")
    edit(store, files, "questions", lambda rows: rows[0].update(category="size"), editor="Cy")
    told = [explain_row(store, row)["edits"] for row in Tables(store).load("questions", BATCH).results["row_id"][:2]]
    assert [[one["editor"] for one in edits] for edits in told] == [["Ann", "Cy"], ["Bob"]]


def test_a_removed_row_is_a_rejection_and_may_come_back(store: Store, files: Path) -> None:
    before = current(store, "reasoning_paths")
    kept = Tables(store).load("reasoning_paths", BATCH)
    commit = edit(store, files, "reasoning_paths", lambda rows: rows.pop(0), note="wrong picture")
    after = Tables(store).load("reasoning_paths", BATCH)
    assert commit is not None and commit.reasons["removed_by_editor"] == 1
    assert after.results.height == kept.results.height - 1
    (refused,) = after.rejections.filter(reason="removed_by_editor").to_dicts()
    assert refused["detail"] == "by Ann: wrong picture" and refused["item"] == kept.results["slot"][0]
    row = kept.results.row(0, named=True)
    again = {"slot": row["slot"], "raw_cot": row["raw_cot"], "refined_cot": row["refined_cot"]}
    edit(store, files, "reasoning_paths", lambda rows: rows.append(again))
    assert current(store, "reasoning_paths").digest == before.digest


def test_a_rejected_item_can_be_given_a_row(store: Store, files: Path) -> None:
    tables = Tables(store)
    made = tables.load("questions", BATCH)
    lost = made.results.row(-1, named=True)
    refusal = {"item": lost["slot"], "stage": "questions", "reason": "malformed_reply", "detail": "no JSON"}
    commit = current(store, "questions")
    tables.publish("questions", BATCH, StageOutput(made.results[:-1], rejections([refusal])), Provenance(run_id="r2"))
    given = {name: lost[name] for name in ("slot", "question", "options", "proposed_answer", "category", "abilities")}
    added = edit(store, files, "questions", lambda rows: rows.append(given))
    assert added is not None and added.edited == {"added": 1} and added.reasons == {}
    assert tables.load("questions", BATCH).results.drop("calls").equals(made.results.drop("calls"))
    assert commit.results == added.results


def test_an_edit_goes_along_when_the_stage_is_done_again(store: Store, files: Path) -> None:
    tables = Tables(store)
    made = tables.load("questions", BATCH)
    edit(store, files, "questions", recolour)
    again = tables.publish("questions", BATCH, made, Provenance(code_version="other"))
    assert again.edited == {"changed": 1} and again.code_version == "other"
    other = made.results.with_columns(category=made.results["category"] + " now")
    moved = tables.publish("questions", BATCH, StageOutput(other, made.rejections), Provenance(code_version="third"))
    assert moved.edited == {"set_aside": 1} and tables.load("questions", BATCH).results.equals(other)
    assert [entry.set_aside for entry in table_history(store, BATCH)] == [1]
    (told,) = explain_row(store, other["row_id"][0])["edits"]
    assert not told["applies"]
    back = tables.publish("questions", BATCH, made, Provenance(code_version="other"))
    assert back.digest == again.digest


def test_a_table_that_was_published_since_the_export_is_left_alone(store: Store, files: Path) -> None:
    path = written(exported(store, files), recolour)
    edit(store, files, "questions", lambda rows: rows.pop(), editor="Bob")
    before = current(store, "questions")
    with pytest.raises(EditError, match=r"no longer in force: questions of batch coco.000001 was published anew"):
        replace_table(store, BATCH, "questions", path, "Ann")
    assert current(store, "questions") == before


def test_a_table_that_is_published_meanwhile_is_left_alone(
    store: Store, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(exported(store, files), recolour)
    made, load_made = Tables(store).load("questions", BATCH), Tables.load_made

    def in_between(tables: Tables, commit: Commit) -> StageOutput:
        tables.publish("questions", BATCH, made, Provenance(code_version="other"))
        return load_made(tables, commit)

    monkeypatch.setattr(Tables, "load_made", in_between)
    with pytest.raises(EditError, match="published anew at the same moment, nothing was changed: export it again"):
        replace_table(store, BATCH, "questions", path, "Ann")
    after = current(store, "questions")
    assert after.edit == "" and after.code_version == "other"


def test_a_dry_run_tells_and_keeps_nothing(store: Store, files: Path) -> None:
    path = written(exported(store, files), recolour)
    before = store.files("")
    done = replace_table(store, BATCH, "questions", path, "Ann", dry_run=True)
    assert done.counts == {"changed": 1} and done.commit is None and store.files("") == before


def test_files_that_are_there_are_not_written_over(store: Store, files: Path) -> None:
    path = files / "mine.csv"
    path.write_text("work of days")
    with pytest.raises(EditError, match="may hold somebody's edits"):
        export_table(store, BATCH, "questions", path)
    assert path.read_text() == "work of days" and list(files.glob(".mine*")) == []
    with pytest.raises(UnknownName, match="known: jsonl, csv, xlsx"):
        export_table(store, BATCH, "questions", files / "mine.ods")


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 101, "a\u202eb"])
def test_an_editor_has_a_name(store: Store, files: Path, name: str) -> None:
    path = exported(store, files)
    with pytest.raises(EditError, match="cannot name an editor"):
        replace_table(store, BATCH, "questions", path, name)


def test_erasure_takes_what_was_edited_of_an_image_too(store: Store, files: Path) -> None:
    first = cut(store)
    image = Tables(store).load("descriptions", BATCH).results["image_id"][0]

    def others(rows: Rows) -> None:
        for row in rows:
            row["fine"] = f"A secret of {row['image_id'][:4]}."

    edit(store, files, "descriptions", others)
    assert image[:4] in "".join(store.read(path).decode() for path in store.files("edits"))
    take_down(store, Subject("image", image))
    assert erase(store, Subject("image", image))
    left = "".join(store.read(path).decode() for path in store.files("edits"))
    assert image not in left and "A secret of" in left
    after = Tables(store).load("descriptions", BATCH)
    assert image not in set(after.results["image_id"]) and after.results["fine"].str.starts_with("A secret").all()
    assert verify_versions(store, [first]).sound
    assert erase(store, Subject("image", image)) == []
    restored = restore_table(store, BATCH, "descriptions")
    assert restored.commit is not None and image not in set(
        Tables(store).load("descriptions", BATCH).results["image_id"]
    )


def test_a_record_of_an_edit_that_was_altered_is_named(store: Store, files: Path) -> None:
    edit(store, files, "signatures", lambda rows: rows.pop())
    version = cut(store)
    assert verify_versions(store, [version]).sound
    (path,) = store.files("edits")
    store.publish(path, store.read(path).replace(b'"Ann"', b'"Eve"'))
    (fault,) = verify_versions(store, [version]).faults
    assert (fault.path, fault.fault) == (path, "altered")
    store.delete(path)
    (fault,) = verify_versions(store, [version]).faults
    assert (fault.path, fault.fault) == (path, "missing")


def test_a_process_that_is_killed_before_its_commit_changes_nothing(
    store: Store, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(exported(store, files), recolour)
    before, create = current(store, "questions"), Store.create

    def killed(store: Store, relative: str, data: bytes) -> bool:
        if "/commits/" in relative:
            raise KeyboardInterrupt
        return create(store, relative, data)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "create", killed)
        with pytest.raises(KeyboardInterrupt):
            replace_table(store, BATCH, "questions", path, "Ann")
    assert current(store, "questions") == before and table_history(store, BATCH) == []
    assert replace_table(store, BATCH, "questions", path, "Ann").counts == {"changed": 1}


def test_editors_and_runs_at_the_same_time_lose_nothing(store: Store, files: Path) -> None:
    made = Tables(store).load("questions", BATCH)
    paths = [written(exported(store, files), put(number)) for number in range(4)]

    def replaced(path: Path) -> bool:
        try:
            return replace_table(store, BATCH, "questions", path, path.stem).commit is not None
        except EditError as error:
            return "published anew" not in str(error)

    def published(number: int) -> str:
        return Tables(store).publish("questions", BATCH, made, Provenance(code_version=f"code {number}")).digest

    with ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(published, number) for number in range(8)]
        edits = [pool.submit(replaced, path) for path in paths]
        assert all(run.result() for run in runs)
        done = [edit.result() for edit in edits]
    commits = Tables(store).all_of("questions", BATCH)
    assert [commit.number for commit in commits] == list(range(1, len(commits) + 1))
    assert sum(done) <= 1 and bool(commits[-1].edit) == any(done)


def put(number: int) -> Edit:
    return lambda rows: rows[number].update(category=f"category {number}")


def test_a_stage_that_stands_in_for_another_shows_what_it_reads(store: Store, files: Path) -> None:
    reviewed = replace(
        STAGES["answers"], name="second_look", reads=("answers", "questions"), provides="answers", before="reasoning_paths"
    )  # fmt: skip
    answers = Tables(store).load("answers", BATCH)
    Tables(store).publish("second_look", BATCH, answers, Provenance())
    with registered(STAGES, "second_look", reviewed):
        path = exported(store, files, "second_look")
        assert '"questions.question": "Which is largest?"' in path.read_text()
        written(path, lambda rows: rows[0].update(image_thought="I see."))
        assert replace_table(store, BATCH, "second_look", path, "Ann").fields == {"image_thought": 1}
