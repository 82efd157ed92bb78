"""Rows of the stand-ins that are answered in words or numbers: MathVista, MathVision, MathVerse, DynaMath, OCRBench, MM-Vet."""

from collections.abc import Iterator

from wethink_assets.evaluation.forms.form import Fields
from wethink_assets.evaluation.samples.choices import base
from wethink_assets.evaluation.samples.questions import Asked, about, ask, is_hard, stream
from wethink_assets.kinds import DESCRIPTIVE, FILL_IN, MULTIPLE_CHOICE, lettered
from wethink_assets.sources.sample.questions import NUMBERS, Family
from wethink_assets.sources.sample.scenes import draw_scene

CAPABILITIES = {
    "Recognition": "rec",
    "OCR": "ocr",
    "Knowledge": "know",
    "Language Generation": "gen",
    "Spatial Awareness": "spat",
    "Math": "math",
}
OCR_CATEGORIES = (
    "Regular Text Recognition", "Irregular Text Recognition", "Artistic Text Recognition", "Handwriting Recognition",
    "Digit String Recognition", "Non-Semantic Text Recognition", "Scene Text-centric VQA", "Doc-oriented VQA",
    "Key Information Extraction", "Handwritten Mathematical Expression Recognition",
)  # fmt: skip
VARIANTS = 3
LEVELS = ("elementary school", "high school", "undergraduate")


def _numeric(family: Family) -> bool:
    return family.pool is NUMBERS


def _listed(options: tuple[str, ...]) -> str:
    return "\n".join(f"({letter}) {text}" for letter, text in lettered(options))


def mathvista(key: str, count: int) -> Iterator[Fields]:
    """Half multiple choice, half whole numbers, with the hint that the real one has."""
    for number in range(count):
        choice = number % 2 == 0
        asked = (
            ask(key, number // 2, MULTIPLE_CHOICE.code)
            if choice
            else ask(key, number // 2 + count, FILL_IN.code, _numeric)
        )
        hint = (
            "Please answer the question and provide the correct option letter, e.g., A, B, C, D, at the end."
            if choice
            else "Please answer the question requiring an integer answer and provide the final value, e.g., 1, 2, 3, at the end."
        )
        question = f"Hint: {hint}\nQuestion: {asked.text}" + (f"\nChoices:\n{_listed(asked.options)}" if choice else "")
        yield {
            "index": str(number), **base(asked, question), "answer": asked.value, "answer_option": asked.letter if choice else "",
            "question_type": "multi_choice" if choice else "free_form", "answer_type": "text" if choice else "integer",
            "choices": str(list(asked.options)) if choice else "[]", "task": asked.query.family.category,
            "skills": str([ability.lower() for ability in asked.query.family.abilities[1:]]),
        }  # fmt: skip


def mathvision(key: str, count: int) -> Iterator[Fields]:
    """Half with choices, half with a short answer."""
    for number in range(count):
        choice = number % 2 == 1
        asked = ask(key, number, MULTIPLE_CHOICE.code if choice else FILL_IN.code)
        question = asked.text + (f"\nChoices:\n{_listed(asked.options)}" if choice else "")
        answer = asked.letter if choice else asked.value
        yield {
            "index": str(number),
            **base(asked, question),
            "answer": answer,
            "choices": str(list(asked.options)) if choice else "[]",
        }


def mathverse(key: str, count: int) -> Iterator[Fields]:
    """Short answers; subject and subfield as metadata."""
    for number in range(count):
        asked = ask(key, number, FILL_IN.code)
        told = {
            "split": "testmini",
            "source": "drawn",
            "subject": asked.scene.kind,
            "subfield": asked.query.family.category,
        }
        yield {"index": str(number), **base(asked), "answer": asked.value, "question_for_eval": asked.text,
               "problem_version": "Vision Only", "metadata": str(told)}  # fmt: skip


def dynamath(key: str, count: int) -> Iterator[Fields]:
    """Questions in three variants each: the same question about another picture."""
    questions = -(-count // VARIANTS)
    for variant in range(VARIANTS):
        for number in range(questions):
            asked = _variant(key, number, variant)
            kind = "multiple choice" if asked.options else "float" if asked.numeric else "free-form"
            question = asked.text + (f" choice: {_listed(asked.options)}" if asked.options else "")
            yield {
                "index": str(number + variant * questions), "qid": str(number), "varid": str(variant + 1), **base(asked, question),
                **dict(lettered(asked.options)), "answer": asked.letter if asked.options else asked.value,
                "answer_type": kind, "subject": asked.query.family.category, "knowledge_level": LEVELS[number % len(LEVELS)],
            }  # fmt: skip


def _variant(key: str, number: int, variant: int) -> Asked:
    first = ask(key, number, MULTIPLE_CHOICE.code if number % 3 == 0 else FILL_IN.code)
    rng = stream(key, number, f"variant {variant}")
    for _ in range(1000 if variant else 0):
        scene = draw_scene(rng, first.scene.kind, hard=is_hard(key, number))
        value = first.query.answer(scene)
        if value is not None and (not first.query.family.pool or value in first.query.family.pool):
            return about(scene, first.query, first.kind, rng, f"{key}/{number}/{variant}")
    return first


def ocr(key: str, count: int) -> Iterator[Fields]:
    """Texts to read and labels to find, over OCRBench's ten categories; the answers are a list."""
    for number in range(count):
        category = OCR_CATEGORIES[number % len(OCR_CATEGORIES)]
        reading = number % len(OCR_CATEGORIES) < 6
        asked = ask(key, number, FILL_IN.code, _reads if reading else _spells, ("text",) if reading else ("text", "figure"),
                    hard=category.startswith(("Irregular", "Handwr")))  # fmt: skip
        yield {"index": str(number), **base(asked), "category": category, "answer": str([asked.value])}


def _reads(family: Family) -> bool:
    return family.name == "read"


def _spells(family: Family) -> bool:
    return family.name in ("read", "label_at", "label_of", "character_at", "after")


def mmvet(key: str, count: int) -> Iterator[Fields]:
    """Two of three answered in a sentence, one in a word; all graded by the judge, and counted by capability."""
    for number in range(count):
        asked = ask(key, number, FILL_IN.code if number % 3 == 2 else DESCRIPTIVE.code)
        capabilities = [CAPABILITIES[ability] for ability in asked.query.family.abilities if ability in CAPABILITIES]
        yield {"index": f"v1_{number}", **base(asked), "answer": asked.value, "category": ",".join(capabilities)}
