"""Files that a stage's table is edited in, by their ending: JSON lines, CSV and Excel workbooks."""
