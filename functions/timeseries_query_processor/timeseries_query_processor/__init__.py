"""Answers questions and raw queries over HTTP."""
