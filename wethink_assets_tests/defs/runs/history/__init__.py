"""Tests of a history moved to PostgreSQL."""
