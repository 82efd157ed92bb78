"""Reward functions as files of an export, each in the form that one trainer loads: they are copied, and import nothing that stands beside them."""
