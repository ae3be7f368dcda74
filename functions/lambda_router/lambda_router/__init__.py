"""Routes a raw object to the processor that can take it."""
