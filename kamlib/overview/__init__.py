"""The front page of a period: its key figures over time, and what changed."""
