"""Answers in words, in both languages."""
