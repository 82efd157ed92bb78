"""Wordings around an answer: those that say it, and those that deny it or leave it open."""

SAYING = [
    "The answer is {}.", "Answer: {}", "**{}**", "\\boxed{{{}}}", "So the answer is {}", "Final answer: {}", "The final answer is {}.",
    "**Answer:** {}", "Therefore, the answer is {}.", "My answer is {}.", "<b>{}</b>",
]  # fmt: skip
NOT_SAYING = [
    "not {}", "{} or {}", "either {} or {}", "The answer is not {}.", "It is not {}.", "neither {} nor {}", "The answer is {} or {}.",
    "anything but {}", "{}? No, {}.", "It could be {} or {}.", "{} is wrong",
]  # fmt: skip
