"""Quality rules: what is doubted, in a cell, a row, a day, a file."""
