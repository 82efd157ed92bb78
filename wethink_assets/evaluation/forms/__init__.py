"""Benchmark forms: what a benchmark's row asks, how a reply is graded, and what the headline adds up; one module per form or family."""
