"""Files of every format ONS publishes, as batches of columns; which dataset a file is."""
