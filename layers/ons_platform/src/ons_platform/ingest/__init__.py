"""Raw object to canonical record batches."""
