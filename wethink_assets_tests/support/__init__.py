"""Helpers of the tests: stores, projects, servers, scripted models and drawn data."""
