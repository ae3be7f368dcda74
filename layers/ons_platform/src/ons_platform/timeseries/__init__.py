"""The time-series store."""
