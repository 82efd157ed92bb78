"""Questions about bar charts."""

from wethink_assets.sources.sample.abilities import LANG, MATH, REC, SPACE, R
from wethink_assets.sources.sample.questions import NUMBERS, YES_NO, Family
from wethink_assets.sources.sample.readings import compared, counting, difference, extreme, higher, of_one, of_two
from wethink_assets.sources.sample.scenes import COLORS, COLUMNS
from wethink_assets.sources.sample.subjects import (
    at_place,
    has,
    item_subject,
    its_place,
    no_subject,
    pair_subject,
    unique_subject,
)

CHART_QUESTIONS: tuple[Family, ...] = (
    Family("count_bars", ("chart",), (R, MATH), "counting", "count bars",
           ("How many bars are there?", "What is the number of bars?"), no_subject, counting(lambda item, args: True), NUMBERS),
    Family("value_of", ("chart",), (R, REC), "chart reading", "value {color}",
           ("What is the value of the {color} bar?", "How high is the {color} bar?"),
           unique_subject("color"), of_one(has("color"), lambda scene, item: str(item.value)), NUMBERS),
    Family("value_at", ("chart",), (R, REC), "chart reading", "value {column}",
           ("What is the value of the {column} bar?", "How high is the {column} bar?"),
           item_subject(its_place("column")), of_one(at_place("column"), lambda scene, item: str(item.value)), NUMBERS),
    Family("bar_color", ("chart",), (R, REC), "color", "color {column}",
           ("What color is the {column} bar?", "Which color does the {column} bar have?"),
           item_subject(its_place("column")), of_one(at_place("column"), lambda scene, item: item.color), COLORS),
    Family("where_bar", ("chart",), (R, SPACE), "position", "where {color}",
           ("Where is the {color} bar?", "At which place is the {color} bar?"),
           unique_subject("color"), of_one(has("color"), lambda scene, item: COLUMNS[item.cell]), COLUMNS),
    Family("highest", ("chart",), (R, MATH), "comparison", "highest",
           ("Which bar is the highest?", "What color is the highest bar?"), no_subject, extreme(True), COLORS),
    Family("lowest", ("chart",), (R, MATH), "comparison", "lowest",
           ("Which bar is the lowest?", "What color is the lowest bar?"), no_subject, extreme(False), COLORS),
    Family("higher", ("chart",), (R, MATH), "comparison", "higher {color} {color2}",
           ("Is the {color} bar higher than the {color2} bar?", "Does the {color} bar have a higher value than the {color2} bar?"),
           pair_subject(lambda one, two: {"color": one.color, "color2": two.color}),
           of_two(has("color"), lambda item, args: item.color == args["color2"], higher), YES_NO),
    Family("difference", ("chart",), (R, MATH), "arithmetic", "difference {color} {color2}",
           ("What is the difference between the {color} bar and the {color2} bar?",
            "By how much do the {color} bar and the {color2} bar differ?"),
           pair_subject(lambda one, two: {"color": one.color, "color2": two.color}),
           of_two(has("color"), lambda item, args: item.color == args["color2"], difference), NUMBERS),
    Family("compared", ("chart",), (R, MATH, LANG), "comparison", "compare {color} {color2}",
           ("Compare the {color} bar and the {color2} bar.", "How do the {color} bar and the {color2} bar compare?"),
           pair_subject(lambda one, two: {"color": one.color, "color2": two.color}, lambda one, two: one.value != two.value),
           of_two(has("color"), lambda item, args: item.color == args["color2"], compared),
           sentences=("The {color} bar is {comparison} the {color2} bar by {number}.",
                      "By {number} the {color} bar is {comparison} the {color2} bar.")),
    Family("described_bar", ("chart",), (R, REC, LANG), "description", "describe {column}",
           ("Describe the {column} bar.", "What can you say about the {column} bar?"),
           item_subject(its_place("column")), of_one(at_place("column"), lambda scene, item: {"color": item.color, "number": str(item.value)}),
           sentences=("The {column} bar is {color} and its value is {number}.", "At the {column} you see a bar in {color} with value {number}.")),
)  # fmt: skip
