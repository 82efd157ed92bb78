"""Sensors and schedules: what starts by itself, and when."""
