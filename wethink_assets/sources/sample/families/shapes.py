"""Questions about coloured shapes on a grid; those without colours are asked about figures, too."""

from collections.abc import Mapping

from wethink_assets.sources.sample.questions import (
    DIRECTIONS,
    KNOW,
    LANG,
    MATH,
    NUMBERS,
    REC,
    SINGULAR,
    SPACE,
    YES_NO,
    Family,
    R,
)
from wethink_assets.sources.sample.readings import arranged, counting, is_side, of_one, of_two, where_from
from wethink_assets.sources.sample.scenes import COLORS, CORNERS, PLACES, PLURALS, SHAPES, Item
from wethink_assets.sources.sample.subjects import (
    at_place,
    colored_shape,
    has,
    item_subject,
    its_place,
    no_subject,
    often,
    pair_subject,
    unique_subject,
    with_side,
)

PAIR = pair_subject(lambda one, two: {"color": one.color, "shape": one.shape, "color2": two.color, "shape2": two.shape})


def second_shape(item: Item, args: Mapping[str, str]) -> bool:
    """Whether an item is the second of the two shapes asked about."""
    return colored_shape(item, args, "2")


SHAPE_QUESTIONS: tuple[Family, ...] = (
    Family("count_all", ("shapes", "figure"), (R, MATH), "counting", "count all",
           ("How many shapes are there?", "What is the number of shapes?",
            "Count the shapes: how many do you see?"), no_subject, counting(lambda item, args: True), NUMBERS),
    Family("count_shape", ("shapes", "figure"), (R, MATH), "counting", "count {plural}",
           ("How many {plural} are there?", "What is the number of {plural}?",
            "How many {plural} do you see?"),
           often(lambda scene: [PLURALS[item.shape] for item in scene.items], "plural", tuple(PLURALS.values())),
           counting(lambda item, args: item.shape == SINGULAR[args["plural"]]), NUMBERS),
    Family("count_color", ("shapes",), (R, MATH), "counting", "count {color}",
           ("How many {color} shapes are there?", "What is the number of {color} shapes?",
            "How many shapes are {color}?"),
           often(lambda scene: [item.color for item in scene.items], "color", COLORS), counting(has("color")), NUMBERS),
    Family("color_at", ("shapes",), (R, REC), "color", "color {place}",
           ("What color is the shape at the {place}?", "Which color does the shape at the {place} have?",
            "At the {place} is a shape: what color is it?"),
           item_subject(its_place("place")), of_one(at_place("place"), lambda scene, item: item.color), COLORS),
    Family("shape_at", ("shapes", "figure"), (R, REC), "shape", "shape {place}",
           ("What shape is at the {place}?", "Which shape do you see at the {place}?",
            "Look at the {place}: what shape is there?"),
           item_subject(its_place("place")), of_one(at_place("place"), lambda scene, item: item.shape), SHAPES),
    Family("color_of", ("shapes",), (R, REC), "color", "color {shape}",
           ("What color is the {shape}?", "Which color does the {shape} have?",
            "There is a {shape}: what color is it?"),
           unique_subject("shape"), of_one(has("shape"), lambda scene, item: item.color), COLORS),
    Family("shape_of", ("shapes",), (R, REC), "shape", "shape {color}",
           ("What shape is the {color} one?", "Which shape is {color}?",
            "There is a {color} shape: what shape is it?"),
           unique_subject("color"), of_one(has("color"), lambda scene, item: item.shape), SHAPES),
    Family("where", ("shapes",), (R, SPACE), "position", "where {color} {shape}",
           ("Where is the {color} {shape}?", "At which place is the {color} {shape}?",
            "In which place do you see the {color} {shape}?"),
           item_subject(lambda scene, item: {"color": item.color, "shape": item.shape}),
           of_one(colored_shape, lambda scene, item: PLACES[item.cell]), PLACES),
    Family("relation", ("shapes",), (R, SPACE), "relation", "{side} {color} {shape} {color2} {shape2}",
           ("Is the {color} {shape} {side} the {color2} {shape2}?", "Does the {color} {shape} lie {side} the {color2} {shape2}?",
            "Do you see the {color} {shape} {side} the {color2} {shape2}?"),
           with_side(PAIR), of_two(colored_shape, second_shape, is_side), YES_NO),
    Family("direction", ("shapes",), (R, SPACE), "relation", "side {color} {shape} {color2} {shape2}",
           ("Where is the {color} {shape} relative to the {color2} {shape2}?",
            "In which direction is the {color} {shape} from the {color2} {shape2}?",
            "Seen from the {color2} {shape2}, where is the {color} {shape}?"),
           PAIR, of_two(colored_shape, second_shape, where_from), DIRECTIONS),
    Family("corners_at", ("shapes",), (R, KNOW), "geometry", "corners {place}",
           ("How many corners does the shape at the {place} have?", "What is the number of corners of the shape at the {place}?",
            "Count the corners of the shape at the {place}: how many?"),
           item_subject(its_place("place"), lambda item: item.shape in CORNERS),
           of_one(at_place("place"), lambda scene, item: str(CORNERS.get(item.shape, 12))), NUMBERS),
    Family("arranged", ("shapes",), (R, SPACE, LANG), "arrangement", "arranged {color} {shape} {color2} {shape2}",
           ("Describe how the {color} {shape} and the {color2} {shape2} are arranged.",
            "How are the {color} {shape} and the {color2} {shape2} arranged?",
            "What is the arrangement of the {color} {shape} and the {color2} {shape2}?"),
           PAIR, of_two(colored_shape, second_shape, arranged),
           sentences=("The {color} {shape} is {allside} the {color2} {shape2}.",
                      "You find the {color} {shape} {allside} the {color2} {shape2}.")),
    Family("described_at", ("shapes",), (R, REC, LANG), "description", "describe {place}",
           ("Describe the shape at the {place}.", "What can you say about the shape at the {place}?",
            "Which shape is at the {place}, and how does it look?"),
           item_subject(its_place("place")), of_one(at_place("place"), lambda scene, item: {"color": item.color, "shape": item.shape}),
           sentences=("The shape at the {place} is a {shape} and it is {color}.", "At the {place} you see a {shape} in {color}.")),
)  # fmt: skip
