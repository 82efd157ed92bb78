"""The families of cases of the labelled suite, by subject."""
