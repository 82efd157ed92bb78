"""Check of the services before the first batch: probes, what is refused, the line of `wethink.toml` that mends it, the record of it."""
