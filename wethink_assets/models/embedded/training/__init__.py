"""Training of the embedded model's checkpoints from nothing."""
