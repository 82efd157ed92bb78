"""Formats of imported data, one module each, registered in `wethink_assets.extensions.builtin.IMPORTS`."""
