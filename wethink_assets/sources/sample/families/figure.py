"""Questions about labelled figures."""

from wethink_assets.sources.sample.questions import DIRECTIONS, KNOW, LANG, NUMBERS, OCR, REC, SPACE, YES_NO, Family, R
from wethink_assets.sources.sample.readings import arranged, is_side, of_one, of_two, where_from
from wethink_assets.sources.sample.scenes import CORNERS, LABELS, PLACES, SHAPES
from wethink_assets.sources.sample.subjects import (
    at_place,
    has,
    item_subject,
    its_place,
    pair_subject,
    unique_subject,
    with_side,
)

PAIR = pair_subject(lambda one, two: {"label": one.label, "label2": two.label})

FIGURE_QUESTIONS: tuple[Family, ...] = (
    Family("label_at", ("figure",), (R, OCR), "label reading", "label {place}",
           ("What letter is at the {place}?", "Which label does the shape at the {place} have?",
            "Look at the {place}: which letter is there?"),
           item_subject(its_place("place")), of_one(at_place("place"), lambda scene, item: item.label), LABELS),
    Family("label_of", ("figure",), (R, OCR), "label reading", "label {shape}",
           ("What letter is on the {shape}?", "Which label does the {shape} have?",
            "There is a {shape}: which letter is on it?"),
           unique_subject("shape"), of_one(has("shape"), lambda scene, item: item.label), LABELS),
    Family("labelled", ("figure",), (R, REC), "shape", "shape {label}",
           ("What shape is labelled {label}?", "Which shape has the label {label}?",
            "Look at the label {label}: which shape has it?"),
           item_subject(lambda scene, item: {"label": item.label}), of_one(has("label"), lambda scene, item: item.shape), SHAPES),
    Family("where_label", ("figure",), (R, SPACE), "position", "where {label}",
           ("Where is the shape labelled {label}?", "At which place is the label {label}?",
            "In which place do you see the label {label}?"),
           item_subject(lambda scene, item: {"label": item.label}), of_one(has("label"), lambda scene, item: PLACES[item.cell]), PLACES),
    Family("label_relation", ("figure",), (R, SPACE), "relation", "{side} {label} {label2}",
           ("Is the label {label} {side} the label {label2}?", "Does the label {label} lie {side} the label {label2}?",
            "Do you see the label {label} {side} the label {label2}?"),
           with_side(PAIR), of_two(has("label"), lambda item, args: item.label == args["label2"], is_side), YES_NO),
    Family("label_direction", ("figure",), (R, SPACE), "relation", "side {label} {label2}",
           ("Where is the label {label} relative to the label {label2}?", "In which direction is the label {label} from the label {label2}?",
            "Seen from the label {label2}, where is the label {label}?"),
           PAIR, of_two(has("label"), lambda item, args: item.label == args["label2"], where_from), DIRECTIONS),
    Family("corners_labelled", ("figure",), (R, KNOW), "geometry", "corners {label}",
           ("How many corners does the shape labelled {label} have?", "What is the number of corners of the shape labelled {label}?",
            "Count the corners of the shape labelled {label}: how many?"),
           item_subject(lambda scene, item: {"label": item.label}),
           of_one(has("label"), lambda scene, item: str(CORNERS.get(item.shape, 12))), NUMBERS),
    Family("label_arranged", ("figure",), (R, SPACE, LANG), "arrangement", "arranged {label} {label2}",
           ("Describe how the labels {label} and {label2} are arranged.", "How are the labels {label} and {label2} arranged?",
            "What is the arrangement of the labels {label} and {label2}?"),
           PAIR, of_two(has("label"), lambda item, args: item.label == args["label2"], arranged),
           sentences=("The label {label} is {allside} the label {label2}.", "You find the label {label} {allside} the label {label2}.")),
    Family("described_label", ("figure",), (R, OCR, LANG), "description", "describe {label}",
           ("Describe the shape labelled {label}.", "What can you say about the shape labelled {label}?",
            "Which shape is labelled {label}, and where is it?"),
           item_subject(lambda scene, item: {"label": item.label}),
           of_one(has("label"), lambda scene, item: {"shape": item.shape, "place": PLACES[item.cell]}),
           sentences=("The shape labelled {label} is a {shape} at the {place}.", "At the {place} you see a {shape} labelled {label}.")),
)  # fmt: skip
