"""The front page of a period."""
