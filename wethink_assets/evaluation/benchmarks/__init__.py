"""Benchmarks: catalog, files, rows, prompts and signatures."""
