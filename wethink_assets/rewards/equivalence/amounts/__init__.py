"""Amounts in short texts: number literals, units, currencies, and what a question asks of them."""
