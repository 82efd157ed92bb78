"""Tests of the check of the services."""
