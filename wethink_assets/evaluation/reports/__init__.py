"""Reports over scores: leaderboard, comparisons, regressions, plots."""
