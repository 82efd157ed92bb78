"""Training a policy on a dataset version: GRPO and SFT, run through Pipes in a process of their own."""
