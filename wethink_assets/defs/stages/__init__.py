"""Stages as Dagster assets: the factory of assets and checks, publication, the IO manager."""
