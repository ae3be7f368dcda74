"""What was found in a file, as data and as a page."""
