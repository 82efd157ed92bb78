"""Cuts: what a dataset version is made of, decided once and kept."""
