"""Providers of chat models: what answers for a role, one module each, registered in `wethink_assets/extensions/builtin.py`."""
