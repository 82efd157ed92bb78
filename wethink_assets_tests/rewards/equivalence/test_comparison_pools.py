"""Comparison of the pools' answers: different values are never the same, whoever is asked; forms of one value are."""

import random
from collections.abc import Iterable, Iterator
from itertools import islice

import pytest

from wethink_assets.rewards.equivalence.comparison import NOTHING, lenient, read, right, strict
from wethink_assets.rewards.equivalence.reading import Allowed, asked_of
from wethink_assets_tests.support.answer_pools import MAKERS, pool
from wethink_assets_tests.support.answer_pools.pairs import Said, alike_pairs, asked, random_pairs, unasked
from wethink_assets_tests.support.answer_pools.wordings import NOT_SAYING

TYPES = list(MAKERS)
LARGE = [name for name in TYPES if name != "yes_no"]
WHOLE = 1_000_000
SAMPLED = 1_500
REJECTED = 0.02
"""Share of equal forms that may be taken for different ones."""
APART = [("money", "percentage"), ("money", "number"), ("money", "quantity"), ("range", "number"), ("range", "date"),
         ("score", "number"), ("code", "number"), ("date", "number"), ("time", "number"), ("dimensions", "number"),
         ("duration", "number"), ("quantity", "number"), ("point", "number"), ("interval", "number"), ("ratio", "number"), ("text", "number"),
         ("text", "yes_no"), ("equation", "expression"), ("matrix", "expression"), ("list", "text"), ("code", "text"), ("date", "text")]  # fmt: skip
"""Types of which no value says one of the other without a question."""


def settings(name: str) -> Iterator[tuple[str | None, list[Said]]]:
    """Each question of a type with the forms that say a value beside it, and none with those that need none."""
    groups = pool(name)
    yield from ((None, forms) for forms in unasked(groups))
    yield from ((group.question, asked(group)) for group in groups if len(group.values) > 1)


def accepted(pairs: Iterable[tuple[str, str]], question: str | None) -> list[tuple[str, str, str | None]]:
    """Pairs that strict or lenient calls the same."""
    return [
        (gold, candidate, question)
        for gold, candidate in pairs
        if strict(gold, candidate, question) or lenient(gold, candidate, question)
    ]


def wrongly_right(
    forms: list[Said], pairs: Iterable[tuple[str, str]], question: str | None
) -> list[tuple[str, str, str | None]]:
    """Pairs of which `lenient` calls the second right beside the first: each form is read once, and the readings are compared as it does."""
    asked = asked_of(question)
    readings = {form: read(form, asked) for form, _ in forms}
    whole = {
        form for form in readings if form.replace(",", "").isdecimal()
    }  # which lenient may compare as they are written
    wrong = []
    for gold, candidate in pairs:
        true, answer = readings[gold], readings[candidate]
        assert true is not None and answer is not None
        if right(true, answer, asked, NOTHING) or (
            gold in whole and candidate in whole and lenient(gold, candidate, question)
        ):
            wrong.append((gold, candidate, question))
    return wrong


def one_key(forms: list[Said], question: str | None) -> list[tuple[str, str, str | None]]:
    """Forms of different values that have one key: all pairs of a set are tried at once."""
    first: dict[tuple[str, str], Said] = {}
    clashes = []
    for form, value in forms:
        comparable = read(form, asked_of(question))
        assert comparable is not None, form
        key = (comparable.reading.type, comparable.reading.key)
        other, of = first.setdefault(key, (form, value))
        if of != value:
            clashes.append((other, form, question))
    return clashes


@pytest.mark.parametrize("name", LARGE)
def test_pools_have_as_many_different_values_as_they_should(name: str) -> None:
    assert sum(len(group.values) for group in pool(name)) >= 1500


@pytest.mark.parametrize("name", TYPES)
def test_different_values_are_never_the_same_in_a_sample(name: str) -> None:
    rng = random.Random(f"sampled {name}")
    chosen = list(settings(name))
    for question, forms in chosen:
        few = rng.sample(forms, min(len(forms), max(40, 900 // len(chosen))))
        pairs = list(alike_pairs(few, rng))
        pairs = rng.sample(pairs, min(len(pairs), SAMPLED // len(chosen))) + list(random_pairs(few, rng, 50))
        assert accepted(pairs, question) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", TYPES)
def test_different_values_never_have_one_key(name: str) -> None:
    assert [clash for question, forms in settings(name) for clash in one_key(forms, question)] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_of_a_million_pairs_of_different_values_none_is_accepted(name: str) -> None:
    rng = random.Random(f"whole {name}")
    chosen = list(settings(name))
    for question, forms in chosen:
        tried = WHOLE // 2 if question is None else WHOLE // 2 // (len(pool(name)) or 1)
        near = list(islice(alike_pairs(forms, rng), tried))
        pairs = [*near, *random_pairs(forms, rng, max(0, tried - len(near)))]
        assert wrongly_right(forms, pairs, question) == []


@pytest.mark.slow
@pytest.mark.parametrize(("one", "other"), APART)
def test_values_of_different_types_are_never_the_same(one: str, other: str) -> None:
    rng = random.Random(f"{one} {other}")
    ones, others = ([form for forms in unasked(pool(name)) for form, _ in forms] for name in (one, other))
    pairs = [(rng.choice(ones), rng.choice(others)) for _ in range(20_000)]
    bare = {_bare(form): form for form in others}
    pairs += [(form, bare[_bare(form)]) for form in ones if _bare(form) in bare]
    pairs += [(candidate, gold) for gold, candidate in pairs[-2000:]]
    pairs = [
        pair for pair in pairs if pair[0].casefold().strip(".") != pair[1].casefold().strip(".")
    ]  # one text of two pools
    assert accepted(pairs, None) == []


def _bare(form: str) -> str:
    """Figures alone, of which forms of several types have the same; else the text."""
    return "".join(sign for sign in form if sign.isdecimal() or sign == ".") or form.casefold()


@pytest.mark.parametrize("name", TYPES)
def test_forms_of_one_value_are_the_same(name: str) -> None:
    rng = random.Random(f"forms {name}")
    tried, wrong = 0, []
    for group in pool(name):
        for value in rng.sample(group.values, min(len(group.values), 25)):
            first = value.all[0]
            cases: list[tuple[str, str | None]] = [(form, None) for form in value.forms[1:]]
            cases += [(form, group.question) for form in value.all[1:]]
            for form, question in cases:
                tried += 1
                if not strict(first, form, question) or not lenient(form, first, question):
                    wrong.append((first, form, question))
    assert len(wrong) <= REJECTED * tried, (len(wrong), tried, wrong[:20])


@pytest.mark.parametrize("name", TYPES)
def test_what_denies_a_value_or_leaves_it_open_does_not_say_it(name: str) -> None:
    rng = random.Random(f"denied {name}")
    groups = [group for group in pool(name) if len(group.values) > 1]
    wrong = []
    # Sets are joined by "or", and a pair in round brackets may be one; "X? No, Y." says Y.
    joined = name in ("interval", "point")
    for wording in NOT_SAYING:
        for _ in range(0 if joined and " or " in wording else 6):
            group = rng.choice(groups)
            value, other = (rng.choice(value.forms or value.all) for value in rng.sample(group.values, 2))
            said = wording.format(value, other)
            for question in (None, group.question):
                pairs = [(value, said), (said, value)] + ([(other, said)] if "No, {}" not in wording else [])
                wrong += accepted(pairs, question)
    assert wrong == []


def test_raised_figures_are_not_figures_beside_others() -> None:
    raised = str.maketrans("0123456789", "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")
    for base in range(2, 40):
        for power in range(2, 10):
            small = str(power).translate(raised)
            pairs = [
                (f"{base}{small}", f"{base}{power}"),
                (f"{base}{small}x", f"{base}{power}x"),
                (f"x{small}", f"x{power}"),
            ]
            if base**power != base * power:
                pairs.append((f"{base}{small}", str(base * power)))
            pairs += [(f"{base} cm{small}", f"{base} cm"), (f"{base}{small} cm", f"{base}{power} cm")]
            assert accepted(pairs, None) == [], pairs


def test_prefixes_of_units_are_told_apart_by_their_case() -> None:
    units = [
        ("mW", "MW"),
        ("mV", "MV"),
        ("mHz", "MHz"),
        ("mA", "MA"),
        ("mm", "Mm"),
        ("mJ", "MJ"),
        ("Mb", "MB"),
        ("Gb", "GB"),
    ]
    for low, high in units:
        for figure in ("5", "1.5", "200"):
            for one, other in ((low, high), (high, low)):
                assert (
                    accepted([(f"{figure} {one}", f"{figure} {other}"), (f"{figure}{one}", f"{figure}{other}")], None)
                    == []
                )


@pytest.mark.parametrize("question", [None, "What is the value of the blue bar?", "By how much did it change?"])
def test_a_tolerance_takes_nothing_around_zero(question: str | None) -> None:
    allowed = Allowed(tolerance=0.05)
    small = ["0.001", "1e-9", "-0.001", "\\frac{1}{2^{80}}", "0.01%", "10^{-12}", "0.04"]
    for text in small:
        assert lenient("0", text, question, allowed) is None, text
        assert lenient(text, "0", question, allowed) is None, text
        assert lenient(text, f"-{text}".replace("--", ""), question, allowed) is None, text
