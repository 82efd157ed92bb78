"""Question kinds: one module knows them, unknown ones are refused by name, and a plugin's goes from synthesis to a version's statistics."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

import wethink_assets
from wethink_assets.config import RecipeSettings, Settings
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.catalog import list_versions
from wethink_assets.dataset.versions.rows import problem_text, scan_rows
from wethink_assets.errors import ConfigError, UnknownName
from wethink_assets.kinds import FILL_IN, KINDS, LETTERS, MULTIPLE_CHOICE, QuestionKind, option_letters
from wethink_assets.rewards import Judge, hybrid_reward, rule_reward
from wethink_assets.rewards.equivalence.options import option_letter
from wethink_assets.stages.prompts import PACKS, PROMPTS, pack_folder
from wethink_assets.synthesis.calls.reply_schemas import Question
from wethink_assets.synthesis.prompt_packs import load_prompt, prompt_hashes
from wethink_assets.synthesis.stages.agreement import accepted_answer
from wethink_assets.training.data.rows import select_rows
from wethink_assets.training.policies.plots import panels
from wethink_assets_tests.support.opened_project import opened
from wethink_assets_tests.support.project import make_project
from wethink_assets_tests.support.scripted_endpoint import scripted_endpoint
from wethink_assets_tests.support.scripted_judge import Scripted, said
from wethink_assets_tests.support.scripted_model import after, good_script

PLUGIN = "wethink_assets_tests.support.yes_no_kind"
KNOWN = "known: MC, FIB, DES"


@pytest.fixture
def yes_no() -> Iterator[QuestionKind]:
    """The kind of the plugin, registered."""
    yield import_module(PLUGIN).YES_NO
    KINDS.unregister("YN")
    del sys.modules[PLUGIN]


def test_no_other_module_knows_a_kind_by_its_code() -> None:
    package = Path(wethink_assets.__file__).parent
    spelled = {
        path.relative_to(package).parts[:2]
        for path in package.rglob("*.py")
        if re.search(r'"(MC|FIB|DES)"', path.read_text("utf-8"))
    }
    assert spelled == {("kinds.py",), ("models", "embedded")}, "the embedded model was trained on these three"


@pytest.mark.parametrize(
    "use",
    [
        lambda: KINDS["YN"],
        lambda: rule_reward("no answer at all", "yes", "YN"),
        lambda: hybrid_reward([said("yes")], ["yes"], ["YN"]),
        lambda: hybrid_reward([said("yes")], ["yes"], ["YN"], judge=Judge(Scripted("{}")), methods=["judge"]),
        lambda: accepted_answer("YN", []),
        lambda: load_prompt(Settings(), "answer_text").render(description="", question="", kind="YN", options=[]),
    ],
)
def test_an_unknown_kind_is_an_error_that_names_the_known_ones(use: Any) -> None:
    with pytest.raises(UnknownName, match=KNOWN):
        use()


@pytest.mark.parametrize(
    ("model", "value"),
    [
        (Settings, {"pipeline": {"kinds": {"MC": 0.5, "YN": 0.5}}}),
        (Settings, {"cut": {"kinds": ["YN"]}}),
        (RecipeSettings, {"kinds": ["YN"]}),
        (CutRecipe, {"kinds": ["YN"]}),
    ],
)
def test_settings_take_known_kinds_only(model: Any, value: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=f"unknown question kind 'YN'; {KNOWN}"):
        model.model_validate(value)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"code": "XX"}, "has the code 'XX'"),
        ({"grader": "people"}, "a grader is rule or judge"),
        ({"longest_answer": 0}, "allows no answer"),
        ({"title": ""}, "lacks its title"),
        ({"option_counts": range(1, 4)}, "fewer than two"),
        ({"option_counts": range(2, 28)}, "there are 26 letters"),
        ({"option_counts": range(2, 5), "prose": True}, "its answer is a letter"),
    ],
)
def test_a_kind_that_cannot_work_is_refused(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        KINDS.register("OWN", replace(FILL_IN, **({"code": "OWN"} | changes)))
    assert "OWN" not in KINDS


def test_a_code_has_no_mark_of_slots_in_it() -> None:
    with pytest.raises(ConfigError, match="needs a code"):
        KINDS.register("A:B", replace(FILL_IN, code="A:B"))


@pytest.mark.parametrize("count", [2, 8, 10, 12, 26])
def test_every_option_has_a_letter_everywhere(count: int) -> None:
    options = [f"thing {number}" for number in range(count)]
    last = LETTERS[count - 1]
    assert problem_text("Which?", options).splitlines()[-1] == f"{last}. {options[-1]}"
    for answer in (last, f"({last.lower()})", f"The answer is {last}.", f"{last}. {options[-1]}", options[-1]):
        assert option_letter(answer, options) == last, answer
        assert rule_reward(said(answer), last, "MC", options) == 1.0


def test_more_options_than_letters_are_refused() -> None:
    options = [f"thing {number}" for number in range(27)]
    assert option_letters(26) == LETTERS
    for use in (lambda: problem_text("Which?", options), lambda: rule_reward(said("A"), "A", "MC", options)):
        with pytest.raises(ConfigError, match="27 options: there are letters for 26"):
            use()


@pytest.mark.parametrize("pack", PACKS)
def test_prompts_have_letters_for_all_options_of_a_question(pack: str) -> None:
    """Their texts stay as they are, since what models replied stands in journals by them."""
    assert MULTIPLE_CHOICE.option_counts is not None
    lists = {
        letters
        for file in pack_folder(Settings(), pack).glob("*.md")
        for letters in re.findall(r'"([A-Z]+)"\[loop', file.read_text())
    }
    assert len(lists) == 1 and LETTERS.startswith(letters := lists.pop())
    assert len(letters) >= max(MULTIPLE_CHOICE.option_counts)
    if pack == "standard":
        assert len(letters) == Question.model_json_schema()["properties"]["options"]["maxItems"]


def test_a_kind_is_in_its_own_prompts_and_changes_no_other(yes_no: QuestionKind) -> None:
    shares = {"pipeline": {"kinds": {"MC": 0.5, "YN": 0.5}}}
    with_it, without = Settings.model_validate(shares), Settings()
    asked: dict[str, Any] = {
        "description": "d",
        "abilities": ["Reasoning"],
        "asked": [],
        "question": "q",
        "options": [],
    }
    for name in ("question", "answer_image", "answer_text"):
        values = {key: value for key, value in asked.items() if key in PROMPTS[name].variables}
        for kind in ("MC", "FIB", "DES"):
            new, old = (load_prompt(settings, name).render(**values, kind=kind) for settings in (with_it, without))
            assert new == old, "what was asked before is not asked and paid for again"
        for settings in (with_it, without):
            text = "".join(load_prompt(settings, name).render(**values, kind="YN"))
            assert f"- YN{' (yes or no)' if name == 'question' else ''}: " in text and "- DES" in text
        assert load_prompt(with_it, name).sha256 != load_prompt(without, name).sha256
        assert yes_no.words.answer in load_prompt(with_it, name).text or name == "question"
    assert prompt_hashes(with_it, ["judge", "screen"]) == prompt_hashes(without, ["judge", "screen"])


@pytest.mark.parametrize(
    ("answer", "reward"), [("Yes", 1.0), ("yes, it is.", 1.0), ("no", 0.0), ("maybe", 0.0), ("yes and no", 0.0)]
)
def test_rewards_of_a_kind_of_ones_own(yes_no: QuestionKind, answer: str, reward: float) -> None:
    assert rule_reward(said(answer), "yes", yes_no.code) == reward
    judge = Judge(Scripted('{"score": 0.5}'))
    (graded,) = hybrid_reward([said(answer)], ["yes"], [yes_no.code], judge=judge)
    assert (graded.accuracy, graded.method) == (reward, "rule")


def yes_no_script(name: str, variables: dict[str, Any], sample: int) -> Any:
    """Replies of a batch in which a question of the kind is answered alike, differently, and by something that is no answer."""
    if variables.get("kind") != "YN":
        return good_script(name, variables, sample)
    written = {
        "options": [],
        "answer": "Yes.",
        "category": "colour",
        "abilities": ["Reasoning", "Recognition"],
        "question": f"Is the circle in picture {variables.get('description', '')[-20:]} red, part {len(variables.get('asked', []))}?",
    }
    replies = {
        "question": lambda v, n: json.dumps(written),
        "answer_image": lambda v, n: said("Yes, it is."),
        "answer_text": lambda v, n: said("NO" if "part 0" in v["question"] else "yes"),
    }
    return after(good_script, **replies)(name, variables, sample)


def test_a_kind_of_ones_own_becomes_rows_with_rewards_and_statistics(tmp_path: Path) -> None:
    """Named in `plugins` of wethink.toml, and nowhere else: all stages, a version, its card and figures, and rows to train on."""
    with scripted_endpoint(yes_no_script) as endpoint:
        project = make_project(tmp_path / "project", endpoint.url, sources=("coco",))
        config = project.home / "wethink.toml"
        config.write_text(f'plugins = ["{PLUGIN}"]\n{config.read_text()}\n[pipeline.kinds]\nMC = 0.34\nYN = 0.66\n')
        try:
            with opened(project) as it:
                ran = it.grow()
                assert all(run.success for run in ran.values()), ran
                check_rows(it.store, tmp_path)
        finally:
            KINDS.unregister("YN")
            del sys.modules[PLUGIN]


def check_rows(store: Any, folder: Path) -> None:
    """What became of three pictures with two questions each."""
    rows = scan_rows(store, "v0001").collect()
    own = rows.filter(pl.col("kind") == "YN")
    assert own.height >= 2 and set(rows["kind"]) == {"MC", "YN"}
    assert (
        set(own["reward"]) == {"rule"} and set(own["answer"]) == {"yes"} and set(own["problem"]) == set(own["question"])
    )
    assert set(own["verdict"]) == {"none", "first"}, "answers that differ went to the adjudicator"
    columns = rows.select("kind", "answer", "options", "reward").to_dict(as_series=False)
    rewards = hybrid_reward(
        [said("Yes.")] * rows.height,
        columns["answer"],
        columns["kind"],
        options=columns["options"],
        methods=columns["reward"],
    )
    assert [reward.accuracy for reward in rewards] == [float(kind == "YN") for kind in columns["kind"]]
    (summary,) = list_versions(store)
    assert summary.rows == rows.height
    counts = json.loads(store.read("versions/v0001/statistics.json"))
    assert counts["counts"]["kind"]["YN"] == own.height and counts["agreement"]["kind"]["YN"]["asked"] >= own.height
    assert "| YN |" in store.read("versions/v0001/README.md").decode()
    recipe = RecipeSettings(kinds=("YN",))
    train = rows.filter((pl.col("kind") == "YN") & (pl.col("split") == "train")).height
    assert select_rows(store, "v0001", "train", recipe, folder / "rows.arrow").kinds == {"YN": train}
    assert panels()["accuracy by kind"]["accuracy/YN"] == "YN"


def test_prompts_with_the_words_of_the_papers_kinds_are_those_that_stores_know() -> None:
    """Their hashes are part of the code versions of stages: other words make every batch stale."""
    assert prompt_hashes(Settings(), ["question", "answer_text", "answer_image"]) == {
        "question": "c7864dd6ab0040c8c82e39efb5569291a2b24669863c9d8c19e49d7a98fccc14",
        "answer_text": "83dd7f629da3d9348ff7b8b2261d56e7a5922e737ceb4bc41d17de34375be2ef",
        "answer_image": "031aa8dfd7be694ddfe4d59716f26707802f47c4a27fd7eb57c8d81fb9557f28",
    }
