"""Equivalence of answers: whether two answers to one question say the same."""
