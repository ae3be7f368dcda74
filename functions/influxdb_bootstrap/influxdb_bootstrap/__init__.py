"""Sets up a new instance of the time-series store."""
