"""Wording around answers: what it adds is taken off, what it says stays."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.reading import Asked, asked_of
from wethink_assets.rewards.equivalence.wording import said_of

COLOUR = "What colour is the car?"


@pytest.mark.parametrize(
    ("text", "question", "said"),
    [
        ("The answer is 9.", None, "9"), ("Answer: 9", None, "9"), ("= 9", None, "9"), ("So the answer is B", None, "B"),
        ("Final answer: 9", None, "9"),
        ("**Answer:** 9", None, "9"), ("The correct answer is: 9", None, "9"), ("The final answer is $\\boxed{9}$.", None, "9"),
        ("\u7b54\u6848\uff1a9", None, "9"), ("\u7b54\u6848\u662f9", None, "9"), ("The total is 12", None, "12"), ("9 is the answer.", None, "9"),
        ("The answer is no.", None, "no"), ("The answer is 3:30 p.m.", None, "3:30 p.m."), ("The answer is 4 and 1.", None, "4 and 1"),
        ('The answer is "red".', None, "red"), ("It is red.", COLOUR, "red"), ("It's a dog", None, "a dog"), ("The car is red.", COLOUR, "red"),
        ("The color of the car is red.", COLOUR, "red"), ("Red is the colour of the car.", COLOUR, "Red"),
        ("The car that is on the left is red.", "What colour is the car on the left?", "red"),
        ("There are 5 dogs in the picture.", "How many dogs are in the picture?", "5 dogs"), ("There are 5 in total.", "How many dogs?", "5"),
        ("The man is holding a dog.", "What is the man holding?", "a dog"), ("The dog has 4 legs.", "How many legs does the dog have?", "4 legs"),
        ("The sign says STOP.", "What does the sign say?", "STOP"), ("Anna is taller than Ben", "Who is taller, Anna or Ben?", "Anna"),
        ("The dog is larger.", "Which is larger, the cat or the dog?", "The dog"), ("The car is red", "Is the car red or blue?", "red"),
        ("Macron is the president of France.", "Who is the president of France?", "Macron"), ("Answer: no refunds", None, "no refunds"),
        ("The area of the triangle is 12 cm^2.", "What is the area of the triangle?", "12 cm^2"), ("So the answer is not yes", None, "not yes"),
    ],
)  # fmt: skip
def test_wording_is_taken_off(text: str, question: str | None, said: str) -> None:
    assert said_of(text, asked_of(question)) == said


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("The car is not red.", COLOUR), ("The car isn't red.", COLOUR), ("It is not red", COLOUR), ("No car is red", COLOUR),
        ("The sky is blue", COLOUR),
        ("The answer is 9 or 10", None), ("The answer is maybe 9", None), ("The answer isn't 9", None), ("I think 9", None), ("x = 5", None),
        ("Star Wars: A New Hope", None), ("12:30", None), ("Title: The Answer", None), ("The result is", None),
        ("The car is red. It is fast.", COLOUR),
        ("The circle is red and the square is blue", "Which is red and which is blue, the circle or the square?"), ("Maybe it is red", COLOUR),
        ("The car is red", "What colour is the car not?"), ("There is no dog", "What is there?"), ("It is red or blue.", COLOUR),
    ],
)  # fmt: skip
def test_what_denies_doubts_or_is_no_wording_stays(text: str, question: str | None) -> None:
    assert said_of(text, asked_of(question)) == text


@pytest.mark.parametrize(
    ("text", "question", "said"),
    [
        ("The book was written by J.K. Rowling.", "Who wrote the book?", "J.K. Rowling"),
        ("The sign says no parking.", "What does the sign say?", "no parking"),
        ("The rabbit eats grass.", "What eats grass in the food web?", "The rabbit"), ("In 2015.", "In which year did sales peak?", "2015"),
        ("The population of hawks decreases.", "What happens to the population of hawks?", "decreases"),
        ("It opens at 9 am.", "When does it open?", "9 am"),
        ("Sales peaked in 2015.", "In which year did sales peak?", "2015"), ("The age group 35-44.", "Which age group is the largest?", "35-44"),
        ("Seat 3C is marked.", "Which seat is marked?", "3C"), ("The lines meet at (0, 3).", "At which point do the lines meet?", "(0, 3)"),
        ("The colours red and blue.", "Which two colours occur?", "red and blue"), ("It shows a dog", "What does the picture show?", "a dog"),
        ("Anna does not like it", "Who likes it?", "Anna does not like it"), ("fire truck", "Which truck is it?", "fire truck"),
        ("2015 and 2016", "In which years did sales peak?", "2015 and 2016"), ("In the kitchen", "Where is he?", "In the kitchen"),
        ("car 5 red", "Which car is it?", "car 5 red"), ("The cat eats mice", "What eats grass?", "The cat eats mice"),
    ],
)  # fmt: skip
def test_a_question_said_again_is_taken_off(text: str, question: str, said: str) -> None:
    assert said_of(text, asked_of(question)) == said


@given(st.text(max_size=80), st.none() | st.text(max_size=60))
def test_something_is_always_left(text: str, question: str | None) -> None:
    said = said_of(text, asked_of(question))
    assert bool(said) == bool(said_of(text, Asked()))


@pytest.mark.parametrize(
    "part", ["is ", "the answer is ", " ", "The car is that is ", "Answer: ", "it's ", ". ", "in the ", "\n"]
)
def test_time_grows_with_the_length_of_a_text(part: str) -> None:
    asked = asked_of("How many cars are that is the answer in the picture?")
    began = time.process_time()
    said_of((part * 2000)[:1999], asked)
    said_of((part * 2000)[:399], asked)
    assert time.process_time() - began < 0.5
