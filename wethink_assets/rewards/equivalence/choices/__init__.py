"""Choices that answers to multiple choice questions make: the letters and texts by which they name an option."""
