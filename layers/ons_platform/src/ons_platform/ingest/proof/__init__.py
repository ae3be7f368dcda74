"""Proof that the lake is what the raw files say, and what mends it."""
