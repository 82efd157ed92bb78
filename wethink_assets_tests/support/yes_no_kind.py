"""A question kind of one's own, as a plugin adds it: yes or no, graded by rule."""

from wethink_assets.kinds import KINDS, PromptWords, QuestionKind


def yes_or_no(answer: str) -> str:
    """`yes` or `no` where an answer begins with the word and says nothing but a comment after a comma; else nothing."""
    word = answer.strip().casefold().partition(",")[0].rstrip(".! ")
    return word if word in ("yes", "no") else ""


YES_NO = KINDS.register(
    "YN",
    QuestionKind(
        code="YN",
        title="yes or no",
        grader="rule",
        longest_answer=80,
        normalised=yes_or_no,
        words=PromptWords(
            question='the answer is "yes" or "no", and neither is likelier at a glance. "options" is empty.',
            answer='"yes" or "no", and nothing else.',
            example="no",
        ),
    ),
)
