"""Refreshes what is known of a dataset after a load."""
