"""Shared code of the ONS Data Platform; rooms are laid out the way data flows."""

__version__ = "0.1.0"
