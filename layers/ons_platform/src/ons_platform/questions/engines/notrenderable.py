"""A plan that a language cannot say."""

from __future__ import annotations


class NotRenderable(Exception):
    """The plan has no equivalent in the language; its message says why. Another engine runs it."""
