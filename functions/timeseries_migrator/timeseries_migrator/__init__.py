"""Moves the old time-series store into the new one."""
