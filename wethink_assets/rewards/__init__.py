"""How an answer is scored: format, rules, judge, and their calibration."""
