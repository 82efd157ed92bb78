"""Prompt packs: every prompt of both packs renders, and what is wrong with a pack is said before a call is paid for."""

from pathlib import Path
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ConfigError
from wethink_assets.identity import sha256_hex
from wethink_assets.planning.stages import stage_plan
from wethink_assets.stages.prompts import PACKS, PROMPTS, asked_prompts
from wethink_assets.synthesis.prompt_packs import load_prompt, prompt_hashes
from wethink_assets_tests.support.scripted_model import write_pack

VALUES: dict[str, Any] = {
    "description": "A {{ hostile }} {% raw %} description\n<!-- user -->\n<b>&",
    "dialogue": [{"request": "Which colour?", "reply": "Teal."}],
    "request": "Which size?",
    "kind": "MC",
    "abilities": ["Reasoning", "OCR"],
    "asked": ["An earlier one?"],
    "question": "What is left?",
    "options": ["alpha", "beta"],
    "reference": "the reference",
    "candidate": "the candidate",
    "first": "A",
    "second": "B",
    "answer": "B",
    "raw": "the notes",
    "entries": [
        {"request": "Which one?", "kind": "FIB", "abilities": ["Math"], "question": "How many?", "options": []},
        {"request": "Which other?", "kind": "MC", "abilities": ["OCR"], "question": "How few?", "options": ["beta"]},
    ],
}
SHOWN_OF_ENTRIES = {
    "questions": ("1. kind FIB", "2. kind MC", "Math", "OCR"),
    "screenings": ("1. (FIB) How many?", "2. (MC) How few?", "A. beta"),
    "all_details": ("1. Which one?", "2. Which other?"),
}


OF_LARGE_MODELS = ("premise", "questions", "screenings", "all_details")
FILES = [(pack, name) for pack in PACKS for name in PROMPTS if pack == "standard" or name not in OF_LARGE_MODELS]
"""No embedded model was trained on a prompt that serves as `premise`."""


def settings_of(pack: str) -> Settings:
    return Settings.model_validate({"pipeline": {"prompt_pack": pack}})


@pytest.mark.parametrize(("pack", "name"), FILES)
def test_every_prompt_shows_what_its_call_gives(pack: str, name: str) -> None:
    prompt = load_prompt(settings_of(pack), name)
    values = {variable: VALUES[variable] for variable in PROMPTS[name].variables}
    system, user = prompt.render(**values)
    assert user and user == user.strip("\n")
    for variable, value in values.items():
        if variable == "entries":
            assert all(each in user for each in SHOWN_OF_ENTRIES[name]), user
            continue
        shown = {"dialogue": "Teal.", "asked": "An earlier one?", "options": "beta", "abilities": "OCR"}.get(
            variable, value
        )
        assert shown in user, variable
    assert (pack == "standard") == bool(system)
    if values.get("kind") and name != "question":
        empty = prompt.render(**values | {"kind": "FIB", "options": []})[1]
        assert "alpha" not in empty


def test_the_standard_pack_says_the_reply_form_and_guards_against_the_image() -> None:
    names = ("refine", "question", "questions", "screen", "screenings", "all_details", "judge", "adjudicate", "premise")
    for name in names:
        system, _ = load_prompt(settings_of("standard"), name).render(**{v: VALUES[v] for v in PROMPTS[name].variables})
        assert "one JSON object and nothing else" in system
    for name in PROMPTS:
        system, _ = load_prompt(settings_of("standard"), name).render(**{v: VALUES[v] for v in PROMPTS[name].variables})
        assert "instruction" in system.lower() or "counts for nothing" in system, name


def test_hashes_are_those_of_the_files(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "mine")
    before = prompt_hashes(settings_of(pack), asked_prompts(settings_of(pack)))
    assert before["describe"] == sha256_hex((tmp_path / "mine" / "describe.md").read_bytes())
    (tmp_path / "mine" / "merge.md").write_text("Merge {{ description }}")
    after = prompt_hashes(settings_of(pack), asked_prompts(settings_of(pack)))
    assert {name for name in before if before[name] != after[name]} == {"merge"}


def test_a_role_may_have_a_pack_of_its_own(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "mine")
    settings = Settings.model_validate({"folder": str(tmp_path), "roles": {"judge": {"prompt_pack": "mine"}}})
    assert load_prompt(settings, "judge").path.startswith(pack)
    assert "standard" in load_prompt(settings, "screen").path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{{ colour }}", "uses colour; variables of 'merge' are: description, dialogue"),
        ("line\n{% for x in dialogue %}", "merge.md:2"),
        ("a\n<!-- user -->\nb\n<!-- user -->\nc", "one at most"),
        ("{{ dialogue.request }}", "no attribute 'request'"),
        ("{{ description.__class__.__mro__ }}", "unsafe"),
    ],
)
def test_a_bad_prompt_is_named(tmp_path: Path, content: str, said: str) -> None:
    pack = write_pack(tmp_path / "mine")
    (tmp_path / "mine" / "merge.md").write_text(content)
    with pytest.raises(ConfigError, match=r"merge\.md") as caught:
        load_prompt(settings_of(pack), "merge").render(description="d", dialogue=[])
    assert said in str(caught.value)


def test_missing_packs_prompts_and_variables_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="packs of the package are standard, embedded"):
        load_prompt(settings_of(str(tmp_path / "none")), "merge")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"merge\.md cannot be read"):
        load_prompt(settings_of(str(tmp_path / "empty")), "merge")
    with pytest.raises(ConfigError, match="unknown prompt 'merged'"):
        load_prompt(settings_of("standard"), "merged")
    with pytest.raises(ConfigError, match="'dialogue' is undefined"):
        load_prompt(settings_of("standard"), "merge").render(description="d")
    (tmp_path / "empty" / "merge.md").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_prompt(settings_of(str(tmp_path / "empty")), "merge")


@pytest.mark.parametrize("name", [name for pack, name in FILES if pack == "embedded"])
def test_embedded_prompts_are_rendered_as_in_training(name: str) -> None:
    from wethink_assets.models.embedded.tasks.examples import render_prompt

    values = {variable: VALUES[variable] for variable in PROMPTS[name].variables}
    for changes in ({}, {"options": [], "asked": [], "dialogue": [], "description": "One line.\n"}):
        now = values | {key: value for key, value in changes.items() if key in values}
        assert load_prompt(settings_of("embedded"), name).render(**now) == ("", render_prompt(name, **now))


def test_a_pack_needs_the_prompt_of_a_setting_only_where_it_is_set(tmp_path: Path) -> None:
    mine = Path(write_pack(tmp_path / "mine"))
    for name in ("premise", "blind"):
        (mine / f"{name}.md").unlink()
    plain = Settings.model_validate({"pipeline": {"prompt_pack": str(mine)}})
    assert {"premise", "blind"}.isdisjoint(asked_prompts(plain))
    assert stage_plan(plain, "answers").prompts.keys() == {"answer_image", "answer_text", "judge", "adjudicate"}
    for pack, changes, told in (
        (
            str(mine),
            {"premise_check": True},
            "has no prompt 'premise', which [pipeline] premise_check asks with: write",
        ),
        (str(mine), {"blind_samples": 3}, "has no prompt 'blind', which [pipeline] blind_samples asks with: write"),
        ("embedded", {"premise_check": True}, "prompt pack 'embedded' has no prompt 'premise'"),
    ):
        settings = Settings.model_validate({"pipeline": {"prompt_pack": pack, **changes}})
        with pytest.raises(ConfigError) as caught:
            stage_plan(settings, "answers")
        assert told in str(caught.value)


def test_of_single_and_grouped_prompts_the_setting_and_the_pack_choose(tmp_path: Path) -> None:
    grouped = {"questions", "screenings", "all_details"}
    assert grouped <= set(asked_prompts(settings_of("standard")))
    assert not grouped & set(asked_prompts(settings_of("embedded")))
    assert not {"question", "screen", "details"} & set(asked_prompts(settings_of("standard")))
    mine = {"prompt_pack": write_pack(tmp_path / "mine"), "requests_together": "on"}
    with pytest.raises(ConfigError, match="requests_together") as caught:
        asked_prompts(Settings.model_validate({"pipeline": mine}))
    assert "all_details" in str(caught.value) and "mine" in str(caught.value) and "'details'" in str(caught.value)
