"""Extensions: registries of what a key chooses among, the entries that ship, and plugins that bring more of them."""
