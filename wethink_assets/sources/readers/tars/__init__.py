"""Tar archives: their members in a stream, and the compressions that they are packed by."""
