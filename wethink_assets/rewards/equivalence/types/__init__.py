"""Answer types: one module a family, each with the readings of its types and what a lenient comparison takes beyond equal keys."""
