"""Turns a structured raw object into lake partitions."""
