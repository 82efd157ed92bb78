"""Calibration of the rules and the judge against labelled cases."""
