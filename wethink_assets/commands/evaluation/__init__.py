"""Commands about scores: scoring, leaderboard, comparison of models."""
