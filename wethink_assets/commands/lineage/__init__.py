"""Commands about where rows come from, and about takedowns."""
