"""Benchmarks: catalog, files, tables and signatures."""
