"""A case as a family yields it: the true answer, a candidate, and whether the candidate is right."""

Case = tuple[str, str, bool]
