"""Exports read by their consumers' own loaders, each in its environment of `make setup-consumers`."""
