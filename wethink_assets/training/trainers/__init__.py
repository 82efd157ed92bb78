"""Trainers: GRPO and SFT with TRL, their rewards, guards, checkpoints and records."""
