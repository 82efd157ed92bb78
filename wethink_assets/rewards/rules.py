"""Accuracy of an answer by rule, for the question kinds that are graded so."""

from collections.abc import Iterable

from wethink_assets.errors import ArgumentError
from wethink_assets.kinds import QuestionKind
from wethink_assets.rewards.arguments import (
    NOTHING_ALLOWED,
    allowed_of,
    described,
    flag_of,
    kind_of,
    lettered_options,
    optional_text,
    text_of,
)
from wethink_assets.rewards.equivalence.options import option_letter
from wethink_assets.rewards.equivalence.reading import Allowed
from wethink_assets.rewards.equivalence.verdicts import accepted
from wethink_assets.rewards.responses import part_of


def rule_reward(
    response: str | None,
    answer: object,
    kind: str,
    options: Iterable[object] | None = None,
    *,
    question: str | None = None,
    allowed: Allowed | None = None,
    prefilled: bool = False,
) -> float:
    r"""Accuracy of a response by rule: 1.0 where its answer is right beside the true one, else 0.0.

    Only the answer part is read (see `answer_part`). The comparison is lenient: right is what says the same as the true answer, and what its
    type and the question allow beyond that, such as a rounding or a unit that the question names (`docs/rewards.md`); it never takes another
    value. Whatever a model wrote, it raises nothing, executes nothing, and takes bounded time.

    Args:
        response (`str`): what the model wrote, with `<answer>...</answer>` in it; None, of a completion that is missing, earns nothing.
        answer (`str`): the true answer; of a question with options a letter or the text of one. A number is taken as its text, True and False
            as yes and no, scalars of NumPy, pandas, torch and pyarrow as what they hold.
        kind (`str`): code of the question kind: `MC` (multiple choice), `FIB` (fill in the blank), `DES` (descriptive), or one that a
            plugin registered. A descriptive answer is right by rule only where it is worded like the true one; grade it with `judge_reward`.
        options (`Iterable[str]`, *optional*): options of the question in the order in which they were shown: a list, tuple, array or series.
            Without them only a letter, or the wording of `answer`, can be right.
        question (`str`, *optional*): what was asked. With it a list may come in any order unless the question asks for one, and a number may
            leave out or repeat what the question names ("How many circles ...": `3 circles`; "in cm": `12`).
        allowed (`Allowed`, *optional*): what this question allows beside its answer: further answers, a relative tolerance of numbers, an edit
            distance of texts.
        prefilled (`bool`, *optional*): the chat template has opened `<think>` already; see `answer_part`.

    Returns:
        `float`: 1.0 or 0.0.

    Raises:
        `ArgumentError`: a `TypeError` that names the argument and shows what it got, where that is no such value; also where there are more
            options than letters. `UnknownArgument`: an `ArgumentError`, too; the kind is unknown, and the message names the known ones.

    Example:
        >>> rule_reward("<think>...</think><answer>(b)</answer>", "blue", 'MC', ["red", "blue"])
        1.0
        >>> rule_reward("<think>...</think><answer>2.5 m</answer>", "250 cm", 'FIB')
        1.0
        >>> rule_reward("<think>...</think><answer>2.5 kg</answer>", "250 cm", 'FIB')
        0.0
        >>> rule_reward("<think>...</think><answer>couch</answer>", "sofa", 'FIB', allowed=Allowed(answers=("couch",)))
        1.0
    """
    entry = kind_of(kind)
    shown = () if options is None else lettered_options(options)
    true = answer if type(answer) is str else true_answer(entry, answer, shown)
    asked = None if question is None else optional_text("question", question)
    latitude = NOTHING_ALLOWED if allowed is None else allowed_of(allowed)
    candidate = part_of(response, prefilled is not False and flag_of("prefilled", prefilled))
    return 1.0 if candidate is not None and accepted(entry, true, candidate, shown, asked, latitude) else 0.0


def true_answer(kind: QuestionKind, answer: object, options: tuple[str, ...], name: str = "answer") -> str:
    """The true answer as a text; one that is no text itself must be an option where there are any. Raises `ArgumentError`."""
    if type(answer) is str:
        return answer
    text = text_of(name, answer)
    if isinstance(answer, str) or not kind.has_options or not options or option_letter(text, options):
        return text
    truth = "true" if text == "yes" else "false"
    if text in ("yes", "no") and option_letter(truth, options):
        return truth
    raise ArgumentError(f"{name}: the letter or the text of one of the options is wanted; got {described(answer)}")
