"""What a family yields: the true answer, what was said, and whether it is right."""

Case = tuple[str, str, bool]
