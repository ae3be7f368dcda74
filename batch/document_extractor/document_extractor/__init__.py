"""Container entry point for objects that do not fit a function."""
