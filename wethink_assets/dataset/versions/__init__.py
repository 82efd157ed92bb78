"""Dataset versions: build, files, statistics, card, verification, export."""
