"""Comparisons of ways to train a policy, each over several seeds: what varies, what is still to be trained, what it came to."""
