"""The inventory of a store: what is sealed of it, whether it is still so, and what mends it."""
