"""Budgets of model calls: allowance, ledger, usage and progress."""
