"""Documents and their answers."""
