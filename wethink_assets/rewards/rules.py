"""Accuracy of an answer by rule, for the question kinds that are graded so."""

from collections.abc import Sequence

from wethink_assets.kinds import KINDS, option_letters
from wethink_assets.rewards.equivalence.answers import same_answer
from wethink_assets.rewards.responses import answer_part


def rule_reward(
    response: str, answer: str, kind: str, options: Sequence[str] | None = None, *, question: str | None = None
) -> float:
    r"""Accuracy of a response by rule: 1.0 where its answer says the same as the true one, else 0.0.

    Only the answer part is read (see `answer_part`). Whatever the response is, it never raises, never executes what it reads, and takes at
    most a second, which only a mathematical expression can cost: such are compared in a process of their own (see
    `wethink_assets.rewards.equivalence.algebra`).

    Args:
        response (`str`): what the model wrote, with `<answer>...</answer>` in it.
        answer (`str`): the true answer; of a question with options a letter or the text of one.
        kind (`str`): code of the question kind: `MC` (multiple choice), `FIB` (fill in the blank), `DES` (descriptive), or one that a
            plugin registered. A descriptive answer is right by rule only where it is worded like the true one; grade it with `judge_reward`.
        options (`Sequence[str]`, *optional*): options of the question in the order in which they were shown. Without them only
            a letter, or the wording of `answer`, can be right.
        question (`str`, *optional*): what was asked. With it a list may come in any order unless the question asks for one, and a number may
            leave out or repeat what the question names ("How many circles ...": `3 circles`; "in cm": `12`).

    Returns:
        `float`: 1.0 or 0.0.

    Raises:
        `UnknownName`: the kind is unknown; the message names the known ones. `ConfigError`: there are more options than letters.

    Example:
        >>> rule_reward("<think>...</think><answer>(b)</answer>", "blue", 'MC', ["red", "blue"])
        1.0
        >>> rule_reward("<think>...</think><answer>2.5 m</answer>", "250 cm", 'FIB')
        1.0
        >>> rule_reward("<think>...</think><answer>2.5 kg</answer>", "250 cm", 'FIB')
        0.0
    """
    code = KINDS[kind].code
    option_letters(len(options or ()))
    candidate = answer_part(response)
    if candidate is None or not isinstance(answer, str):
        return 0.0
    return 1.0 if same_answer(code, answer, candidate, options or (), question=question)[0] else 0.0
