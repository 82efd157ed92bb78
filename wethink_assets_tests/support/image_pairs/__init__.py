"""Pairs of pictures with their truth, which follows from how each is made: `copy`, `altered` or `other`."""
