"""Studies: ways to train a policy compared, each over several seeds: what varies, what is still to be trained, what it came to."""
