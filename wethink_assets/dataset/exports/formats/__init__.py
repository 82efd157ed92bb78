"""Export formats that ship, one module each."""
