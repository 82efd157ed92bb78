"""Readers of image files where they lie: one module a format, all streaming."""
