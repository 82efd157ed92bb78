"""Policies: base models, published files, plots and model cards."""
