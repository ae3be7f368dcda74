"""Uploads, status, catalogue, replay, health and metrics over HTTP."""
