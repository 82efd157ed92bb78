"""How stages become Dagster assets: publication and the IO manager."""
