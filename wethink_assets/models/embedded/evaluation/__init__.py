"""Evaluation of the embedded model's checkpoints, and their model card."""
