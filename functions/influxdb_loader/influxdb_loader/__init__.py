"""Loads processed partitions into the time-series store."""
