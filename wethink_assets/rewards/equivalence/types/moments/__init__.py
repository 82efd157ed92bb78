"""Moments: dates, times of day, and how long something takes."""
