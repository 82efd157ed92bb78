"""Tiny checkpoints with random weights of the image-text architectures of transformers, each with a processor like the real one's."""
