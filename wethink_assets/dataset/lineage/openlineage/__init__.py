"""OpenLineage events of runs: how they are built, kept in the store and sent."""
