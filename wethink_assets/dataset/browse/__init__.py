"""Browsing of a version, or of the batches in force, as pages: served on this machine, or written as a folder."""
