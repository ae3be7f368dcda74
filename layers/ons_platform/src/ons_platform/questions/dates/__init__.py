"""Periods as people say them, in both languages."""
