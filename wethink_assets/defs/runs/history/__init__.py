"""The history of a project, which Dagster keeps in SQLite, moved to PostgreSQL with its ids in order and all that refers to them."""
