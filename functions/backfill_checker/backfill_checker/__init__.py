"""Decides for one object of a backfill whether it still has to be ingested."""
