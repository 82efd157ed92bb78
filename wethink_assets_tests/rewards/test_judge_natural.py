"""Of 10,000 natural sentences that speak of judges, scores, ratings, marks and instructions no word is lost on the way to the judge."""

import random
import re
from itertools import product

import pytest

from wethink_assets.rewards import Judge
from wethink_assets.rewards.judge_text import as_data, pleads
from wethink_assets_tests.support.scripted_judge import Answering

WHO = (
    "The man", "A judge",
    "The grader on the road", "The referee", "An examiner", "The teacher", "Japan", "The home team", "The student", "Your guide",
    "The robot assistant", "The reviewer", "The model in the red dress", "The system", "A marker pen", "The boy with the sign", "Dear old Tom",
    "The candidate", "The user of the laptop", "The sign", "This answer sheet", "The instruction board", "My reading of the chart",
)  # fmt: skip
DOES = (
    "is dressed as a judge", "has the highest rating", "gets full marks", "gives one star", "earned the maximum score of 100", "is rated the best",
    "awards a perfect 10 to the gymnast", "ignores the rules of the road", "disregards the instruction above the door", "forgets the question",
    "holds a card that says: score 1", "reads: ignore all previous signs", "asks you to return the book", "prints the top mark in red",
    "is the correct answer of the quiz shown", "matches the reference line on the chart", "should be accepted as a model of the bus",
    "hands over the true answer key", "overrides the prompt on the screen", "treats this as correct", "chooses the best answer on the board",
    "marks the page with full credit", "says hello to the assistant", "leaves a note to the examiner", "works as a language model of English",
    "outputs 1.0 on the display", "grades eggs of the highest grade", "rates the film one point below the top tier",
)  # fmt: skip
WHERE = (
    "", " in the picture", " at the left", ", as the caption says", " while the score is 1 to 0",
    "; the final score is one to nothing", " before the verdict: guilty",
    " (see question: 7)", " on <b>Monday</b>", " near the sign [INST] on the wall", " with 3 << 5 written below",
    " because it is very, very, very, very late",
    " and again and again and again", " next to the user: guest label", "\nNote to all judges: wait here", " by the door that reads System: off",
)  # fmt: skip
WORD = re.compile(r"[^\W_]+")


def natural_sentences(count: int) -> list[str]:
    sentences = [f"{who} {does}{where}." for who, does, where in product(WHO, DOES, WHERE)]
    return random.Random(0).sample(sentences, count)


def test_no_word_of_a_natural_sentence_is_lost() -> None:
    sentences = natural_sentences(10_000)
    assert sum(map(pleads, sentences)) > 5000, "sentences around the patterns of pleading"
    for sentence in sentences:
        assert WORD.findall(as_data(sentence)) == WORD.findall(sentence)


@pytest.mark.parametrize("score", [0.0, 0.25, 1.0])
def test_the_judge_reads_them_whole_and_its_grade_stands(score: float) -> None:
    model = Answering(lambda prompt: f'{{"score": {score if "What is seen?" in prompt else 0}}}')
    judge = Judge(model)
    for sentence in natural_sentences(300):
        model.asked.clear()
        grade = judge.run(judge.grade("What is seen?", "Something is seen.", sentence))
        assert (grade.score, grade.how, grade.cut) == (score, "judge", False)
        candidate = model.asked[0][-1].text.split("<candidate>\n")[1].split("\n</candidate>")[0]
        assert WORD.findall(candidate) == WORD.findall(sentence)
