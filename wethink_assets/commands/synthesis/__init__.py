"""Commands that grow the dataset: registration, runs, plans, budgets, model servers."""
