"""Training examples of the embedded model, task by task."""
