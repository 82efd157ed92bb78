"""What is each comparison called, and what does it ask? Imports nothing: the command line lists them."""

QUESTIONS = {
    "reward-weights": "How much does it matter what accuracy and format weigh in the reward?",
    "reward-methods": "Does the hybrid reward teach more than rules alone, or a judge alone?",
    "kinds": "Do all question kinds teach more than multiple choice alone?",
    "sft": "Does supervised training, alone or before RL, teach more than direct RL?",
    "data-size": "How much do more rows teach, at the same number of steps?",
}
PROFILE_NAMES = ("quick", "full")
