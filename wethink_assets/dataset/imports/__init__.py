"""Imports: question-answer pairs of others, in the formats that they are published in, as batches of an imported source."""
