"""Questions about short texts."""

from wethink_assets.sources.sample.abilities import KNOW, LANG, MATH, OCR, SPACE, R
from wethink_assets.sources.sample.questions import CHARACTER_KINDS, NUMBERS, YES_NO, Family
from wethink_assets.sources.sample.readings import after, contains, counting, ends, last, makeup, of_one, read_text
from wethink_assets.sources.sample.scenes import CHARACTERS, DIGITS, LETTERS
from wethink_assets.sources.sample.subjects import at_place, item_subject, its_place, no_subject, often

TEXT_QUESTIONS: tuple[Family, ...] = (
    Family("character_at", ("text",), (R, OCR), "text reading", "character {ordinal}",
           ("What is the {ordinal} character?", "Which character comes {ordinal}?",
            "Read the {ordinal} character: what is it?"),
           item_subject(its_place("ordinal")), of_one(at_place("ordinal"), lambda scene, item: item.label), CHARACTERS),
    Family("last_character", ("text",), (R, OCR), "text reading", "last",
           ("What is the last character?", "Which character comes last?",
            "Read the last character: what is it?"), no_subject, last, CHARACTERS),
    Family("read", ("text",), (R, OCR), "text reading", "read",
           ("What does the text say?", "What is the whole text?",
            "Read the whole text: what does it say?"), no_subject, read_text),
    Family("count_characters", ("text",), (R, MATH), "counting", "count all",
           ("How many characters does the text have?", "What is the number of characters?",
            "Count the characters: how many do you see?"),
           no_subject, counting(lambda item, args: True), NUMBERS),
    Family("count_digits", ("text",), (R, MATH), "counting", "count digits",
           ("How many digits does the text have?", "What is the number of digits?",
            "Count the digits: how many do you see?"),
           no_subject, counting(lambda item, args: item.label in DIGITS), NUMBERS),
    Family("count_letters", ("text",), (R, MATH), "counting", "count letters",
           ("How many letters does the text have?", "What is the number of letters?",
            "Count the letters: how many do you see?"),
           no_subject, counting(lambda item, args: item.label in LETTERS), NUMBERS),
    Family("contains", ("text",), (R, OCR), "text reading", "contains {label}",
           ("Does the text contain the character {label}?", "Is the character {label} in the text?",
            "Do you see the character {label} in the text?"),
           often(lambda scene: [item.label for item in scene.items], "label", CHARACTERS, 0.45), contains, YES_NO),
    Family("after", ("text",), (R, SPACE), "order", "after {label}",
           ("Which character comes right after {label}?", "What character follows {label}?",
            "Look at {label}: which character is right after it?"),
           lambda scene, rng: {"label": rng.choice(scene.items[:-1]).label}, after, CHARACTERS),
    Family("digit_or_letter", ("text",), (R, KNOW), "character kinds", "sort {ordinal}",
           ("Is the {ordinal} character a letter or a digit?", "Of which sort is the {ordinal} character, letter or digit?",
            "Read the {ordinal} character: is it a letter or a digit?"),
           item_subject(its_place("ordinal")),
           of_one(at_place("ordinal"), lambda scene, item: "digit" if item.label in DIGITS else "letter"), CHARACTER_KINDS),
    Family("ends", ("text",), (R, OCR, LANG), "description", "ends",
           ("Describe how the text begins and ends.", "How does the text begin and end?",
            "With which characters does the text begin and end?"), no_subject, ends,
           sentences=("The text begins with {label} and ends with {label2}.", "It starts with {label} and {label2} is its end.")),
    Family("makeup", ("text",), (R, MATH, LANG), "description", "makeup",
           ("Describe which sorts of characters the text has.", "Which sorts of characters make up the text?",
            "How many letters and how many digits does the text have?"), no_subject, makeup,
           sentences=("The text has {number} letters and {number2} digits.", "It is made of {number} letters and {number2} digits.")),
)  # fmt: skip
