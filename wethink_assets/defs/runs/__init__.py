"""Dagster runs: jobs, the driver of `wethink run`, liveness, synchronisation of the instance with the store."""
