"""The stages of the synthesis: descriptions, questions, answers, reasoning paths, and their filters."""
