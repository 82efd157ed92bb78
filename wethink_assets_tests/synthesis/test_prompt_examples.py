"""Examples in prompts: the pack `standard` has a dozen or more a kind, each call shows others, and what is wrong with a file is named."""

from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ConfigError
from wethink_assets.kinds import KINDS, PAPER_KINDS
from wethink_assets.synthesis.calls.reply_schemas import Question
from wethink_assets.synthesis.prompt_examples import FILE, Example, read_examples, rotation_of
from wethink_assets.synthesis.prompt_packs import Prompt, load_prompt
from wethink_assets.synthesis.stages.question_filters import fault_of
from wethink_assets_tests.support.scripted_model import write_pack

DATA = (files("wethink_assets.synthesis") / "prompts" / "standard" / FILE).read_bytes()
EXAMPLES = read_examples(FILE, DATA)
ASKED = {"description": "A red disc.", "kind": "MC", "abilities": ["Reasoning", "OCR"], "asked": []}


def prompt_of(pack: str, name: str) -> Prompt:
    return load_prompt(Settings.model_validate({"pipeline": {"prompt_pack": pack}}), name)


def test_there_are_a_dozen_or_more_of_each_kind_about_different_images() -> None:
    counts = Counter(example.kind for example in EXAMPLES)
    assert set(counts) == {kind.code for kind in PAPER_KINDS} and min(counts.values()) >= 12
    assert len({example.image for example in EXAMPLES}) == len(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.kind}: {example.image}")
def test_an_example_is_a_question_that_passes_the_rules(example: Example) -> None:
    question = Question(
        question=example.question,
        options=example.options,
        answer=example.answer,
        category=example.category,
        abilities=example.abilities,
    )
    assert fault_of(question, example.kind) is None
    assert len(example.answer) <= (KINDS[example.kind].longest_proposal or KINDS[example.kind].longest_answer)
    assert len(example.thought.split()) <= 180


def test_the_right_option_of_the_examples_stands_anywhere() -> None:
    letters = Counter(example.options.index(example.answer) for example in EXAMPLES if example.options)
    assert len(letters) == 4 and max(letters.values()) <= 4


def test_items_are_shown_different_examples_and_each_always_the_same() -> None:
    prompt = prompt_of("standard", "question")
    shown = Counter[str]()
    for item in range(400):
        rotation = rotation_of("question", f"i{item}:MC:0", 0)
        assert rotation == rotation_of("question", f"i{item}:MC:0", 0)
        _, user = prompt.render(rotation, **ASKED)
        lines = [line for line in user.split("\n") if line.startswith("Good (")]
        assert [line[6:9].strip(";") for line in lines] == ["MC", "FIB", "DES"]
        shown.update(lines)
    assert set(shown) == {example.written for example in EXAMPLES}
    assert max(shown.values()) <= 60  # of 400 calls; a thirteenth is 31


def test_a_second_sample_is_shown_other_examples() -> None:
    prompt = prompt_of("standard", "question")
    first, second = (prompt.render(rotation_of("question", "i1:MC:0", sample), **ASKED)[1] for sample in (0, 1))
    assert first != second


@pytest.mark.parametrize("kind", ["MC", "FIB", "DES"])
@pytest.mark.parametrize("name", ["answer_image", "rewrite"])
def test_answer_prompts_show_examples_of_the_kind_that_is_asked_for(name: str, kind: str) -> None:
    prompt = prompt_of("standard", name)
    asked = {
        "question": "Which?",
        "kind": kind,
        "options": ["a", "b"] if kind == "MC" else [],
        "answer": "B",
        "raw": "",
    }
    asked = {name: value for name, value in asked.items() if name in prompt.variables}
    shown = {prompt.render(rotation, **asked)[1] for rotation in range(40)}
    answered = {example.answered for example in EXAMPLES if example.kind == kind}
    assert len(shown) == len(answered) and all(any(text in user for user in shown) for text in answered)
    letters = [text.rsplit("<answer>", 1)[1] for text in answered]
    assert kind != "MC" or set(letters) == {f"{letter}</answer>" for letter in "ABCD"}


def test_the_hash_follows_from_all_examples(tmp_path: Path) -> None:
    folder = Path(write_pack(tmp_path / "mine"))
    (folder / "question.md").write_text("{{ description }}\n<!-- examples: question -->\n{{ kind }}")
    (folder / FILE).write_bytes(DATA)
    before = prompt_of(str(folder), "question").sha256
    (folder / FILE).write_bytes(DATA.replace(b"teapot", b"kettle"))
    assert prompt_of(str(folder), "question").sha256 != before


def test_a_pack_without_examples_may_show_none(tmp_path: Path) -> None:
    folder = Path(write_pack(tmp_path / "mine"))
    assert not prompt_of(str(folder), "question").examples
    (folder / "question.md").write_text("{{ description }} <!-- examples: question -->")
    with pytest.raises(
        ConfigError, match=r"question\.md shows examples of its pack, which has none: write examples\.jsonl"
    ):
        prompt_of(str(folder), "question")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (DATA.split(b"\n")[0] + b"\n{", r"examples\.jsonl:2: "),
        (b'{"kind": "MC"}', r"examples\.jsonl:1: an example is an object with the fields abilities, answer"),
        (DATA.split(b"\n")[0].replace(b'"answer": "2.10', b'"answer": "9.10'), "'9.10 euros' is none of the options"),
    ],
)
def test_a_line_that_is_no_example_is_named(data: bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_examples(FILE, data)


def test_all_questions_of_an_image_at_once_are_shown_examples_by_image() -> None:
    prompt = prompt_of("standard", "questions")
    asked = {"description": "A red disc.", "asked": [], "entries": [{"kind": "MC", "abilities": ["Reasoning", "OCR"]}]}
    shown = {
        line
        for image in range(300)
        for line in prompt.render(rotation_of("questions", f"i{image}", 0), **asked)[1].split("\n")
        if line.startswith("Good (")
    }
    assert shown == {example.written for example in EXAMPLES}
