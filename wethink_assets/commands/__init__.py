"""The commands of `wethink`, one module each."""
