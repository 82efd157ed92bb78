"""Training data: rows of a version, their prompts and order."""
