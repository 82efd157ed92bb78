"""Automation: sensors and schedules, and the conditions they go by."""
