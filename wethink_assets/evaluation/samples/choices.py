"""Rows of the stand-ins that are answered by an option: choice, circular, MMMU, WeMath, LogicVista, yes/no pairs."""

from collections.abc import Iterator

from wethink_assets.evaluation.forms.choice import ROTATION_OFFSET
from wethink_assets.evaluation.forms.form import Fields
from wethink_assets.evaluation.samples.questions import Asked, about, ask, is_hard, rearranged, stream
from wethink_assets.kinds import FILL_IN, LETTERS, MULTIPLE_CHOICE, lettered
from wethink_assets.sources.sample.families import FAMILIES
from wethink_assets.sources.sample.questions import YES_NO, Query
from wethink_assets.sources.sample.scenes import draw_scene

SKILLS = {"Math": "numerical", "Spatial Awareness": "spatial", "Knowledge": "deductive", "OCR": "inductive"}
FAMILY = {family.name: family for family in FAMILIES}


def _columns(options: tuple[str, ...]) -> Fields:
    """Options as columns A, B, ..."""
    return dict(lettered(options))


def base(asked: Asked, question: str = "") -> Fields:
    """Columns that all stand-ins have: `asked` and `kind` are the question without its benchmark's instructions."""
    return {"image": asked.image, "question": question or asked.text, "asked": asked.text, "kind": asked.kind,
            "category": asked.query.family.category, "l2-category": asked.scene.kind}  # fmt: skip


def choice(key: str, count: int) -> Iterator[Fields]:
    """Single choice: MMStar about all kinds of pictures, AI2D about figures, RealWorldQA about hard pictures only."""
    figures = "AI2D" in key
    for number in range(count):
        asked = ask(key, number, MULTIPLE_CHOICE.code, kinds=("figure",) if figures else ("shapes", "chart", "figure", "text"),
                    hard=True if "RealWorld" in key else None)  # fmt: skip
        yield {"index": str(number), **base(asked), **_columns(asked.options), "answer": asked.letter}


def circular(key: str, count: int) -> Iterator[Fields]:
    """Each question with its options rotated, as often as there are options; right only if all rotations are."""
    rows, number = 0, 0
    while rows < count:
        asked = ask(key, number, MULTIPLE_CHOICE.code, options=3)
        for turn in range(len(asked.options)):
            options = asked.options[turn:] + asked.options[:turn]
            letter = LETTERS[options.index(asked.value)]
            index = number + turn * ROTATION_OFFSET
            yield {
                "index": str(index),
                "g_index": str(number),
                **base(asked),
                **_columns(options),
                "answer": letter,
                "split": "dev",
            }
            rows += 1
        number += 1


def mmmu(key: str, count: int) -> Iterator[Fields]:
    """Validation and a few dev rows; a quarter of the questions is open."""
    for number in range(count):
        split = "dev" if number % 7 == 6 else "validation"
        is_open = number % 4 == 1
        asked = ask(key, number, FILL_IN.code if is_open else MULTIPLE_CHOICE.code)
        answer = asked.value if is_open else asked.letter
        yield {"index": f"{split}_{number}", **base(asked), **_columns(asked.options), "answer": answer, "split": split}


def logicvista(key: str, count: int) -> Iterator[Fields]:
    """Options inside the question; the skill after its abilities."""
    for number in range(count):
        asked = ask(key, number, MULTIPLE_CHOICE.code)
        listed = " ".join(f"{letter}. {text}" for letter, text in _columns(asked.options).items())
        skills = sorted({SKILLS.get(ability, "mechanical") for ability in asked.query.family.abilities[1:]})
        question = f"{asked.text} Select from: {listed}"
        yield {
            "index": str(number),
            **base(asked, question),
            **_columns(asked.options),
            "answer": asked.letter,
            "skill": ", ".join(skills),
        }


def wemath(key: str, count: int) -> Iterator[Fields]:
    """Problems about bar charts: reading two bars (and comparing them) are the steps, their difference the problem."""
    rows, number = 0, 0
    while rows < count:
        steps = 3 if number % 3 == 2 else 2
        rng = stream(key, number)
        scene = draw_scene(rng, "chart", hard=is_hard(key, number))
        one, other = rng.sample(list(scene.items), 2)
        pair = {"color": one.color, "color2": other.color}
        asked = [
            ("1", Query(FAMILY["value_of"], {"color": one.color}, 0), "reading a value"),
            ("2", Query(FAMILY["value_of"], {"color": other.color}, 0), "reading a value"),
            *([("3", Query(FAMILY["higher"], pair, 0), "comparing values")] if steps == 3 else []),
            ("multi", Query(FAMILY["difference"], pair, 0), "difference of values"),
        ]
        for part, query, concept in asked:
            found = about(scene, query, MULTIPLE_CHOICE.code, rng, f"{key}/{number}")
            row = {**base(found), **_columns(found.options), "answer": found.letter}
            yield {
                "index": str(rows),
                "ID": f"{number}",
                "key": f"{steps}steps_{part}",
                **row,
                "knowledge concept": concept,
            }
            rows += 1
        number += 1


def yes_no(key: str, count: int) -> Iterator[Fields]:
    """Sets of two figures and two questions: the second figure shows the same things in other places, so answers may turn."""
    for number in range(-(-count // 4)):
        rng = stream(key, number)
        first = ask(key, number, FILL_IN.code, lambda family: family.pool is YES_NO)
        other = rearranged(first.scene, rng)
        again = _second_question(first)
        for figure, scene in enumerate((first.scene, other), 1):
            for question, query in enumerate((first.query, again)):
                asked = Asked(scene, query, FILL_IN.code, (), f"{key}/{number}/{figure}")
                answer = {"yes": "Yes", "no": "No"}[asked.value]
                name = f"VD_{scene.kind}_1_{number}_{figure}_{question}"
                yield {"index": name, **base(asked), "category": "VD", "l2-category": scene.kind, "set_id": str(number),
                       "figure_id": str(figure), "question_id": str(question), "answer": answer}  # fmt: skip


def _second_question(first: Asked) -> Query:
    """Another question about the same things: with the two subjects exchanged, or about another character."""
    args = dict(first.query.args)
    swapped = {
        name: args.get(f"{name}2", value) if not name.endswith("2") else args[name[:-1]] for name, value in args.items()
    }
    if swapped == args:
        labels = [item.label for item in first.scene.items if item.label != args.get("label")]
        swapped = {**args, "label": labels[0]} if labels else args
    return Query(first.query.family, swapped, 1 - first.query.wording)
