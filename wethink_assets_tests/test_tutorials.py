"""The tutorials: every command runs in a fresh folder, in order, and prints what its page shows; those of other trainers name what is there."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import yaml

from wethink_assets_tests.support.tutorial import TUTORIALS, Command, blocks, commands, missing_lines, run_tutorial

PAGES = sorted(TUTORIALS.glob("*.md"))
FIRST = "first-version.md"
GO_ON = ("add-a-stage.md", "train-elsewhere.md")
"""Those that go on in the folder of the first."""


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the first tutorial was done."""
    folder = tmp_path_factory.mktemp("tutorial")
    run_tutorial(TUTORIALS / FIRST, folder, timeout=1000)
    return folder


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_the_first_tutorial_ends_with_a_trained_and_scored_version(first: Path) -> None:
    assert (first / "first" / "data" / "versions" / "v0001" / "manifest.json").is_file()
    assert list((first / "first" / "data" / "policies").glob("*/policy.json"))
    assert list((first / "first" / "data" / "scores").rglob("score.json"))


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_stage_is_added_and_leaves_counting_questions_out(first: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(first, tmp_path / "project")
    run_tutorial(TUTORIALS / "add-a-stage.md", folder, timeout=1000)
    versions = folder / "first" / "data" / "versions"
    counting = pl.col("problem").str.contains("(?i)how many|number of")
    before, after = (pl.read_parquet(versions / name / "rows.parquet") for name in ("v0001", "v0002"))
    assert set(before.filter(~counting)["row_id"]) == set(after["row_id"]) and before.filter(counting).height > 0


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_other_trainers_commands_name_files_columns_and_functions_that_are_there(first: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(first, tmp_path / "project")
    page = TUTORIALS / "train-elsewhere.md"
    run_tutorial(page, folder, timeout=1000)
    project = folder / "first"
    easyr1, verl, llama_factory = (
        command.text for block in blocks(page) if block.not_run for command in commands(block.text)
    )
    for name, command in (("easyr1", easyr1), ("verl", verl)):
        given = dict(re.findall(r"(\S+?)=(\S+)", command))
        exported = flat(yaml.safe_load((project / f"for-{name}" / f"{name}.yaml").read_text()))
        told = {key: str(value).replace("FOLDER", f"for-{name}") for key, value in exported.items()}
        assert {key: given.get(key) for key in told} == told
        for split in ("train_files", "val_files"):
            columns = pl.read_parquet_schema(project / given[f"data.{split}"])
            assert {given[key] for key in given if key.endswith("_key") and key.startswith("data.")} <= set(columns)
        functions = [value.split(":")[0] for key, value in given.items() if "reward_function" in key and "/" in value]
        assert [f for f in functions if "def compute_score" not in (project / f).read_text()] == []
    assert llama_factory == "llamafactory-cli train sft.yaml"
    settings = yaml.safe_load((project / "sft.yaml").read_text())
    index = json.loads((project / settings["dataset_dir"] / "dataset_info.json").read_text())
    for name in (settings["dataset"], settings["eval_dataset"]):
        rows = json_rows(project / settings["dataset_dir"] / index[name]["file_name"])
        assert all((project / settings["media_dir"] / image).is_file() for row in rows for image in row["images"])
        assert all(row["conversations"][0]["value"].count("<image>") == len(row["images"]) == 1 for row in rows)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_own_images_and_models_become_a_version_within_a_budget(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    run_tutorial(TUTORIALS / "own-images-and-models.md", folder, timeout=1000)
    rows = pl.read_parquet(folder / "mine" / "data" / "versions" / "v0002" / "rows.parquet")
    assert set(rows["source"]) == {"photos", "scans"}


def test_every_tutorial_is_run_and_each_block_that_is_not_says_why() -> None:
    assert {page.name for page in PAGES} == {"README.md", FIRST, *GO_ON, "own-images-and-models.md"}
    for page in PAGES:
        consoles = [block for block in blocks(page) if block.language == "console"]
        assert consoles and all(len(block.not_run.split()) > 5 for block in consoles if block.not_run), page.name
        assert [block.text for block in consoles if not block.text.startswith("$ ")] == []


def test_a_line_that_a_page_shows_must_be_printed_in_its_place() -> None:
    printed = "v0001 is new: 14 rows (8 MC) in ./data\ndone in 3 s\n"
    assert missing_lines(printed, ("v0001 is new: ... rows ... in ./data", "...", "done in ... s")) == []
    assert missing_lines(printed, ("done in 3 s", "v0001 is new: ...")) == ["v0001 is new: ..."]
    assert missing_lines(printed, ("v0001 is new",)) == ["v0001 is new"]


def test_commands_are_continued_and_followed_by_what_they_print() -> None:
    text = "$ python - <<'END'\n> print(1)\n>\n> END\n1\n$ cd ..\n"
    assert commands(text) == [Command("python - <<'END'\nprint(1)\n\nEND", ("1",)), Command("cd ..", ())]


@pytest.mark.parametrize(("command", "fault"), [("false", "$ false"), ("echo one", "$ echo one")])
def test_a_command_that_fails_or_prints_another_thing_is_named(command: str, fault: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"```console\n$ true\n$ {command}\ntwo\n```\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(AssertionError, match=re.escape(fault)):
        run_tutorial(page, folder, timeout=60)


def flat(settings: dict[str, object], prefix: str = "") -> dict[str, object]:
    """Nested settings by their dotted names."""

    def pairs() -> Iterator[tuple[str, object]]:
        for key, value in settings.items():
            if isinstance(value, dict):
                yield from flat(value, f"{prefix}{key}.").items()
            else:
                yield f"{prefix}{key}", value

    return dict(pairs())


def json_rows(path: Path) -> list[dict[str, list]]:
    """Rows of a JSON file or of JSON lines."""
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
