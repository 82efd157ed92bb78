"""Edits of stage tables by hand: export to a file, comparison of what comes back, publication, and who changed what."""
