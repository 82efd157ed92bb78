"""From images to verified question-answer pairs with reasoning paths."""
