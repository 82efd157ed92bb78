"""The journal of model calls: finished calls, kept once and found again."""
